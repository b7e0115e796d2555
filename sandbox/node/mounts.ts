import {
    existsSync,
    fstatSync,
    mkdirSync,
    openSync,
    readdirSync,
    readFileSync,
    rmdirSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { containerStore, state } from "../paths";
import type { Component } from "./components";

/**
 * Folders that containerd, its shims, the kubelet and CNI take for their own, some of them whatever they are told. They
 * run in a mount namespace in which these are the sandbox's: another container runtime or kubelet of this machine isn't
 * disturbed, and every mount of every pod is gone with the last process.
 */
const ownFolders: readonly (readonly [folder: string, outside: string])[] = [
    ["/run/containerd", join(state.mounts, "run-containerd")],
    ["/var/lib/containerd", containerStore],
    ["/var/lib/kubelet", join(state.mounts, "lib-kubelet")],
    ["/var/lib/cni", join(state.mounts, "lib-cni")],
    ["/var/log/containers", join(state.mounts, "log-containers")],
    ["/var/log/pods", join(state.mounts, "log-pods")],
];

/** The command in a new mount namespace with the sandbox's folders, which {@link createOwnFolders} has made. */
export function inNewMounts({ command, args }: Component): Component {
    const script = [
        // Mounts of its pods are shared among the containers that ask for it, but not with the machine.
        "mount --make-rshared /",
        `while [ "$1" != -- ]; do mount --bind "$2" "$1"; shift 2; done`,
        "shift",
        'exec "$@"',
    ].join("\n");
    const shell = ["sh", "-ec", script, "sh", ...ownFolders.flat(), "--", command, ...args];
    return { command: "unshare", args: ["--mount", "--propagation", "private", "--", ...shell] };
}

/** Makes the folders that {@link inNewMounts} mounts, and their mount points. */
export function createOwnFolders(): void {
    mkdirSync(state.mounts, { recursive: true });
    const missing = ownFolders.map(([folder]) => folder).filter((folder) => !existsSync(folder));
    writeFileSync(mountPointsFile, missing.join("\n"));
    for (const dir of ownFolders.flat()) mkdirSync(dir, { recursive: true });
}

/** Notes which mount points are ours. */
const mountPointsFile = join(state.mounts, "mount-points");

/** Removes the mount points that {@link createOwnFolders} made, unless someone else has begun to use them. */
export function removeMountPoints(): void {
    if (!existsSync(mountPointsFile)) return;
    for (const folder of readFileSync(mountPointsFile, "utf8").split("\n").filter(existsSync)) {
        if (readdirSync(folder).length === 0) rmdirSync(folder);
    }
}

/** The command in the mount namespace of a running process. */
export function inMountsOf(pid: number, { command, args }: Component): Component {
    return { command: "nsenter", args: [`--mount=${mountsOf(pid)}`, "--", command, ...args] };
}

/**
 * The mount namespace that a running process is in, as an open file. Once it isn't held so, and nobody is in it any more,
 * the kernel gives its number to the next one: a container of someone else's, perhaps.
 */
export const openMounts = (pid: number): number => openSync(mountsOf(pid), "r");

const mountsOf = (pid: number): string => `/proc/${pid}/ns/mnt`;

/**
 * The processes in a mount namespace: in containerd's there are also the kubelet and the shims of the containers.
 * @param mounts see {@link openMounts}
 */
export function processesInMounts(mounts: number): number[] {
    const { ino } = fstatSync(mounts);
    const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    return pids.map(Number).filter((pid) => {
        try {
            return statSync(mountsOf(pid)).ino === ino;
        } catch {
            // It has ended.
            return false;
        }
    });
}

/** Empties the folders that a reboot empties. Nothing may be running in them. */
export function clearRunFolders(): void {
    for (const [folder, outside] of ownFolders) {
        if (!folder.startsWith("/run/")) continue;
        for (const entry of readdirSync(outside)) rmSync(join(outside, entry), { recursive: true });
    }
}
