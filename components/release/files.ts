import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { ReleaseError } from "./error";

/** Of bytes: 64 lower-case hex digits. */
export function sha256(bytes: Buffer): string {
    return createHash("sha256").update(bytes).digest("hex");
}

/** @throws ReleaseError for a file that is there and can't be read */
export async function readIfPresent(path: string): Promise<Buffer | undefined> {
    try {
        return await readFile(path);
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code === "ENOENT" || code === "ENOTDIR") {
            return undefined;
        }
        throw new ReleaseError(`  ${path} can't be read: ${message}`);
    }
}

/**
 * Writes a file, and the folders above it, so that it is there as a whole or not at all: for programs that read it
 * meanwhile, after a failure, and for a program that ends at a signal which it handles, since nothing comes in between.
 * @throws what the file system throws
 */
export function writeWhole(path: string, content: Buffer | string): void {
    const partial = `${path}.${process.pid}.partial`;
    mkdirSync(dirname(path), { recursive: true });
    try {
        writeFileSync(partial, content);
        renameSync(partial, path);
    } catch (error) {
        rmSync(partial, { force: true });
        throw error;
    }
}
