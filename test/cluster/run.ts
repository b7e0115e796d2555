import { join } from "node:path";
import { conclude, mochaCounts } from "../counts";
import * as sandbox from "../../sandbox/sandbox";

/**
 * The cluster tests: on a sandbox that starts empty, in its network, since the engine calls back into their process.
 *
 *     npm run test:cluster [-- FILE…]
 *     npm run test:faults
 *
 * The second runs those that take longest, too: for the record, and before a release.
 *
 * With files, only those, on the sandbox as it is: each needs what the ones before it, by name, have brought about.
 */
async function run(): Promise<void> {
    const root = join(__dirname, "../..");
    const faults = process.argv.includes("--faults") ? ["test/cluster/*.faults.ts"] : [];
    const chosen = process.argv.slice(2).filter((argument) => argument !== "--faults");
    const files = chosen.length > 0 ? chosen : ["test/cluster/*.test.ts", ...faults];
    if (chosen.length === 0) await sandbox.down();
    const runs = (name: string): boolean => files.some((file) => new RegExp(`(\\*|${name})\\.faults\\.ts$`).test(file));
    await sandbox.up({
        networkPolicy: true,
        previousTekton: runs("upgrade"),
        sourceServers: runs("(sources|pullSecret)"),
    });
    const mocha = [
        join(root, "node_modules/mocha/bin/mocha.js"),
        // In this order: the second is in TypeScript.
        ...["--require", "./scripts/typescript.cjs", "--require", "./test/cluster/hooks.ts"],
        ...["--sort", "--bail"],
        ...files,
    ];
    const { exitCode, stdout } = await sandbox.exec(process.execPath, mocha, {
        cwd: root,
        stdin: "ignore",
        stdout: ["inherit", "pipe"],
        stderr: "inherit",
        reject: false,
    });
    conclude(mochaCounts(stdout, exitCode === 0));
}

run().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
});
