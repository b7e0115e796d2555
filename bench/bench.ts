import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation";
import { Command, InvalidArgumentError, Option } from "commander";
import { execa } from "execa";
import { callReceiver, prepareRepository, push, runOf, succeeded } from "../demo/chain";
import { kubectl, list } from "../demo/cluster";
import { openStack } from "../stacks/automation";
import { installInFluxOrder, prepareFluxOrder, removeFluxOrder } from "./byFlux";
import { type Manifests, writeManifests } from "./manifests";
import { quantile, Samples } from "./samples";
import { programStart } from "./start";

const works = ["start", "cycle", "commits", "growth", "groups"] as const;
type Work = (typeof works)[number];

const command = new Command("npm run bench --")
    .description("Measures the program beside what one would do without it, on the sandbox, side by side in one run.")
    .option("--pairs <n>", "how often each pair is measured", count, 5)
    .option("--pushes <n>", "commits to push for the times from push to PipelineRun, each way", count, 100)
    .addOption(new Option("--only <works...>", "what to measure").choices(works).default([...works]))
    .option("--no-flux-order", "leave out the installation in Flux's own order, which takes longest")
    .option("--record", "write the table into docs/benchmarks.md", false)
    .parse();
const options = command.opts<{ pairs: number; pushes: number; only: Work[]; fluxOrder: boolean; record: boolean }>();

function count(text: string): number {
    if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("It has to be a whole number, 1 or more.");
    return Number(text);
}

const samples = new Samples();
const stateFolder = process.env.SANDBOX_STATE!;
const stackFolder = join(stateFolder, "stacks");
const manifestFolder = join(stateFolder, "bench");
const operation = { parallel: 32 } as const;
const byHand = join(__dirname, "byHand.sh");
let manifests: Manifests | undefined;

const measurements: Record<Work, () => Promise<void>> = { start, cycle, commits, growth, groups };

/** The program's start, in a process of its own each time. */
async function start(): Promise<void> {
    for (let pair = 0; pair < options.pairs; pair++) {
        for (const [by, register] of [
            ["ours", "./scripts/typescript.cjs"],
            ["type-checking ts-node", "ts-node/register/type-check"],
        ] as const) {
            samples.add("program start, to the first resource", by, await programStart(register));
        }
    }
}

/** From an empty cluster to an empty cluster: by us, by a script, in Flux's own order. */
async function cycle(): Promise<void> {
    await prepareRepository();
    const [install, nothing, route, remove] = [
        "cluster empty → chain ready",
        "nothing to do",
        "one route changed",
        "remove all",
    ] as const;
    for (let pair = 0; pair < options.pairs; pair++) {
        const stack = await openStack("staging", stackFolder);
        await samples.time(install, "ours: up", () => stack.up(operation));
        manifests ??= await writeManifests(stack, manifestFolder);
        await samples.time(nothing, "ours: up", () => stack.up(operation));
        await samples.time(nothing, "ours: preview", () => stack.preview(operation));
        await withoutLog(() => samples.time(nothing, "ours: up, without the CLI's log", () => stack.up(operation)));
        const apply = ["apply", "--server-side", "--force-conflicts", "-f", manifests.all];
        // Once before: the first one makes kubectl a manager of every field.
        await kubectl(...apply);
        await samples.time(nothing, "kubectl apply --server-side", () => kubectl(...apply));
        await setRoutes(stack, [{ name: "flux-notification", filter: `'${pair}' != ''` }]);
        await samples.time(route, "ours: up", () => stack.up(operation));
        await samples.time(remove, "ours: destroy", () => stack.destroy(operation));
        await settled();

        await samples.time(install, "shell script", () => execa(byHand, ["install", manifestFolder]));
        await samples.time(remove, "kubectl delete", () => execa(byHand, ["remove", manifestFolder]));
        await settled();

        if (!options.fluxOrder) continue;
        await prepareFluxOrder(manifestFolder);
        await samples.time(install, "Flux's own order", () => installInFluxOrder(manifestFolder));
        await removeFluxOrder();
        await execa(byHand, ["remove", manifestFolder]);
        await settled();
    }
}

/** From a push to its run, by the Receiver and by polling. */
async function commits(): Promise<void> {
    await prepareRepository();
    const stack = await openStack("staging", stackFolder);
    const { outputs } = await stack.up(operation);
    const pushed = async (): Promise<{ commit: string; at: number }> => ({
        commit: await push(`Benchmark at ${Date.now()}`),
        at: Date.now(),
    });
    const [created, ended] = ["push → PipelineRun created", "push → PipelineRun succeeded"] as const;
    const [byReceiver, byPolling] = ["with the Receiver", "polling at 1 min"] as const;

    await callReceiver(outputs.receiverPath!.value as string);
    // The first event after an installation is not what a day's commits meet.
    await runOf((await pushed()).commit);
    // One alone each time; and then many at once, while the pods of up to ten runs start on the same node.
    const alone: number[] = [];
    for (let index = 0; index < options.pushes; index++) {
        const { commit, at } = await pushed();
        const run = await runOf(commit);
        alone.push((run.at - at) / 1000);
        samples.add(created, byReceiver, alone.at(-1)!);
        samples.add(ended, byReceiver, ((await succeeded(run.name)).at - at) / 1000);
    }
    samples.add(`${created}, p99`, byReceiver, quantile(alone, 0.99));
    const crowded: number[] = [];
    for (let index = 0; index < options.pushes; index++) {
        const { commit, at } = await pushed();
        crowded.push(((await runOf(commit)).at - at) / 1000);
        samples.add(`${created}, of pushes without a pause`, byReceiver, crowded.at(-1)!);
    }
    samples.add(`${created}, of pushes without a pause, p99`, byReceiver, quantile(crowded, 0.99));

    await callReceiver(undefined);
    for (let index = 0; index < options.pairs; index++) {
        const { commit, at } = await pushed();
        const run = await runOf(commit, 240);
        samples.add(created, byPolling, (run.at - at) / 1000);
        samples.add(ended, byPolling, ((await succeeded(run.name)).at - at) / 1000);
    }
    await stack.destroy(operation);
    await settled();
}

/** One ConfigGroup per release, with nothing to do: the program that one would write first. */
async function groups(): Promise<void> {
    if (manifests === undefined) throw new Error("groups needs the manifests that cycle writes: --only cycle groups");
    const files = ["pipelines", "triggers", "interceptors", "flux"].map((name) => join(manifestFolder, `${name}.yaml`));
    const program = async (): Promise<void> => {
        // Each after the one before it, whose kinds it has: side by side the provider doesn't know them.
        files.reduce<pulumi.Resource[]>(
            (dependsOn, file) => [
                new k8s.yaml.v2.ConfigGroup(file.replace(/^.*\//, ""), { files: [file] }, { dependsOn }),
            ],
            [],
        );
    };
    const stack = await openStack("groups", stackFolder, { settings: "staging", program });
    for (let attempt = 1; ; attempt++) {
        try {
            await stack.up(operation);
            break;
        } catch (error) {
            if (attempt === 5) throw error;
            console.log(`  one ConfigGroup per release: up failed, try ${attempt}`);
        }
    }
    for (let pair = 0; pair < options.pairs; pair++) {
        await samples.time("nothing to do", "one ConfigGroup per release: up", () => stack.up(operation));
        await samples.time("nothing to do", "one ConfigGroup per release: preview", () => stack.preview(operation));
    }
    // Not by its own destroy, which may never end.
    await execa(byHand, ["remove", manifestFolder]);
    await settled();
}

/** What 1, 10 and 100 routes cost. */
async function growth(): Promise<void> {
    await prepareRepository();
    const stack = await openStack("staging", stackFolder);
    for (const size of [1, 10, 100]) {
        const by = `${size} route${size === 1 ? "" : "s"}`;
        // One takes the branch that is pushed to, the others wait for another.
        const others = Array.from({ length: size - 1 }, (_, index) => ({
            name: `other-${index}`,
            filter: `extensions.branch == 'branch-${index}'`,
        }));
        await setRoutes(stack, [{ name: "flux-notification" }, ...others]);
        const { outputs } = await samples.time("growth: up", by, () => stack.up(operation));
        await callReceiver(outputs.receiverPath!.value as string);
        await runOf(await push(`Warm up with ${size}`));
        for (let pair = 0; pair < options.pairs; pair++) {
            await samples.time("growth: up, nothing to do", by, () => stack.up(operation));
            const commit = await push(`Benchmark with ${size} at ${Date.now()}`);
            const at = Date.now();
            samples.add("growth: push → PipelineRun created", by, ((await runOf(commit)).at - at) / 1000);
        }
        samples.add("growth: state", by, (await stateSize()) / 1e6, "MB");
        samples.add("growth: the listener's memory", by, await listenerMemory(), "MiB");
    }
    await stack.destroy(operation);
    await settled();
}

/** The CLI logs every property that passes, and has no switch for it; where it can't make the folder it goes on without. */
async function withoutLog(action: () => Promise<unknown>): Promise<void> {
    const logs = join(process.env.PULUMI_HOME!, "logs");
    await rm(logs, { recursive: true, force: true });
    await writeFile(logs, "");
    try {
        await action();
    } finally {
        await rm(logs);
    }
}

async function setRoutes(stack: Stack, routes: readonly object[]): Promise<void> {
    // As `pulumi config --json` prints it: a list can't be set as one text.
    const value = { value: JSON.stringify(routes), objectValue: routes, secret: false };
    await stack.setAllConfigJson(JSON.stringify({ "flux-to-tekton:routes": value }));
}

async function stateSize(): Promise<number> {
    const backend = process.env.PULUMI_BACKEND_URL!.replace("file://", "");
    return (await stat(join(backend, ".pulumi", "stacks", "flux-to-tekton", "staging.json"))).size;
}

/** The resident memory of the listener's process: the sandbox's node is this machine. */
async function listenerMemory(): Promise<number> {
    const [pod] = await list("pods", "-l", "eventlistener=flux-event-listener");
    const { uid } = pod!.metadata as unknown as { uid: string };
    const { stdout } = await execa("pgrep", ["-f", "^/ko-app/eventlistenersink"]);
    for (const pid of stdout.split("\n")) {
        const cgroup = await readFile(`/proc/${pid}/cgroup`, "utf8");
        if (!cgroup.includes(uid) && !cgroup.includes(uid.replaceAll("-", "_"))) continue;
        const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))!;
        return Number(kilobytes) / 1024;
    }
    throw new Error(`no process is the listener's of pod ${uid}`);
}

/** Waits until a removal has really ended: pods whose owners are gone, and namespaces. */
async function settled(): Promise<void> {
    const deadline = Date.now() + 180_000;
    for (;;) {
        const namespaces = (await kubectl("get", "namespaces", "-o", "name")).split("\n");
        const pods = await list("pods", "-n", "default", "-l", "app.kubernetes.io/managed-by");
        if (!namespaces.some((name) => /tekton|flux/.test(name)) && pods.length === 0) break;
        if (Date.now() > deadline) throw new Error(`something is left: ${namespaces.join(", ")}`);
        await new Promise((resolve) => setTimeout(resolve, 500));
    }
    await kubectl("delete", "pipelineruns,taskruns", "--all").catch(() => undefined);
    await kubectl("delete", "configmap", "greeting", "--ignore-not-found");
}

async function record(table: string): Promise<void> {
    const file = join(__dirname, "../docs/benchmarks.md");
    const [begin, end] = ["<!-- measured -->", "<!-- /measured -->"] as const;
    const text = await readFile(file, "utf8");
    const memory = /^MemTotal:\s+(\d+)/.exec(await readFile("/proc/meminfo", "utf8"))![1]!;
    const machine = `${cpus().length} × ${cpus()[0]!.model}, ${Math.round(Number(memory) / 2 ** 20)} GiB, Node.js ${process.version}`;
    const line = `\`npm run bench -- ${process.argv.slice(2).join(" ")}\`, ${new Date().toISOString().slice(0, 10)}, on ${machine}:`;
    const [before, rest] = [text.slice(0, text.indexOf(begin)), text.slice(text.indexOf(end))];
    await writeFile(file, `${before}${begin}\n\n${line}\n\n${table}\n\n${rest}`);
    await execa("npx", ["prettier", "--write", file]);
}

async function main(): Promise<void> {
    for (const work of works.filter((one) => options.only.includes(one))) {
        await measurements[work]();
        // Each time: the whole takes an hour, and what is measured is measured.
        if (options.record) await record(samples.table());
    }
    console.log(`\n${samples.table()}`);
}

process.once("SIGINT", () => {
    console.log(`\nStopped. Until then:\n\n${samples.table()}`);
    process.exit(130);
});

main()
    .catch((error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        console.log(`\n${samples.table()}`);
        process.exitCode = 1;
    })
    // A watch or a callback server that is still open would keep the process.
    .finally(() => process.exit());
