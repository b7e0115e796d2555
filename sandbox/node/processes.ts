import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lastLines } from "../format";
import { projectDir, state } from "../paths";
import { searchPath } from "../machine";
import { inNetwork } from "./network";

/** One process of the sandbox, told apart from any other that may get the same pid later, even after a reboot. */
export interface ProcessRecord {
    readonly name: string;
    readonly pid: number;
    /** When the process started, in clock ticks since boot (proc(5), stat, field 22). */
    readonly startTime: string;
    /** The kernel's id of this boot. */
    readonly bootId: string;
}

const bootId = (): string => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();

/**
 * Start time from the text of /proc/PID/stat; undefined for a process that has ended and only waits for its parent to
 * notice (a zombie). The command, in parentheses, may itself contain spaces and parentheses.
 */
export function parseStartTime(stat: string): string | undefined {
    const [processState, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return processState === "Z" || processState === "X" ? undefined : fields[18];
}

function startTime(pid: number): string | undefined {
    try {
        return parseStartTime(readFileSync(`/proc/${pid}/stat`, "utf8"));
    } catch {
        return undefined;
    }
}

/** Whether exactly the recorded process is running. */
export function isAlive(record: ProcessRecord): boolean {
    return record.bootId === bootId() && startTime(record.pid) === record.startTime;
}

/** A process that was killed ends thread by thread: it counts as a zombie while others still hold its ports. */
function threads(pid: number): number {
    try {
        return readdirSync(`/proc/${pid}/task`).length;
    } catch {
        return 0;
    }
}

/** The log of one of the sandbox's processes. */
export const logFile = (name: string): string => join(state.logs, `${name}.log`);

/**
 * Starts a process inside the network that goes on when this one ends; what it writes goes to {@link logFile}.
 *
 * @param name what the record, the log and messages call it
 */
export async function start(name: string, command: string, args: readonly string[]): Promise<void> {
    mkdirSync(state.logs, { recursive: true });
    mkdirSync(state.processes, { recursive: true });
    const log = openSync(logFile(name), "a");
    const [nsenter, ...rest] = inNetwork(command, args);
    const child = spawn(nsenter, rest, {
        cwd: projectDir,
        detached: true,
        stdio: ["ignore", log, log],
        // Nothing of the caller's environment: a proxy variable, say, would send the cluster's own traffic to it.
        env: { PATH: searchPath(), HOME: state.configuration },
    });
    closeSync(log);
    await once(child, "spawn");
    child.unref();
    const pid = child.pid as number;
    const record: ProcessRecord = { name, pid, startTime: startTime(pid) ?? "", bootId: bootId() };
    writeFileSync(join(state.processes, `${name}.json`), JSON.stringify(record));
}

/** The processes that were started, running or not. */
export function recorded(): ProcessRecord[] {
    if (!existsSync(state.processes)) return [];
    return readdirSync(state.processes).flatMap((file) => {
        const text = readFileSync(join(state.processes, file), "utf8");
        // A killed `up` may leave an empty file; what it had started is then found by its network namespace.
        return text ? [JSON.parse(text) as ProcessRecord] : [];
    });
}

/** The record of a process that runs. */
export function running(name: string): ProcessRecord {
    const record = recorded().find((one) => one.name === name && isAlive(one));
    if (!record) throw new Error(`${name} is not running. ${logEnd(name)}`);
    return record;
}

/** Kills a recorded process and waits until it is gone. Never touches another that has its pid by now. */
export async function kill(record: ProcessRecord): Promise<void> {
    if (isAlive(record)) {
        signal(record.pid, "SIGKILL");
        while (isAlive(record) || threads(record.pid) > 1) await sleep(10);
    }
    rmSync(join(state.processes, `${record.name}.json`), { force: true });
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
    try {
        process.kill(pid, name);
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}

/**
 * Waits until `condition` gives something other than undefined or false, and gives that.
 *
 * @param what ends the sentence "… did not happen in time", such as "the API server answers"
 * @param names processes without which there is no use in waiting
 * @param seconds at most
 * @throws when one of the processes ended, or the time is over, with the end of the log
 */
export async function waitFor<T>(
    what: string,
    names: readonly string[],
    condition: () => Promise<T | undefined | false>,
    seconds = 180,
): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
        const result = await condition();
        if (result !== undefined && result !== false) return result;
        for (const record of recorded().filter(({ name }) => names.includes(name))) {
            if (isAlive(record)) continue;
            throw new Error(`${record.name} ended while waiting until ${what}. ${logEnd(record.name)}`);
        }
        if (Date.now() > deadline) {
            throw new Error(`Waited ${seconds} s in vain until ${what}.\n${names.map(logEnd).join("\n")}`);
        }
        await sleep(100);
    }
}

const logEnd = (name: string): string => `The end of ${logFile(name)}:\n${lastLines(logFile(name), 15)}`;
