import { join } from "node:path";
import { Command } from "commander";
import { conclude, mochaCounts } from "../counts";
import * as sandbox from "../../sandbox/sandbox";

interface Options {
    readonly faults?: boolean;
    readonly grep?: string;
}

/** In the sandbox's network, since the engine calls back into the tests' process. */
async function run(chosen: readonly string[], { faults, grep }: Options): Promise<void> {
    const root = join(__dirname, "../..");
    const files =
        chosen.length > 0 ? chosen : ["test/cluster/*.test.ts", ...(faults ? ["test/cluster/*.faults.ts"] : [])];
    if (chosen.length === 0) await sandbox.down();
    const runs = (name: string): boolean => files.some((file) => new RegExp(`(\\*|${name})\\.faults\\.ts$`).test(file));
    await sandbox.up({
        networkPolicy: true,
        previousTekton: runs("(upgrade|naive)"),
        sourceServers: runs("(sources|pullSecret)"),
    });
    const mocha = [
        join(root, "node_modules/mocha/bin/mocha.js"),
        // In this order: the second is in TypeScript.
        ...["--require", "./scripts/typescript.cjs", "--require", "./test/cluster/hooks.ts"],
        ...["--sort", "--bail"],
        // Tests of which none is chosen would pass, too.
        ...(grep === undefined ? [] : ["--grep", grep, "--fail-zero"]),
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

new Command("npm run test:cluster --")
    .description(
        "The cluster tests, on a sandbox that starts empty. With files only those, on the sandbox as it is: each needs " +
            "what the ones before it, by name, have brought about. `npm run test:faults --` is the same with --faults.",
    )
    .argument("[files...]", "such as test/cluster/83-outages.faults.ts")
    .option("--faults", "also those that take longest (*.faults.ts): for the record, and before a release")
    .option("--grep <expression>", "only the tests whose name, with its group's before it, matches")
    .showHelpAfterError()
    .action(run)
    .parseAsync()
    .catch((error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        process.exitCode = 1;
    });
