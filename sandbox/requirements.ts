import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { platform } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { gibibytes, inGibibytes } from "./format";
import { availableMemory, findCommand, freeBytes, isExecutable, searchPath } from "./machine";
import { cacheDir, stateDir } from "./paths";
import { diskToBuild, missingTools, type SandboxOptions, type ToolName, toolsFor } from "./tools";

/** What the node itself takes at most with the demonstration on it, in bytes. It was measured at 1.5 GiB. */
const memoryNeeded = gibibytes(3);
/** Images, their unpacked copies, etcd's data, logs: in bytes. */
const diskNeeded = gibibytes(6);

type Packages = Readonly<Record<string, () => boolean>>;

/** Debian package → how to see that what we need of it is there. */
const packages: Packages = {
    containerd: () => has("containerd") && has("ctr"),
    runc: () => has("runc"),
    "containernetworking-plugins": () => ["bridge", "host-local", "portmap", "loopback"].every(isCniPlugin),
    iptables: () => has("iptables") && has("iptables-restore"),
    conntrack: () => has("conntrack"),
    iproute2: () => has("ip"),
    socat: () => has("socat"),
    kmod: () => has("modprobe"),
    "busybox-static": () => isStatic("/bin/busybox"),
    tini: () => isStatic("/usr/bin/tini-static"),
    git: () => has("git") && existsSync("/usr/lib/git-core/git-http-backend"),
    openssl: () => has("openssl"),
    curl: () => has("curl"),
    "libc-bin": () => has("ldd"),
    "util-linux": () => has("nsenter") && has("flock") && has("setpriv"),
    mount: () => has("umount"),
    "ca-certificates": () => existsSync("/etc/ssl/certs/ca-certificates.crt"),
};

/** What kube-router runs besides iptables. */
const networkPolicyPackages: Packages = { ipset: () => has("ipset") };

/** Where Debian's containernetworking-plugins are. */
export const cniPluginDir = "/usr/lib/cni";

const has = (command: string): boolean => findCommand(command) !== undefined;
const isCniPlugin = (name: string): boolean => isExecutable(join(cniPluginDir, name));

/** A program that needs no dynamic linker, and so runs in an image that has nothing else. */
function isStatic(file: string): boolean {
    return isExecutable(file) && !readFileSync(file).includes("/ld-linux");
}

/**
 * Checks that this machine can run the sandbox, and installs Debian packages that it lacks.
 *
 * @param log receives progress
 * @throws once, with every requirement that isn't met, before anything was changed
 */
export async function ensureRequirements(log: (line: string) => void, options: SandboxOptions = {}): Promise<void> {
    if (platform() !== "linux") {
        throw new Error(
            `The sandbox runs containers and needs Linux; this is ${platform()}. Use a Linux machine or VM.`,
        );
    }
    const needed: Packages = { ...packages, ...(options.networkPolicy ? networkPolicyPackages : {}) };
    const missing = Object.keys(needed).filter((name) => !needed[name]?.());
    const problems = [
        ...rootProblems(),
        ...goProblems(),
        ...packageProblems(missing),
        ...memoryProblems(),
        ...(await diskProblems(missingTools(toolsFor(options)))),
    ];
    if (problems.length > 0) {
        const list = problems.map((problem) => `  - ${problem}`).join("\n");
        throw new Error(`This machine can't run the sandbox yet. Nothing was changed.\n${list}`);
    }
    if (missing.length > 0) await installPackages(missing, log);
    const still = missing.filter((name) => !needed[name]?.());
    if (still.length > 0)
        throw new Error(`Installed, but what the sandbox uses of it is missing: ${still.join(", ")}.`);
}

function rootProblems(): string[] {
    return process.getuid?.() === 0
        ? []
        : [
              "Not root: namespaces, mounts and cgroups need it. Run the same command as root (sudo --preserve-env=HOME).",
          ];
}

function goProblems(): string[] {
    const needed = goNeeded();
    const advice = `Install Go ${needed} or newer (https://go.dev/dl/) and put it on PATH: it builds the cluster's programs.`;
    let version: string;
    try {
        version = execFileSync("go", ["env", "GOVERSION"], { encoding: "utf8", cwd: "/" }).trim();
    } catch {
        return [`No Go. ${advice}`];
    }
    return compareVersions(version.replace(/^go/, ""), needed) < 0 ? [`Go is ${version}. ${advice}`] : [];
}

/** The newest Go that one of the tools' go.mod asks for, such as "1.26.5". */
function goNeeded(): string {
    const dir = join(__dirname, "tools");
    const versions = readdirSync(dir).map((name) => {
        const goMod = readFileSync(join(dir, name, "go.mod"), "utf8");
        return /^go (\S+)$/m.exec(goMod)?.[1] ?? "1.0";
    });
    return versions.sort(compareVersions).at(-1) ?? "1.0";
}

/** Compares versions of numbers and dots: negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
    const parse = (version: string): number[] => version.split(".").map((part) => Number.parseInt(part, 10) || 0);
    const [left, right] = [parse(a), parse(b)];
    for (let i = 0; i < Math.max(left.length, right.length); i++) {
        const difference = (left[i] ?? 0) - (right[i] ?? 0);
        if (difference !== 0) return difference;
    }
    return 0;
}

function packageProblems(missing: readonly string[]): string[] {
    if (missing.length === 0 || has("apt-get")) return [];
    return [
        `Missing, and there is no apt-get to install it: ${missing.join(", ")} (Debian's package names). ` +
            `Install what your distribution has in their place; CNI plugins belong in ${cniPluginDir}.`,
    ];
}

function memoryProblems(): string[] {
    const available = availableMemory();
    return available >= memoryNeeded
        ? []
        : [`${inGibibytes(available)} of memory available, ${inGibibytes(memoryNeeded)} needed. Free some.`];
}

async function diskProblems(tools: readonly ToolName[]): Promise<string[]> {
    const needs: [string, number][] = [
        [stateDir, diskNeeded],
        [cacheDir, diskNeeded + diskToBuild(tools)],
    ];
    const problems: string[] = [];
    for (const [dir, needed] of needs) {
        const free = await freeBytes(dir);
        if (free >= needed) continue;
        const why = needed > diskNeeded ? ` (${tools.length} tools are to be built, once)` : "";
        problems.push(`${inGibibytes(free)} of disk free for ${dir}, ${inGibibytes(needed)} needed${why}. Free some.`);
    }
    return problems;
}

async function installPackages(names: readonly string[], log: (line: string) => void): Promise<void> {
    const apt = async (...args: string[]): Promise<void> => {
        const result = await execa("apt-get", ["-o", "DPkg::Lock::Timeout=120", ...args], {
            env: { PATH: searchPath(), DEBIAN_FRONTEND: "noninteractive" },
            all: true,
            reject: false,
        });
        if (result.exitCode !== 0) {
            const end = result.all.split("\n").slice(-15).join("\n");
            throw new Error(
                `apt-get ${args.join(" ")} failed (${result.shortMessage}). The end of its output:\n${end}`,
            );
        }
    };
    const install = ["install", "--yes", "--no-install-recommends", ...names];
    log(`Installing Debian packages: ${names.join(", ")}`);
    try {
        await apt(...install);
    } catch {
        // Most often the package lists are missing or older than the archive.
        log("Updating the package lists");
        await apt("update");
        log(`Installing Debian packages: ${names.join(", ")}`);
        await apt(...install);
    }
}
