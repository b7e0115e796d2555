import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, closeSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { duration, gibibytes, lastLines } from "./format";
import { freeBytes } from "./machine";
import { cacheDir } from "./paths";

/** What a sandbox can have beyond the usual. */
export interface SandboxOptions {
    /** Whether NetworkPolicies are enforced, by kube-router. @default false */
    readonly networkPolicy?: boolean;
    /** Whether there are also the images of the Tekton releases before today's, to upgrade from. @default false */
    readonly previousTekton?: boolean;
    /** Whether there are also the programs of an OCI registry and of an S3 server, for tests to start. @default false */
    readonly sourceServers?: boolean;
}

/** How the tool's module, `sandbox/tools/<name>`, is built. */
interface Tool {
    /** Linker flags that stamp the version, as upstream's own release builds do. */
    readonly ldflags?: string;
    /** What of the module is built. @default "tool", every program of its tool directives */
    readonly packages?: string;
    /** The programs that the build yields. */
    readonly programs: readonly string[];
    /** The option that it is built for. @default every sandbox has it */
    readonly onDemand?: keyof SandboxOptions;
}

const kubernetesVersion = "k8s.io/component-base/version";
const tektonPipelines = {
    programs: [
        "controller",
        "entrypoint",
        "events",
        "nop",
        "resolvers",
        "sidecarlogresults",
        "webhook",
        "workingdirinit",
    ],
} as const;
const tektonTriggers = { programs: ["controller", "eventlistenersink", "interceptors", "webhook"] } as const;

/** Everything the sandbox builds from Go modules: the node, the clients, and the programs inside the images. */
export const tools = {
    kubernetes: {
        ldflags:
            `-X ${kubernetesVersion}.gitVersion=v1.36.1 ` +
            `-X ${kubernetesVersion}.gitMajor=1 -X ${kubernetesVersion}.gitMinor=36`,
        programs: ["kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"],
    },
    // The module's last path element names the program: go.etcd.io/etcd/server/v3.
    etcd: { programs: ["server"] },
    coredns: { programs: ["coredns"] },
    pulumi: {
        ldflags: "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.259.0",
        programs: ["pulumi"],
    },
    "pulumi-resource-kubernetes": {
        ldflags: "-X github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version=4.25.0",
        packages: ".",
        programs: ["pulumi-resource-kubernetes"],
    },
    tkn: {
        ldflags: "-X github.com/tektoncd/cli/pkg/cmd/version.clientVersion=0.46.0",
        programs: ["tkn"],
    },
    "tekton-pipelines": tektonPipelines,
    "tekton-triggers": tektonTriggers,
    "tekton-pipelines-v1.12": { ...tektonPipelines, onDemand: "previousTekton" },
    "tekton-triggers-v0.36": { ...tektonTriggers, onDemand: "previousTekton" },
    "source-controller": { programs: ["source-controller"] },
    "kustomize-controller": { programs: ["kustomize-controller"] },
    "notification-controller": { programs: ["notification-controller"] },
    "kube-router": {
        ldflags: "-X github.com/cloudnativelabs/kube-router/v2/pkg/version.Version=v2.6.3-k3s1",
        programs: ["kube-router"],
        onDemand: "networkPolicy",
    },
    registry: { packages: ".", programs: ["registry"], onDemand: "sourceServers" },
    versitygw: { programs: ["versitygw"], onDemand: "sourceServers" },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

const allToolNames = Object.keys(tools) as ToolName[];

/** The tools of a sandbox with these options. */
export function toolsFor(options: SandboxOptions): ToolName[] {
    return allToolNames.filter((name) => {
        const { onDemand }: Tool = tools[name];
        return onDemand === undefined || options[onDemand];
    });
}

/** The tools that every sandbox consists of. */
export const toolNames = toolsFor({});

/** Where each tool's lock (go.mod and go.sum) is. */
const modulesDir = join(__dirname, "tools");
const toolsDir = join(cacheDir, "tools");
/** Go's own caches during a build, and gone after it. */
const buildDir = join(cacheDir, "build");

/** Disk that a cold build of any one tool takes at its highest, in bytes; Go's caches for all of them reach 25 GiB. */
const diskForOneTool = gibibytes(14);

let goVersionMemo: string | undefined;

/** `go version`, such as "go version go1.26.8 linux/amd64"; without Go no tool counts as built. */
function goVersion(): string {
    try {
        return (goVersionMemo ??= execFileSync("go", ["version"], { encoding: "utf8" }).trim());
    } catch {
        return (goVersionMemo = "no Go");
    }
}

/**
 * What a built tool depends on, as 12 hex digits: its sources and their lock, the flags, the compiler.
 *
 * @param moduleDir folder with the tool's go.mod
 */
export function toolKey(moduleDir: string, flags: readonly string[], compiler: string): string {
    const hash = createHash("sha256");
    const sources = readdirSync(moduleDir).filter((file) => /^go\.(mod|sum)$|\.go$/.test(file));
    for (const file of sources.sort())
        hash.update(`${file}\0`)
            .update(readFileSync(join(moduleDir, file)))
            .update("\0");
    for (const part of [...flags, compiler]) hash.update(`${part}\0`);
    return hash.digest("hex").slice(0, 12);
}

/** `go build`'s flags for a tool. */
export function buildFlags(name: ToolName): string[] {
    const tool: Tool = tools[name];
    return ["-trimpath", "-ldflags", ["-s -w", tool.ldflags].filter(Boolean).join(" ")];
}

/** The folder that holds a tool's programs once it is built. */
export function toolDir(name: ToolName): string {
    return join(toolsDir, `${name}-${toolKey(join(modulesDir, name), buildFlags(name), goVersion())}`);
}

/**
 * Path of a built program, such as `program("kubernetes", "kubectl")`.
 *
 * @throws if there is no such tool or program
 */
export function program(tool: string, name: string): string {
    if (!isToolName(tool)) throw new Error(`Tool "${tool}" is not one of ${allToolNames.join(", ")}.`);
    const { programs }: Tool = tools[tool];
    if (!programs.includes(name)) {
        throw new Error(`Tool "${tool}" has no program "${name}", only ${programs.join(", ")}.`);
    }
    return join(toolDir(tool), name);
}

function isToolName(name: string): name is ToolName {
    return Object.hasOwn(tools, name);
}

/** The tools that are yet to be built. */
export function missingTools(names: readonly ToolName[] = toolNames): ToolName[] {
    return names.filter((name) => !existsSync(toolDir(name)));
}

/** Free disk in the cache that building these tools takes, at least. In bytes. */
export function diskToBuild(names: readonly ToolName[]): number {
    return names.length === 0 ? 0 : diskForOneTool;
}

/**
 * Builds those of the tools that are missing, one after the other (each uses all processors), and removes builds of
 * other versions. A killed build leaves nothing that counts as built; the next one takes up Go's caches where it ended.
 *
 * @param log receives progress: which of how many, and the time
 * @throws with the end of the compiler's output and the path of the whole of it
 */
export async function buildTools(names: readonly ToolName[], log: (line: string) => void): Promise<void> {
    const missing = missingTools(names);
    if (missing.length === 0) return;
    mkdirSync(toolsDir, { recursive: true });
    for (const entry of readdirSync(toolsDir)) {
        if (entry.endsWith(".partial")) rmSync(join(toolsDir, entry), { recursive: true });
    }
    for (const [index, name] of missing.entries()) {
        // Only where room is short do Go's caches go in between: the tools share modules and packages.
        if ((await freeBytes(cacheDir)) < diskForOneTool) dropBuildCaches();
        mkdirSync(buildEnvironment().GOTMPDIR, { recursive: true });
        await buildTool(name, `${name} (${index + 1} of ${missing.length})`, log);
    }
    dropBuildCaches();
}

async function buildTool(name: ToolName, title: string, log: (line: string) => void): Promise<void> {
    const tool: Tool = tools[name];
    const target = toolDir(name);
    const partial = `${target}.partial`;
    const logFile = join(cacheDir, "build-logs", `${name}.log`);
    mkdirSync(join(cacheDir, "build-logs"), { recursive: true });

    const started = Date.now();
    const elapsed = (): string => duration(Date.now() - started);
    log(`${title}: building`);
    const ticker = setInterval(() => log(`${title}: building, ${elapsed()}`), process.stdout.isTTY ? 1000 : 30_000);
    const output = openSync(logFile, "w");
    try {
        // The compiler ends with this process, also with a killed one: the next `up` then has the machine for itself.
        const go = ["go", "build", ...buildFlags(name), "-o", `${partial}/`, tool.packages ?? "tool"];
        const child = spawn("setpriv", ["--pdeathsig", "TERM", ...go], {
            cwd: join(modulesDir, name),
            env: { ...process.env, ...buildEnvironment() },
            stdio: ["ignore", output, output],
        });
        const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
        if (code !== 0) {
            throw new Error(
                `Building ${name} failed after ${elapsed()} (${signal ?? `exit code ${code}`}). ` +
                    `The end of ${logFile}:\n${lastLines(logFile, 20)}`,
            );
        }
    } finally {
        clearInterval(ticker);
        closeSync(output);
    }
    for (const expected of tool.programs) {
        if (!existsSync(join(partial, expected))) throw new Error(`Building ${name} gave no program "${expected}".`);
    }
    renameSync(partial, target);
    removeOtherBuilds(name);
    log(`${title}: built in ${elapsed()}`);
}

function buildEnvironment(): Record<string, string> & { GOTMPDIR: string } {
    return {
        CGO_ENABLED: "0",
        GOFLAGS: "-mod=readonly -buildvcs=false",
        GOCACHE: join(buildDir, "cache"),
        GOMODCACHE: join(buildDir, "modules"),
        // Not /tmp, which may be memory.
        GOTMPDIR: join(buildDir, "tmp"),
        GOWORK: "off",
        // The public checksum database lacks the provider's module: its go.sum is what pins it.
        GONOSUMDB: "github.com/pulumi/*",
    };
}

function removeOtherBuilds(name: ToolName): void {
    const builds = new RegExp(`^${name}-[0-9a-f]{12}$`);
    const current = toolDir(name);
    for (const entry of readdirSync(toolsDir)) {
        const dir = join(toolsDir, entry);
        if (builds.test(entry) && dir !== current) rmSync(dir, { recursive: true });
    }
}

/** Removes Go's caches. Go makes module files read-only, so it is Go that is asked to remove them. */
export function dropBuildCaches(): void {
    if (!existsSync(buildDir)) return;
    execFileSync("go", ["clean", "-modcache"], { env: { ...process.env, ...buildEnvironment(), GOFLAGS: "" } });
    rmSync(buildDir, { recursive: true, force: true });
}
