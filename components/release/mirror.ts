import { join } from "node:path";
import type { LockedRelease } from "./catalog";
import { ReleaseError } from "./error";
import { readIfPresent, sha256, writeWhole } from "./files";
import { loadRelease, type LoadOptions } from "./source";

/** A file of a mirror. */
export interface MirroredFile {
    readonly name: string;
    /** Whether it had to be written: it wasn't there, or wasn't what is locked. */
    readonly written: boolean;
}

/**
 * Puts a release's files into a folder, under their locked names, for `releaseMirror` to name: what is there and has the
 * locked hash stays, the rest is loaded and verified, and written as a whole or not at all.
 * @param options where the files come from
 * @throws ReleaseError
 */
export async function mirrorRelease(
    release: LockedRelease,
    folder: string,
    options: LoadOptions,
): Promise<MirroredFile[]> {
    const there = await Promise.all(
        release.files.map(async ({ name, sha256: locked }) => {
            const bytes = await readIfPresent(join(folder, name));
            return bytes !== undefined && sha256(bytes) === locked;
        }),
    );
    const missing = release.files.filter((_, index) => !there[index]);
    const loaded = missing.length === 0 ? [] : (await loadRelease({ ...release, files: missing }, options)).files;
    for (const { name, text } of loaded) {
        try {
            writeWhole(join(folder, name), text);
        } catch (error) {
            throw new ReleaseError(`${join(folder, name)} can't be written: ${(error as Error).message}`);
        }
    }
    return release.files.map(({ name }, index) => ({ name, written: !there[index] }));
}
