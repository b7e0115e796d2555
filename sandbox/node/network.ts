import { existsSync, readFileSync, statSync } from "node:fs";
import { execa } from "execa";
import { findCommand, searchPath } from "../machine";

/**
 * The network namespace that everything runs in. The machine's own interfaces, routes and iptables stay as they are,
 * no port can be taken already, and taking the network down is deleting the namespace.
 */
export const networkNamespace = "flux-to-tekton";
const namespaceFile = `/var/run/netns/${networkNamespace}`;

/** The node's address: of the API server, the Git server, and whatever else runs beside the pods. */
export const address = "10.90.0.1";
/** By this name the cluster's pods reach the Git server that runs beside them on the node. */
export const gitHost = "git.sandbox.test";
export const serviceSubnet = "10.96.0.0/16";
export const podSubnet = "10.244.0.0/24";
/** First address of {@link serviceSubnet}: the `kubernetes` Service. */
export const kubernetesServiceAddress = "10.96.0.1";
export const dnsServiceAddress = "10.96.0.10";

/**
 * The command line that runs a command inside the network: `[program, ...arguments]`.
 *
 * nsenter, not `ip netns exec`: the latter mounts a new /sys, in which the cgroups are missing.
 */
export function inNetwork(command: string, args: readonly string[]): [string, ...string[]] {
    return ["nsenter", `--net=${namespaceFile}`, "--", command, ...args];
}

export function networkExists(): boolean {
    return existsSync(namespaceFile);
}

/** Whether this process itself runs inside the network. */
export function isInNetwork(): boolean {
    return networkExists() && statSync(namespaceFile).ino === statSync("/proc/self/ns/net").ino;
}

/** Creates the namespace with the node's address in it. */
export async function createNetwork(): Promise<void> {
    const env = { PATH: searchPath() };
    const ip = (...args: string[]): Promise<unknown> => execa("ip", args, { env });
    const ipInside = (...args: string[]): Promise<unknown> => ip("-netns", networkNamespace, ...args);
    await ip("netns", "add", networkNamespace);
    await ipInside("link", "set", "lo", "up");
    // A bridge without ports: a dummy device would do too, but not every kernel has them.
    await ipInside("link", "add", "node0", "type", "bridge");
    await ipInside("address", "add", `${address}/32`, "dev", "node0");
    await ipInside("link", "set", "node0", "up");
    // Without a default route the kernel calls service addresses unreachable before iptables can rewrite them.
    await ipInside("route", "add", "default", "dev", "node0");

    if (!existsSync("/proc/sys/net/bridge")) await execa("modprobe", ["br_netfilter"], { env });
    const settings = ["net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables"].map(
        (name) => `echo 1 > /proc/sys/${name.replaceAll(".", "/")}`,
    );
    const [command, ...args] = inNetwork("sh", ["-ec", settings.join("\n")]);
    await execa(command, args, { env });
}

/** Leaves of the network what {@link createNetwork} made: without the pods' devices, packet filters and connections. */
export async function resetNetwork(): Promise<void> {
    const inside = (command: string, args: readonly string[], input = ""): Promise<unknown> => {
        const [nsenter, ...rest] = inNetwork(command, args);
        return execa(nsenter, rest, { env: { PATH: searchPath() }, input });
    };
    const { stdout } = await execa("ip", ["-netns", networkNamespace, "-json", "link", "show"], {
        env: { PATH: searchPath() },
    });
    for (const { ifname } of JSON.parse(stdout) as { ifname: string }[]) {
        // A pod's device goes by itself, too, a moment after its pod.
        if (!["lo", "node0"].includes(ifname)) await inside("ip", ["link", "delete", ifname]).catch(() => undefined);
    }
    const emptied = ["raw", "mangle", "nat", "filter"].map((table) => `*${table}\nCOMMIT\n`).join("");
    for (const command of ["iptables-restore", "ip6tables-restore"]) await inside(command, [], emptied);
    // Those of NetworkPolicies, and the program for them is there only with these.
    if (findCommand("ipset")) await inside("ipset", ["destroy"]);
    await inside("conntrack", ["-F"]);
}

export async function deleteNetwork(): Promise<void> {
    if (networkExists()) await execa("ip", ["netns", "delete", networkNamespace], { env: { PATH: searchPath() } });
}

/** The processes inside, without this one and those that it descends from. */
export async function processesInNetwork(): Promise<number[]> {
    if (!networkExists()) return [];
    const { stdout } = await execa("ip", ["netns", "pids", networkNamespace], { env: { PATH: searchPath() } });
    const own = ancestors(process.pid);
    return stdout
        .split("\n")
        .filter(Boolean)
        .map(Number)
        .filter((pid) => !own.has(pid));
}

function ancestors(pid: number): Set<number> {
    const found = new Set<number>();
    while (pid > 0 && !found.has(pid)) {
        found.add(pid);
        pid = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
    }
    return found;
}
