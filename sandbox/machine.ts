import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { freemem } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** Where administrators' programs are, which a plain user's PATH may lack. */
const systemPath = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** The caller's PATH and, after it, the system's folders. */
export function searchPath(): string {
    const own = (process.env.PATH ?? "").split(delimiter).filter(Boolean);
    return [...new Set([...own, ...systemPath])].join(delimiter);
}

/** Path of a command in {@link searchPath}, or undefined. */
export function findCommand(name: string): string | undefined {
    return searchPath()
        .split(delimiter)
        .map((dir) => join(dir, name))
        .find(isExecutable);
}

/** Whether this process may execute the file. */
export function isExecutable(file: string): boolean {
    try {
        accessSync(file, constants.X_OK);
        return true;
    } catch {
        return false;
    }
}

/** Free bytes for this user on the file system that holds `dir`, or will hold it. */
export async function freeBytes(dir: string): Promise<number> {
    if (!existsSync(dir)) return freeBytes(dirname(dir));
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize;
}

/** Bytes of memory that programs can still have, caches given up. */
export function availableMemory(): number {
    const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    return kibibytes ? Number(kibibytes) * 1024 : freemem();
}
