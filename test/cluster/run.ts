import { join } from "node:path";
import { conclude, mochaCounts } from "../counts";
import * as sandbox from "../../sandbox/sandbox";

/**
 * The cluster tests: on a sandbox that starts empty, in its network, since the engine calls back into their process.
 *
 *     npm run test:cluster [-- MOCHA-OPTION…]
 */
async function run(): Promise<void> {
    await sandbox.down();
    await sandbox.up();
    const root = join(__dirname, "../..");
    const mocha = [join(root, "node_modules/mocha/bin/mocha.js"), "test/cluster/*.test.ts", ...process.argv.slice(2)];
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
