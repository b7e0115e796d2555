import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cacheDir, containerStore } from "../paths";
import { toolDir, toolNames } from "../tools";
import { killPods } from "./cgroups";
import { ctr } from "./components";
import { isAlive, type ProcessRecord, signal } from "./processes";
import { run } from "./run";

/** Says that the store holds images alone, no container, and which builds they are of. */
const cleanMarker = join(cacheDir, "containerd.clean");

const builds = (): string => createHash("sha256").update(toolNames.map(toolDir).join("\n")).digest("hex");

/** Makes the store ready for containerd: an empty one, unless the last sandbox left a clean one of the same builds. */
export function openContainerStore(): void {
    const clean = existsSync(cleanMarker) && readFileSync(cleanMarker, "utf8") === builds();
    // Until it is closed it counts as unclean, so that one of a killed sandbox isn't used again.
    rmSync(cleanMarker, { force: true });
    if (!clean) rmSync(containerStore, { recursive: true, force: true });
    mkdirSync(containerStore, { recursive: true });
}

/**
 * Ends a running containerd and all pods such that its store can be used again. Where that can't be done in some
 * seconds, the store stays unclean, and the next sandbox begins with an empty one.
 *
 * @param containerd its process; the kubelet must have ended
 */
export async function closeContainerStore(containerd: ProcessRecord): Promise<void> {
    if (!(await removeContainers())) return;
    const usedBy = builds();
    signal(containerd.pid, "SIGTERM");
    for (let i = 0; i < 100 && isAlive(containerd); i++) await sleep(50);
    if (!isAlive(containerd)) writeFileSync(cleanMarker, usedBy);
}

async function removeContainers(): Promise<boolean> {
    const ids = async (kind: "containers" | "tasks"): Promise<string[] | undefined> =>
        (await run(ctr([kind, "ls", "-q"]), { reject: false }))?.split("\n").filter(Boolean);
    for (let i = 0; i < 20; i++) {
        await killPods();
        const [tasks, containers] = [await ids("tasks"), await ids("containers")];
        if (!tasks || !containers) return false;
        if (containers.length === 0) return true;
        // Failures are of no account: containerd itself removes the tasks whose processes have ended.
        if (tasks.length > 0) await run(ctr(["tasks", "rm", "--force", ...tasks]), { reject: false });
        await run(ctr(["containers", "rm", ...containers]), { reject: false });
    }
    return false;
}
