import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { runtimeDir, state, stateDir } from "../paths";
import { curl, get, hasCondition } from "./api";
import { createCertificates, nodeName } from "./certificates";
import { createCgroups, processesInCgroups, removeCgroups } from "./cgroups";
import { clusterDns } from "./clusterDns";
import { type ComponentName, components, ctr, kubectl } from "./components";
import { closeContainerStore, openContainerStore } from "./containerStore";
import * as configuration from "./configuration";
import { restoreKernelSettings, saveKernelSettings } from "./kernelSettings";
import { createOwnFolders, removeMountPoints } from "./mounts";
import { address, createNetwork, deleteNetwork, networkExists, processesInNetwork } from "./network";
import { isAlive, kill, type ProcessRecord, recorded, running, signal, start, waitFor } from "./processes";
import { run } from "./run";

/** Every program of the node, in the order in which they start. */
export const componentNames = Object.keys(components) as ComponentName[];

const startComponent = (name: ComponentName): Promise<void> => {
    const { command, args } = components[name]();
    return start(name, command, args);
};

/** Network, certificates, configuration, and the container runtime, ready to import images. */
export async function startRuntime(pauseImage: string): Promise<void> {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    symlinkSync(stateDir, runtimeDir);
    saveKernelSettings();
    await createNetwork();
    createCgroups();
    openContainerStore();
    createOwnFolders();
    writeConfiguration(pauseImage);
    await Promise.all([startContainerd(), createCertificates()]);
}

/** The container runtime, until it answers. */
export async function startContainerd(): Promise<void> {
    await startComponent("containerd");
    await waitFor("containerd answers", ["containerd"], async () => {
        if (!existsSync(configuration.containerdSocket)) return false;
        return (await run(ctr(["version"]), { reject: false })) !== undefined;
    });
}

function writeConfiguration(pauseImage: string): void {
    const { files } = configuration;
    const contents: Record<string, string> = {
        [files.containerd]: configuration.containerdConfig(pauseImage),
        [files.cni]: configuration.cniConfig(),
        [files.kubelet]: configuration.kubeletConfig(),
        [files.kubeProxy]: configuration.kubeProxyConfig(),
        // For pods that ask for the node's own resolver: there is none inside the network.
        [files.resolvConf]: "",
    };
    for (const user of configuration.kubeconfigUsers) {
        contents[configuration.kubeconfigFile(user)] = configuration.kubeconfig(user);
    }
    for (const [file, text] of Object.entries(contents)) {
        mkdirSync(dirname(file), { recursive: true });
        writeFileSync(file, text, { mode: 0o600 });
    }
    for (const dir of [state.git, state.pulumiHome, state.pulumiBackend]) mkdirSync(dir, { recursive: true });
}

/** The control plane, until the API server is ready. */
export async function startControlPlane(): Promise<void> {
    await startComponent("etcd");
    await startComponent("kube-apiserver");
    await waitFor("the API server is ready", ["etcd", "kube-apiserver"], () => get("/readyz"));
    await startComponent("kube-controller-manager");
    await startComponent("kube-scheduler");
}

/**
 * The kubelet and the service proxy, until the node is Ready.
 *
 * @param since since when, where an earlier kubelet has said so, too
 */
export async function startNode(since?: Date): Promise<void> {
    await startComponent("kubelet");
    await startComponent("kube-proxy");
    await waitFor("the node is Ready", componentNames, () => isNodeReady(since));
}

/** Whether the API server says that the node is, by what its kubelet has reported since then. */
export const isNodeReady = (since?: Date): Promise<boolean> =>
    hasCondition(`/api/v1/nodes/${nodeName}`, "Ready", since);

/** The cluster's DNS, until it answers. */
export async function startClusterDns(image: string): Promise<void> {
    await run(kubectl(["apply", "--server-side", "-f", "-"]), { input: clusterDns(image) });
    const deployment = "/apis/apps/v1/namespaces/kube-system/deployments/coredns";
    await waitFor("the cluster's DNS is available", componentNames, () => hasCondition(deployment, "Available"));
}

/** The Git server, until it answers. */
export async function startGitServer(): Promise<void> {
    await startComponent("git");
    // Any answer will do, also "404 Not Found": hence without --fail.
    await waitFor("the Git server answers", ["git"], () => curl("--no-fail", `http://${address}/`));
}

/** The programs that {@link restart} can restart, and how to see that they work again. */
const restarted = {
    "kube-apiserver": () => get("/readyz"),
    kubelet: () => curl("http://127.0.0.1:10248/healthz"),
} satisfies Partial<Record<ComponentName, () => Promise<string | undefined>>>;

export type RestartableName = keyof typeof restarted;
export const restartableNames = Object.keys(restarted) as RestartableName[];

/** Kills one of the node's programs, which leaves it no time for anything, and starts it again, until it answers. */
export async function restart(name: RestartableName): Promise<void> {
    await kill(running(name));
    await startComponent(name);
    await waitFor(`${name} answers again`, [name], restarted[name]);
}

/** Whether there is anything of a sandbox, running or not. */
export function remains(): boolean {
    return existsSync(stateDir) || networkExists() || processesInCgroups().length > 0;
}

/**
 * Takes everything down, whatever state it is in, and removes it: processes, pods, mounts, cgroups, network, files.
 *
 * Only containerd is asked to end in an orderly way, for the sake of its images. The rest is killed, since none of its
 * data is kept: that is quick, and an API server, for one, would wait minutes for an etcd that has ended before it.
 */
export async function takeDown(): Promise<void> {
    // From here on there is no sandbox, only its remains.
    rmSync(state.record, { force: true });
    const processes = recorded();
    const find = (name: ComponentName): ProcessRecord | undefined => processes.find((one) => one.name === name);
    const [kubelet, containerd] = [find("kubelet"), find("containerd")];
    // First, or it would start the pods again.
    if (kubelet) await kill(kubelet);
    if (containerd && isAlive(containerd)) await closeContainerStore(containerd);
    for (const record of processes) await kill(record);
    // What no record names: container shims, commands of `exec`, a process whose record a killed `up` couldn't write.
    for (let pids = await processesInNetwork(); pids.length > 0; pids = await processesInNetwork()) {
        for (const pid of pids) signal(pid, "SIGKILL");
        await sleep(20);
    }
    await removeCgroups();
    restoreKernelSettings();
    await deleteNetwork();
    removeMountPoints();
    rmSync(stateDir, { recursive: true, force: true });
    rmSync(runtimeDir, { force: true });
}
