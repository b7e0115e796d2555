import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, statSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { openMounts, processesInMounts } from "../../../sandbox/node/mounts";

/** Starts a process in a mount namespace of its own, and gives its pid and how to end it. */
async function inOwnMounts(): Promise<{ pid: number; end(): Promise<unknown> }> {
    const child = spawn("unshare", ["--mount", "sleep", "60"], { stdio: "ignore" });
    const own = statSync("/proc/self/ns/mnt").ino;
    while (statSync(`/proc/${child.pid}/ns/mnt`).ino === own) await sleep(5);
    const end = (): Promise<unknown> => {
        child.kill("SIGKILL");
        return once(child, "exit");
    };
    return { pid: child.pid!, end };
}

describe("the processes of a mount namespace", () => {
    it("are those in it, such as this one in its own", () => {
        const mounts = openMounts(process.pid);
        expect(processesInMounts(mounts)).to.include(process.pid);
        closeSync(mounts);
    });

    it("are none once they have ended, and never those of the next namespace", async function () {
        // Root in a container may not either.
        if (spawnSync("unshare", ["--mount", "true"]).status !== 0) return this.skip();
        const first = await inOwnMounts();
        const mounts = openMounts(first.pid);
        expect(processesInMounts(mounts)).to.deep.equal([first.pid]);
        await first.end();
        // The kernel would give it the first one's number, if that weren't held open.
        const next = await inOwnMounts();
        expect(processesInMounts(mounts)).to.deep.equal([]);
        await next.end();
        closeSync(mounts);
    });
});
