import type { LockedRelease, ReleaseFile } from "./catalog.js";

/** Where a release's bytes may come from. */
export interface LoadOptions {
    /**
     * A folder, or an http(s) base URL, that holds the files under their locked names. When given, it is the only
     * source: neither the cache nor upstream is asked.
     */
    readonly mirror?: string;
    /** @default $XDG_CACHE_HOME/flux-to-tekton/releases, or below ~/.cache */
    readonly cacheDir?: string;
    /** Is told of downloads that take longer than two seconds, of retries, and of dropped cache entries. */
    readonly log?: (message: string) => void;
    /** Milliseconds for one attempt at one file, first byte to last. @default 60000 */
    readonly timeoutMs?: number;
    /** Milliseconds before the first retry of a transient fault; doubles with each. @default 1000 */
    readonly retryDelayMs?: number;
}

/** A release file whose bytes have been verified. */
export interface LoadedFile extends ReleaseFile {
    readonly text: string;
    /** Where the bytes came from, a path or URL: for error messages. */
    readonly origin: string;
}

/** A release with the verified text of its files. */
export interface LoadedRelease extends LockedRelease {
    readonly files: readonly LoadedFile[];
}

/**
 * Loads a release's files and verifies each one's sha256, whatever source it comes from.
 * @throws ReleaseError naming every file that couldn't be had, from where, why, and what to do.
 */
export async function loadRelease(release: LockedRelease, options: LoadOptions = {}): Promise<LoadedRelease> {
    throw new Error(`not written yet ${release} ${options}`);
}
