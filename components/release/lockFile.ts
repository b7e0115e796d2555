import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { compareVersions } from "./addition";
import { checkLock, type LockedRelease, type ReleaseLock } from "./catalog";
import { ReleaseError } from "./error";
import { writeWhole } from "./files";

/** The lock that every stack has. */
export const builtInLockPath = join(__dirname, "releases.lock.json");

/**
 * Says whether a release is locked already.
 * @throws ReleaseError if it is, with other files or hashes: a version stands for the same bytes for ever
 */
export function isLocked(release: LockedRelease, lock: ReleaseLock): boolean {
    const { product, version } = release;
    const entry = Object.hasOwn(lock[product], version) ? lock[product][version] : undefined;
    if (entry === undefined) return false;
    const list = (files: LockedRelease["files"]): string[] => files.map(({ name, sha256 }) => `${sha256}  ${name}`);
    const [before, now] = [list(entry.files), list(release.files)];
    if (before.join() === now.join()) return true;
    throw new ReleaseError(
        [
            `${product} ${version} is locked already, with other bytes:`,
            ...before.map((line) => `  locked ${line}`),
            ...now.map((line) => `  found  ${line}`),
            "Upstream doesn't change a release, so find out who did. If you trust the new bytes, remove the entry first.",
        ].join("\n"),
    );
}

/**
 * Adds a release to a lock file, newest versions first, and writes the file as a whole or not at all; a file that isn't
 * there is made.
 * @throws ReleaseError if the file isn't a lock, or can't be written
 */
export function addToLock(path: string, { product, version, ...entry }: LockedRelease): void {
    const text = existsSync(path) ? readFileSync(path, "utf8") : "{}";
    let lock: Partial<Record<string, Record<string, unknown>>>;
    try {
        lock = JSON.parse(text) as typeof lock;
    } catch (error) {
        throw new ReleaseError(`The release lock ${path} can't be read: ${(error as Error).message}`);
    }
    checkLock(lock, path);
    const entries = Object.entries({ ...lock[product], [version]: entry });
    const extended = { ...lock, [product]: Object.fromEntries(entries.sort(([a], [b]) => compareVersions(b, a))) };
    checkLock(extended, path);
    try {
        writeWhole(path, `${JSON.stringify(extended, undefined, 4)}\n`);
    } catch (error) {
        throw new ReleaseError(`The release lock ${path} can't be written: ${(error as Error).message}`);
    }
}
