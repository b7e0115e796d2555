import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { lockFile } from "./paths";

/**
 * Runs `work` while no other sandbox command of this machine changes the sandbox; waits for one that does.
 *
 * The kernel's own lock (flock) is held by a helper that ends with this process, even a killed one, so there is no
 * stale lock to recognise.
 */
export async function withLock<T>(work: () => Promise<T>, log: (line: string) => void): Promise<T> {
    closeSync(openSync(lockFile, "a"));
    let holder = await flock("--nonblock");
    if (!holder) {
        const pid = readFileSync(lockFile, "utf8").trim();
        log(`Another sandbox command is at work (process ${pid || "unknown"}): waiting for it to end …`);
        holder = await flock();
    }
    if (!holder) throw new Error(`flock could not lock ${lockFile}.`);
    writeFileSync(lockFile, `${process.pid}\n`);
    try {
        return await work();
    } finally {
        holder.stdin?.end();
    }
}

/** The process that holds the lock until its stdin is closed; undefined when another has it (with --nonblock). */
async function flock(...options: string[]): Promise<ChildProcess | undefined> {
    // In a session of its own: a terminal's Ctrl-C must not take the lock away before its owner has ended.
    const child = spawn("flock", [...options, "--exclusive", lockFile, "sh", "-c", "echo locked; exec cat"], {
        stdio: ["pipe", "pipe", "inherit"],
        detached: true,
    });
    const ended = once(child, "exit").then(() => undefined);
    const locked = once(child.stdout, "data").then(() => child);
    return Promise.race([locked, ended]);
}
