import { constants } from "node:os";
import { Argument, Command } from "commander";
import { duration, inGibibytes } from "./format";
import * as sandbox from "./sandbox";

const program = new Command("npm run sandbox --")
    .description("A real one-node Kubernetes on this machine, in a network namespace of its own.")
    .enablePositionalOptions()
    .showHelpAfterError();

program
    .command("up")
    .description("start it; nothing to do if it runs")
    .option("--network-policy", "enforce NetworkPolicies; the engine for that is built once, which takes minutes")
    .option("--previous-tekton", "also the images of the Tekton releases before today's; built once, for minutes, too")
    .action(async (options: sandbox.SandboxOptions) => {
        const started = Date.now();
        await sandbox.up(options);
        const { memory } = await sandbox.status();
        console.log(`Ready after ${duration(Date.now() - started)}, with ${inGibibytes(memory)} of memory.`);
        console.log("Look around with: npm run sandbox -- exec -- kubectl get pods -A");
    });

program
    .command("down")
    .description("remove it, whatever state it is in")
    .option("--cache", "also the built programs, images and downloads, which took long to make")
    .action((options: { cache?: boolean }) => sandbox.down(options));

program
    .command("restart")
    .summary("kill one of its programs, or the whole node, and start it again")
    .description(
        "Kill one of its programs and start it again, as a fault of the node would; the pods go on.\n\n" +
            "`node` kills all of them at once, and every pod; wipes what a reboot wipes (mounts and tmpfs, /run, cgroups, " +
            "the pods' network, iptables); and starts the node from what is on its disk. It is no reboot: the kernel " +
            "goes on, so nothing is lost that a program has written, and the node's boot id stays. The Git server, " +
            "which stands for another machine, and commands of `exec` go on, too.",
    )
    .addArgument(new Argument("<program>").choices(sandbox.restartableNames))
    .action((name: (typeof sandbox.restartableNames)[number]) => sandbox.restart(name));

program
    .command("status")
    .description("say how it is; exit code 0 if it runs, 3 if it doesn't")
    .option("--json", "as JSON")
    .action(async ({ json }: { json?: boolean }) => {
        const status = await sandbox.status();
        console.log(json ? JSON.stringify(status, undefined, 4) : describe(status));
        if (!status.running) process.exitCode = 3;
    });

program
    .command("exec")
    .description("run a command inside: with kubectl, tkn, pulumi and curl, in the cluster's network")
    .argument("<command...>", "the command and its arguments, best after --")
    .passThroughOptions()
    .allowUnknownOption()
    .action(async ([command = "", ...args]: string[]) => {
        // npm runs scripts in the project's folder; the command belongs where its caller is.
        const cwd = process.env.INIT_CWD ?? process.cwd();
        const child = sandbox.exec(command, args, { stdio: "inherit", reject: false, cwd });
        // A terminal's Ctrl-C reaches the command by itself, and it alone decides what to do about it.
        process.on("SIGINT", () => undefined);
        for (const name of ["SIGTERM", "SIGHUP"] as const) process.on(name, () => child.kill(name));
        const { exitCode, signal } = await child;
        process.exitCode = exitCode ?? 128 + (signal ? constants.signals[signal] : 0);
    });

function describe(status: sandbox.Status): string {
    if (!status.running) return `The sandbox is not running: ${status.problem}.`;
    const lines = [
        `The sandbox is running since ${status.since}.`,
        `Kubernetes ${status.kubernetes}, node ${status.nodeReady ? "Ready" : "not Ready"}, ${inGibibytes(status.memory)} of memory`,
        `NetworkPolicies are ${status.networkPolicy ? "enforced, by kube-router" : "not enforced: `up --network-policy` does"}`,
        `Release manifests: ${status.releases?.how}${status.releases?.mirror ? `, ${status.releases.mirror}` : ""}`,
        ...status.processes.map(({ name, pid }) => `  ${name.padEnd(24)} process ${pid}`),
    ];
    if (status.outdated) lines.push("Its programs' locks have changed since: `down` and `up` bring the new versions.");
    return lines.join("\n");
}

program.parseAsync().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
});
