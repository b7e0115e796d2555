import { existsSync, lstatSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa, type Options, type ResultPromise } from "execa";
import type { ListrTask } from "listr2";
import { randomPlugin, sandboxEnvironment } from "./environment";
import type * as Demonstration from "./images/demonstration";
import { coreDnsImage, type ImageStore, importImages, pauseImage } from "./images/images";
import { withLock } from "./lock";
import { get } from "./node/api";
import { processesInCgroups } from "./node/cgroups";
import { ctr } from "./node/components";
import { inNetwork, networkExists, processesInNetwork } from "./node/network";
import * as node from "./node/node";
import { policyEngineName, startPolicyEngine } from "./node/policyEngine";
import { isAlive, type ProcessRecord, recorded } from "./node/processes";
import { endNode } from "./node/reboot";
import { run } from "./node/run";
import { cacheDir, runtimeDir, state, stateDir } from "./paths";
import { type PreparedReleases, prepareReleases } from "./releases/releases";
import { ensureRequirements } from "./requirements";
import { endInterrupted, runSteps } from "./steps";
import {
    buildTools,
    missingTools,
    program,
    type SandboxOptions,
    toolDir,
    type ToolName,
    toolNames,
    toolsFor,
} from "./tools";

export { isInNetwork as isInside } from "./node/network";
/** What {@link restart} restarts. */
export const restartableNames = [...node.restartableNames, "node"] as const;
export type { SandboxOptions } from "./tools";

/** What a finished `up` leaves for the commands after it. */
interface SandboxRecord {
    /** ISO 8601. */
    readonly since: string;
    /** Tool → folder of its programs. */
    readonly tools: Readonly<Record<ToolName, string>>;
    readonly releases: PreparedReleases;
}

export interface Status {
    /** Whether every process runs and the node is Ready. */
    readonly running: boolean;
    /** Why it isn't running. */
    readonly problem?: string;
    /** When it was started, ISO 8601. */
    readonly since?: string;
    /** Such as "v1.36.1". */
    readonly kubernetes?: string;
    readonly nodeReady: boolean;
    /** Whether NetworkPolicies are enforced. */
    readonly networkPolicy: boolean;
    /** The node's own processes. */
    readonly processes: readonly (ProcessRecord & { readonly alive: boolean })[];
    /** Memory of the node's processes and of all pods, in bytes; pages that several share are counted once. */
    readonly memory: number;
    /** Where the release manifests come from. */
    readonly releases?: PreparedReleases;
    /** Whether the tools' locks have changed since, so that `down` and `up` would bring other versions. */
    readonly outdated: boolean;
}

/** How the sandbox is. Changes nothing. */
export async function status(): Promise<Status> {
    const record = readRecord();
    const processes = recorded().map((one) => ({ ...one, alive: isAlive(one) }));
    const networkPolicy = processes.some(({ name }) => name === policyEngineName);
    const ended = [...node.componentNames, ...(networkPolicy ? [policyEngineName] : [])].filter(
        (name) => !processes.some((one) => one.name === name && one.alive),
    );
    const nodeReady = record !== undefined && networkExists() && (await node.isNodeReady());
    const problem =
        foreignSandbox() ??
        (!node.remains()
            ? "it is not started"
            : record === undefined
              ? "an `up` did not finish; the next one starts anew"
              : ended.length > 0
                ? `ended: ${ended.join(", ")}; the logs are in ${state.logs}`
                : nodeReady
                  ? undefined
                  : `the node is not Ready; the logs are in ${state.logs}`);
    const version = nodeReady ? await get("/version") : undefined;
    return {
        running: problem === undefined,
        ...(problem === undefined ? {} : { problem }),
        ...(record ? { since: record.since, releases: record.releases } : {}),
        ...(version ? { kubernetes: (JSON.parse(version) as { gitVersion: string }).gitVersion } : {}),
        nodeReady,
        networkPolicy,
        processes,
        memory: await memory(),
        outdated: record !== undefined && toolNames.some((name) => record.tools[name] !== toolDir(name)),
    };
}

const interruptedUp = (): never =>
    endInterrupted("The same command again starts anew; `npm run sandbox -- down` removes what is there by now.");

/**
 * Brings the sandbox up: a real one-node Kubernetes in a network namespace of its own, with the images of the releases
 * and a Git server. Nothing to do if it runs; remains of one that doesn't are removed first. Shows its progress on
 * standard output.
 *
 * @param options a running sandbox gets what it lacks; what it has beyond them it keeps until `down`
 * @throws with what is missing, or which part failed and the end of its log
 */
export async function up(options: SandboxOptions = {}): Promise<void> {
    await withLock(async () => {
        const foreign = foreignSandbox();
        if (foreign) throw new Error(`Can't start a sandbox: ${foreign}.`);
        const { running, networkPolicy } = await status();
        if (!running) return void (await runSteps(upSteps(options), interruptedUp));
        const lacking = [
            ...(options.previousTekton ? [releasesStep(options), imagesStep] : []),
            ...(options.networkPolicy && !networkPolicy ? [policyStep] : []),
        ];
        if (lacking.length > 0 || options.sourceServers)
            return void (await runSteps([...programSteps(options), ...lacking], interruptedUp));
        console.log("The sandbox is running: nothing to do.");
    }, console.log);
}

/**
 * Takes the sandbox down, whatever state it is in, and leaves nothing of it: no process, mount, network, cgroup or file.
 *
 * @param cache whether the built programs, images and downloads go too; the next `up` then makes them anew
 */
export async function down({ cache = false }: { cache?: boolean } = {}): Promise<void> {
    await withLock(async () => {
        const foreign = foreignSandbox();
        if (foreign) throw new Error(`Can't take the sandbox down: ${foreign}.`);
        await runSteps(
            [
                { title: "Sandbox removed", task: node.takeDown },
                { title: "Cache removed", enabled: cache, task: removeCache },
            ],
            () => endInterrupted("The same command again removes the rest."),
        );
    }, console.log);
}

/**
 * Kills one of the running sandbox's programs and starts it again, until it answers; the pods go on meanwhile. Or the
 * whole node, as a reboot would, until it is Ready; its pods start again then. That shows its progress on standard output.
 *
 * @throws if no sandbox is running, or what was restarted doesn't answer
 */
export async function restart(name: (typeof restartableNames)[number]): Promise<void> {
    await withLock(async () => {
        runningRecord();
        if (name !== "node") return node.restart(name);
        await runSteps(rebootSteps(), () =>
            endInterrupted("Half of a node is left: `npm run sandbox -- up` starts anew."),
        );
    }, console.log);
}

function rebootSteps(): ListrTask[] {
    const ended = new Date();
    const networkPolicy = recorded().some(({ name }) => name === policyEngineName);
    return [
        { title: "Node ended, without notice", task: endNode },
        { title: "Container runtime", task: node.startContainerd },
        { title: "Control plane", task: node.startControlPlane },
        { title: "Node Ready", task: () => node.startNode(ended) },
        { ...policyStep, enabled: networkPolicy },
    ];
}

/**
 * The environment of commands inside the running sandbox.
 *
 * @throws if no sandbox is running
 */
export function environment(): NodeJS.ProcessEnv {
    const { tools, releases } = runningRecord();
    return sandboxEnvironment({
        programDirs: [tools.kubernetes, tools.tkn, tools.pulumi, tools["pulumi-resource-kubernetes"]],
        ...(releases.mirror ? { releaseMirror: releases.mirror } : {}),
        ...(releases.lock ? { releaseLock: releases.lock } : {}),
    });
}

/**
 * Runs a command inside the sandbox: in its network, with {@link environment}.
 *
 * @param options as execa takes them; `env` is added to the sandbox's
 * @throws if no sandbox is running
 */
export function exec<T extends Options = Record<never, never>>(
    command: string,
    args: readonly string[] = [],
    options?: T,
): ResultPromise<T> {
    const [nsenter, ...rest] = inNetwork(command, args);
    const env = { ...environment(), ...options?.env };
    return execa(nsenter, rest, { ...options, env, extendEnv: false }) as unknown as ResultPromise<T>;
}

/** What the image builder needs of the sandbox. */
export function imageStore(log: (line: string) => void): ImageStore {
    return {
        cacheDir: join(cacheDir, "images"),
        program,
        ctr: async (args) => (await run(ctr(args))) ?? "",
        log,
    };
}

interface UpContext {
    releases?: PreparedReleases;
}

function programSteps(options: SandboxOptions): ListrTask<UpContext>[] {
    return [
        {
            title: "Requirements",
            task: (_, step) => ensureRequirements((line) => (step.output = line), options),
        },
        {
            title: "Programs from Go modules, built once",
            rendererOptions: { persistentOutput: true },
            task: async (_, step) => {
                const names = toolsFor(options);
                if (missingTools(names).length === 0) step.title += ": all there";
                await buildTools(names, (line) => (step.output = line));
            },
        },
    ];
}

function releasesStep(options: SandboxOptions): ListrTask<UpContext> {
    return {
        title: "Release manifests",
        task: async (context, step) => {
            const log = (line: string): string => (step.output = line);
            context.releases = await prepareReleases({ cacheDir: join(cacheDir, "releases"), sandbox: options, log });
            const { how, mirror } = context.releases;
            step.title = `Release manifests: ${how}${mirror ? `, ${mirror}` : ""}`;
        },
    };
}

const imagesStep: ListrTask<UpContext> = {
    title: "Images, built here under the upstream names",
    rendererOptions: { persistentOutput: true },
    task: async ({ releases }, step) => {
        const own = demonstrationImages();
        step.title += `; ${own.join(" and ")} of Debian's programs`;
        const names = [pauseImage, coreDnsImage, ...own, ...(releases?.images ?? [])];
        await importImages(
            names,
            imageStore((line) => (step.output = line)),
        );
    },
};

const policyStep: ListrTask = { title: "NetworkPolicies enforced, by kube-router", task: startPolicyEngine };

function upSteps(options: SandboxOptions): ListrTask<UpContext>[] {
    return [
        ...programSteps(options),
        {
            title: "Remains of an earlier sandbox, removed",
            enabled: () => node.remains(),
            task: node.takeDown,
        },
        releasesStep(options),
        {
            title: "Network, certificates, container runtime",
            task: () => node.startRuntime(pauseImage),
        },
        {
            title: "Node",
            task: (_, step) =>
                step.newListr<UpContext>(
                    [
                        imagesStep,
                        { title: "Git server", task: node.startGitServer },
                        {
                            title: "Control plane, node Ready",
                            task: async () => {
                                await node.startControlPlane();
                                await node.startNode();
                            },
                        },
                    ],
                    { concurrent: true },
                ),
        },
        { title: "Cluster DNS", task: () => node.startClusterDns(coreDnsImage) },
        ...(options.networkPolicy ? [policyStep] : []),
        {
            title: "Pulumi's random provider",
            task: (_, step) => {
                const { standIn } = randomPlugin();
                step.title += standIn
                    ? ": the sandbox's stand-in, as the official plugin is not installed"
                    : ": official";
            },
        },
        {
            title: "Sandbox is up",
            task: (context) => writeRecord(context),
        },
    ];
}

/** Loaded only here, since it loads Pulumi, which every other command would wait for. */
function demonstrationImages(): readonly string[] {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- Node can't `import()` TypeScript
    const module = require("./images/demonstration") as typeof Demonstration;
    return module.demonstrationImages;
}

function writeRecord({ releases }: UpContext): void {
    if (!releases) throw new Error("The release manifests have not been prepared.");
    const tools = Object.fromEntries(toolNames.map((name) => [name, toolDir(name)])) as SandboxRecord["tools"];
    const record: SandboxRecord = { since: new Date().toISOString(), tools, releases };
    // Renamed into place: whoever reads it finds the whole of it, or nothing.
    writeFileSync(`${state.record}.partial`, JSON.stringify(record, undefined, 4));
    renameSync(`${state.record}.partial`, state.record);
}

function readRecord(): SandboxRecord | undefined {
    return existsSync(state.record) ? (JSON.parse(readFileSync(state.record, "utf8")) as SandboxRecord) : undefined;
}

function runningRecord(): SandboxRecord {
    const record = readRecord();
    if (record && recorded().every(isAlive)) return record;
    throw new Error("No sandbox is running. Start one with: npm run sandbox -- up");
}

/** Says whose sandbox it is, when there is one with its state in another folder: there can be one per machine. */
function foreignSandbox(): string | undefined {
    if (!networkExists() || !lstatSync(runtimeDir, { throwIfNoEntry: false })?.isSymbolicLink()) return undefined;
    const owner = readlinkSync(runtimeDir);
    if (owner === stateDir) return undefined;
    const home = join(owner, "..", "..");
    return `this machine has one already, with its state in ${owner} (use it with XDG_STATE_HOME=${home})`;
}

function removeCache(): void {
    if (node.remains()) throw new Error("The sandbox still uses its cache.");
    rmSync(cacheDir, { recursive: true, force: true });
}

/** Proportional set size (proc(5), smaps_rollup) of everything that belongs to the sandbox. */
async function memory(): Promise<number> {
    const pids = new Set([...(await processesInNetwork()), ...processesInCgroups()]);
    let bytes = 0;
    for (const pid of pids) {
        try {
            const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
            bytes += Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
        } catch {
            // It has ended since.
        }
    }
    return bytes;
}
