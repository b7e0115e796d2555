import { closeSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createCgroups, processesInCgroups, removeCgroups } from "./cgroups";
import { containerdSocket } from "./configuration";
import { clearRunFolders, openMounts, processesInMounts } from "./mounts";
import { resetNetwork } from "./network";
import { isAlive, kill, recorded, running, signal } from "./processes";

/** What no reboot of the node ends: it stands for another machine. */
const elsewhere = "git";

/**
 * Ends whatever a reboot of the node would end, at once and without notice, and wipes what it would wipe: mounts and
 * what was in memory behind them, /run, cgroups, the pods' network, packet filters. The files on disk stay as they are.
 *
 * It is no reboot: the kernel goes on. So nothing is lost that was written and not yet on disk, and the node's boot id
 * stays. The network stays with the node's address, as the Git server and the commands of `exec` are in it, too.
 */
export async function endNode(): Promise<void> {
    const records = recorded().filter(({ name }) => name !== elsewhere);
    const mounts = openMounts(running("containerd").pid);
    const left = (): number[] => [
        ...records.filter(isAlive).map(({ pid }) => pid),
        ...processesInMounts(mounts),
        ...processesInCgroups(),
    ];
    for (let pids = left(); pids.length > 0; pids = left()) {
        for (const pid of pids) signal(pid, "SIGKILL");
        await sleep(20);
    }
    closeSync(mounts);
    for (const record of records) await kill(record);
    await removeCgroups();
    createCgroups();
    await resetNetwork();
    clearRunFolders();
    rmSync(containerdSocket, { force: true });
}
