import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { LockedRelease, ReleaseFile } from "./catalog";
import { download, DownloadError, type DownloadOptions, withoutCredentials } from "./download";
import { ReleaseError } from "./error";
import { readIfPresent, sha256, writeWhole } from "./files";
import { addressIn, defaultCacheDir, downloadOptions, isUrl } from "./places";

/** Where a release's bytes may come from. */
export interface LoadOptions {
    /**
     * A folder, or an http(s) base URL, that holds the files under their locked names. When given, it is the only
     * source: neither the cache nor upstream is asked.
     */
    readonly mirror?: string;
    /** Has the shape of a mirror folder. @default $XDG_CACHE_HOME/flux-to-tekton/releases, or below ~/.cache */
    readonly cacheDir?: string;
    /** Is told of downloads that take longer than two seconds, of retries, and of cache entries that can't be used. */
    readonly log?: (message: string) => void;
    /** Milliseconds for one attempt at one file, from the request to the last byte. @default 30000 */
    readonly timeoutMs?: number;
    /** Milliseconds before the first retry of a transient fault; doubles with each. @default 1000 */
    readonly retryDelayMs?: number;
}

/** A release file whose bytes have been verified. */
export interface LoadedFile extends ReleaseFile {
    /** The file's content. */
    readonly text: string;
    /** Where the bytes came from, a path or URL: for error messages. */
    readonly origin: string;
}

/** A release with the verified text of its files. */
export interface LoadedRelease extends LockedRelease {
    readonly files: readonly LoadedFile[];
}

/**
 * Loads a release's files and verifies each one's sha256, whatever source it comes from: the mirror if one is given,
 * or else the cache, or else upstream (into the cache).
 * @throws ReleaseError naming every file that couldn't be had, from where, why, and what to do.
 */
export async function loadRelease(release: LockedRelease, options: LoadOptions = {}): Promise<LoadedRelease> {
    const settled = await Promise.allSettled(release.files.map((file) => loadFile(file, options)));
    const failures = settled.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
    const unexpected = failures.find((failure) => !(failure instanceof ReleaseError));
    if (unexpected !== undefined) {
        throw unexpected;
    }
    if (failures.length > 0) {
        throw new ReleaseError(
            [
                `${release.product} ${release.version} can't be used:`,
                ...failures.map((failure) => (failure as ReleaseError).message),
            ].join("\n"),
        );
    }
    return { ...release, files: settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : [])) };
}

async function loadFile(file: ReleaseFile, options: LoadOptions): Promise<LoadedFile> {
    const downloading = downloadOptions(options);
    if (options.mirror === undefined) {
        return fromCacheOrUpstream(file, options.cacheDir ?? defaultCacheDir(), downloading);
    }
    return isUrl(options.mirror)
        ? fromMirrorUrl(file, options.mirror, downloading)
        : fromMirrorFolder(file, options.mirror);
}

async function fromMirrorFolder(file: ReleaseFile, mirror: string): Promise<LoadedFile> {
    const path = addressIn(mirror, file.name);
    const bytes = await readIfPresent(path);
    if (bytes) {
        return verified(file, bytes, path, `Put the locked file there${published(file)}.`);
    }
    const folder = await stat(mirror).catch(() => undefined);
    throw new ReleaseError(
        folder?.isDirectory()
            ? `  ${file.name}: the release mirror ${mirror} doesn't have it (sha256 ${file.sha256}). ` +
                  `Put it there${published(file)}.`
            : `  ${file.name}: the release mirror ${mirror} is not a folder. ${mirrorAdvice}`,
    );
}

async function fromMirrorUrl(file: ReleaseFile, mirror: string, options: DownloadOptions): Promise<LoadedFile> {
    const url = addressIn(mirror, file.name);
    try {
        return verified(file, await download(url, options), withoutCredentials(url), "Correct the mirror's copy.");
    } catch (error) {
        if (!(error instanceof DownloadError)) {
            throw error;
        }
        const what = error.status === 404 ? "the release mirror doesn't have it" : "the release mirror can't be read";
        throw new ReleaseError(
            `  ${file.name}: ${what}: ${withoutCredentials(url)}: ${error.message}. ` +
                `Put the file with sha256 ${file.sha256} there${published(file)}, or name another mirror ` +
                "with RELEASE_MIRROR or the config key releaseMirror.",
        );
    }
}

async function fromCacheOrUpstream(file: ReleaseFile, dir: string, options: DownloadOptions): Promise<LoadedFile> {
    const path = join(dir, file.name);
    const cached = await readIfPresent(path);
    if (cached && sha256(cached) === file.sha256) {
        return { ...file, text: cached.toString("utf8"), origin: path };
    }
    if (file.url === undefined) {
        throw new ReleaseError(
            `  ${file.name}: upstream doesn't publish this file, so it can come from a release mirror only. ` +
                `${mirrorAdvice} The mirror must hold ${file.name} with sha256 ${file.sha256}.`,
        );
    }
    if (cached) {
        options.log(`${path} has sha256 ${sha256(cached)}, locked is ${file.sha256}: fetching it again`);
    }
    let bytes: Buffer;
    try {
        bytes = await download(file.url, options);
    } catch (error) {
        if (!(error instanceof DownloadError)) {
            throw error;
        }
        throw new ReleaseError(
            `  ${file.name}: the download from ${withoutCredentials(file.url)} failed: ${error.message}. ${mirrorAdvice}`,
        );
    }
    const loaded = verified(
        file,
        bytes,
        file.url,
        "Don't use it: it is damaged, or not what was locked. Compare the hash with the one that upstream publishes. " +
            mirrorAdvice,
    );
    try {
        writeWhole(path, bytes);
    } catch (error) {
        options.log(`${file.name} can't be kept in the cache ${dir}: ${(error as Error).message}`);
    }
    return loaded;
}

const mirrorAdvice =
    "RELEASE_MIRROR or the config key releaseMirror can name a mirror: a folder or base URL that holds the file.";

/** " (upstream publishes it at …)", where upstream does. */
function published(file: ReleaseFile): string {
    return file.url === undefined ? "" : ` (upstream publishes it at ${file.url})`;
}

function verified(file: ReleaseFile, bytes: Buffer, origin: string, advice: string): LoadedFile {
    const found = sha256(bytes);
    if (found !== file.sha256) {
        throw new ReleaseError(
            [
                `  ${file.name}: ${origin} doesn't have the locked sha256.`,
                `    expected ${file.sha256}`,
                `    found    ${found} (${bytes.length} bytes)`,
                `    ${advice}`,
            ].join("\n"),
        );
    }
    return { ...file, text: bytes.toString("utf8"), origin };
}
