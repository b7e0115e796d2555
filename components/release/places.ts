import { homedir } from "node:os";
import { join } from "node:path";
import type { ReleaseFile } from "./catalog";
import { download, DownloadError, type DownloadOptions, withoutCredentials } from "./download";
import { readIfPresent, sha256 } from "./files";
import type { LoadOptions } from "./source";

/** Somewhere that release files can be. */
export interface Place {
    readonly name: "mirror" | "cache" | "upstream";
    /** Path or URL of a file there; none if upstream doesn't publish it. */
    address(file: Omit<ReleaseFile, "sha256">): string | undefined;
}

/** The cache of whoever runs the program, as the XDG Base Directory Specification places it. */
export function defaultCacheDir(): string {
    return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "flux-to-tekton", "releases");
}

/** Whether a mirror is a base URL, and not a folder. */
export function isUrl(mirror: string): boolean {
    return /^https?:\/\//i.test(mirror);
}

/** Path or URL of a file in a mirror, or in the cache, which has the same shape. */
export function addressIn(mirror: string, name: string): string {
    return isUrl(mirror) ? `${mirror.replace(/\/+$/, "")}/${name}` : join(mirror, name);
}

/** Every place that a release can be loaded from with these options, in the order in which they are asked. */
export function placesOf({ mirror, cacheDir = defaultCacheDir() }: LoadOptions): Place[] {
    return [
        ...(mirror === undefined ? [] : [{ name: "mirror" as const, address: inFolder(mirror) }]),
        { name: "cache", address: inFolder(cacheDir) },
        { name: "upstream", address: ({ url }) => url },
    ];
}

function inFolder(folder: string): Place["address"] {
    return ({ name }) => addressIn(folder, name);
}

/** The options of a download, with their defaults. */
export function downloadOptions({ timeoutMs, retryDelayMs, log }: LoadOptions): DownloadOptions {
    return {
        timeoutMs: timeoutMs ?? 30_000,
        retryDelayMs: retryDelayMs ?? 1_000,
        log: log ?? (() => undefined),
    };
}

/**
 * The bytes at a path or URL, unverified; none if there is no such file.
 * @throws ReleaseError, or DownloadError, for what can't be read
 */
export async function bytesAt(address: string, options: DownloadOptions): Promise<Buffer | undefined> {
    if (!isUrl(address)) return readIfPresent(address);
    try {
        return await download(address, options);
    } catch (error) {
        if (error instanceof DownloadError && error.status === 404) return undefined;
        throw error;
    }
}

/** What there is of a locked file in a place. */
export interface Finding {
    readonly place: Place["name"];
    readonly state: "ok" | "missing" | "mismatch" | "unreachable" | "unpublished";
    /** Of all but `ok` and `unpublished`: where it was looked for, and why it isn't usable. */
    readonly problem?: string;
}

/** Looks for a locked file in a place, and verifies it. */
export async function find(file: ReleaseFile, place: Place, options: LoadOptions): Promise<Finding> {
    const address = place.address(file);
    if (address === undefined) return { place: place.name, state: "unpublished" };
    const shown = isUrl(address) ? withoutCredentials(address) : address;
    try {
        const bytes = await bytesAt(address, downloadOptions(options));
        if (bytes === undefined) return { place: place.name, state: "missing", problem: `${shown}: not there` };
        const found = sha256(bytes);
        if (found === file.sha256) return { place: place.name, state: "ok" };
        const problem = `${shown}: expected sha256 ${file.sha256}, found ${found} (${bytes.length} bytes)`;
        return { place: place.name, state: "mismatch", problem };
    } catch (error) {
        // Without an answer it is the host that can't be reached, whatever the file.
        const where = error instanceof DownloadError && error.status === undefined ? new URL(shown).origin : shown;
        return { place: place.name, state: "unreachable", problem: `${where}: ${(error as Error).message.trim()}` };
    }
}
