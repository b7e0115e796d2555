import { constants } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import * as sandbox from "../sandbox/sandbox";

const program = new Command("npm run demo --")
    .description(
        "The whole demonstration, for real: a one-node Kubernetes on this machine, `pulumi up` of the stack staging, a commit, and the PipelineRun that it starts.",
    )
    .option("--down", "take the demonstration and its cluster down")
    .allowExcessArguments(false)
    .action(async ({ down }: { down?: boolean }) => {
        if (down) return sandbox.down();
        console.log("The demonstration: a commit starts a Tekton PipelineRun.\n");
        await sandbox.up();
        // The engine calls back into the program's process, so that has to be in the sandbox's network too.
        const story = ["-r", join(__dirname, "../scripts/typescript.cjs"), join(__dirname, "story.ts")];
        // Ctrl-C reaches the story by itself; it ends in good order, and this process after it.
        process.on("SIGINT", () => {});
        const { exitCode, signal } = await sandbox.exec(process.execPath, story, { stdio: "inherit", reject: false });
        process.exitCode = exitCode ?? 128 + (signal ? constants.signals[signal] : 0);
    });

program.parseAsync().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
});
