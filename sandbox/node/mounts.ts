import { existsSync, mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { state } from "../paths";
import type { Component } from "./components";

/**
 * Folders that containerd, its shims, the kubelet and CNI take for their own, some of them whatever they are told. They
 * run in a mount namespace in which these are folders of the sandbox's state: another container runtime or kubelet of
 * this machine isn't disturbed, and every mount of every pod is gone with the last process.
 */
const ownFolders = [
    "/run/containerd",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/lib/cni",
    "/var/log/containers",
    "/var/log/pods",
] as const;

/** Where a folder of the mount namespace is outside of it. */
const outside = (folder: string): string => join(state.mounts, folder);

/** The command in a new mount namespace with the sandbox's folders; makes those that are missing. */
export function inNewMounts({ command, args }: Component): Component {
    const script = [
        // Mounts of its pods are shared among the containers that ask for it, but not with the machine.
        "mount --make-rshared /",
        ...ownFolders.map((folder) => `mount --bind "$1${folder}" ${folder}`),
        "shift",
        'exec "$@"',
    ].join("\n");
    return {
        command: "unshare",
        args: ["--mount", "--propagation", "private", "--", "sh", "-ec", script, "sh", state.mounts, command, ...args],
    };
}

/** Makes the folders that {@link inNewMounts} mounts, and those that it mounts them on. */
export function createOwnFolders(): void {
    for (const folder of ownFolders) {
        mkdirSync(outside(folder), { recursive: true });
        mkdirSync(folder, { recursive: true });
    }
}

/** Removes the folders that only served as mount points. */
export function removeMountPoints(): void {
    for (const folder of ownFolders.filter((one) => existsSync(one))) {
        try {
            rmdirSync(folder);
        } catch {
            // Not empty: someone else's.
        }
    }
}

/** The command in the mount namespace of a running process. */
export function inMountsOf(pid: number, { command, args }: Component): Component {
    return { command: "nsenter", args: [`--mount=/proc/${pid}/ns/mnt`, "--", command, ...args] };
}
