import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { signal } from "./processes";

/** The cgroup that the kubelet keeps all pods in: what runs in it is the sandbox's, whoever else runs containers here. */
export const cgroupName = "flux-to-tekton-sandbox";

const mountPoint = "/sys/fs/cgroup";

/** Our cgroup in every hierarchy: cgroup v2 has one, v1 one per controller. */
function cgroups(): string[] {
    const roots = existsSync(join(mountPoint, "cgroup.controllers"))
        ? [mountPoint]
        : readdirSync(mountPoint).map((name) => join(mountPoint, name));
    return roots.filter((root) => existsSync(join(root, "cgroup.procs"))).map((root) => join(root, cgroupName));
}

/** Creates the cgroup, which the kubelet wants to find. */
export function createCgroups(): void {
    for (const dir of cgroups()) {
        mkdirSync(dir, { recursive: true });
        // cgroup v1 alone: a new cpuset is empty, and nothing can run in it before it has processors and memory.
        for (const file of ["cpuset.cpus", "cpuset.mems"]) {
            if (existsSync(join(dir, file)) && existsSync(join(dir, "..", "cpuset.mems")) && !isVersion2()) {
                writeFileSync(join(dir, file), readFileSync(join(dir, "..", file)));
            }
        }
    }
}

const isVersion2 = (): boolean => existsSync(join(mountPoint, "cgroup.controllers"));

/** The processes of all pods. */
export function processesInCgroups(): number[] {
    const pids = cgroups().flatMap((dir) => descendants(dir).flatMap(processesIn));
    return [...new Set(pids)];
}

/** Kills the pods' processes, and removes the cgroup with all that is below it. */
export async function removeCgroups(): Promise<void> {
    for (;;) {
        const pids = processesInCgroups();
        if (pids.length === 0) break;
        for (const pid of pids) signal(pid, "SIGKILL");
        await sleep(20);
    }
    for (const dir of cgroups().flatMap(descendants)) rmdirSync(dir);
}

/** A cgroup and all below it, the deepest first. */
function descendants(dir: string): string[] {
    if (!existsSync(dir)) return [];
    const children = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...children.flatMap((child) => descendants(join(dir, child.name))), dir];
}

function processesIn(dir: string): number[] {
    return readFileSync(join(dir, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
}
