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

/** Kills the processes of all pods, and waits until they are gone. */
export async function killPods(): Promise<void> {
    for (let pids = processesInCgroups(); pids.length > 0; pids = processesInCgroups()) {
        for (const pid of pids) signal(pid, "SIGKILL");
        await sleep(20);
    }
}

/** Kills the pods' processes, and removes the cgroup with all that is below it. */
export async function removeCgroups(): Promise<void> {
    await killPods();
    // A cgroup stays busy for a moment after its last process has ended.
    for (let attempt = 1; ; attempt++) {
        try {
            for (const dir of cgroups().flatMap(descendants)) rmdirSync(dir);
            return;
        } catch (error) {
            if (attempt === 50) throw error;
            await sleep(50);
        }
    }
}

/** A cgroup and all below it, the deepest first. */
function descendants(dir: string): string[] {
    const children = ifThere(() => readdirSync(dir, { withFileTypes: true }));
    if (!children) return [];
    const below = children.filter((child) => child.isDirectory());
    return [...below.flatMap((child) => descendants(join(dir, child.name))), dir];
}

function processesIn(dir: string): number[] {
    const pids = ifThere(() => readFileSync(join(dir, "cgroup.procs"), "utf8")) ?? "";
    return pids.split("\n").filter(Boolean).map(Number);
}

/** Pods come and go, and their cgroups with them: undefined for one that has just gone. */
function ifThere<T>(read: () => T): T | undefined {
    try {
        return read();
    } catch (error) {
        if (["ENOENT", "ENODEV"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
        throw error;
    }
}
