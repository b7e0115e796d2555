/** What a tar archive holds. Owner is root and the time 1970, so that the same content gives the same bytes. */
export interface TarEntry {
    /** Relative, at most 100 bytes; a directory's ends in a slash. */
    readonly path: string;
    /** Permission bits. @default 0o644, directories and links 0o755 */
    readonly mode?: number;
    /** Makes it a symbolic link. */
    readonly linkTo?: string;
    /** A file's content: as many bytes as `size` says. @default empty */
    readonly content?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
    /** Bytes. @default 0 */
    readonly size?: number;
}

const block = 512;

/** Bytes of the archive that `tar` makes of the entries. */
export function tarSize(entries: Iterable<TarEntry>): number {
    let size = 2 * block;
    for (const entry of entries) size += block + Math.ceil((entry.size ?? 0) / block) * block;
    return size;
}

/**
 * Streams a tar archive (POSIX ustar): https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html
 * @throws Error for a path that is too long, or content of another size than announced
 */
export async function* tar(entries: Iterable<TarEntry> | AsyncIterable<TarEntry>): AsyncGenerator<Uint8Array> {
    for await (const entry of entries) {
        const size = entry.size ?? 0;
        yield header(entry, size);
        let written = 0;
        for await (const chunk of entry.content ?? []) {
            written += chunk.length;
            yield chunk;
        }
        if (written !== size) throw new Error(`${entry.path} has ${written} bytes instead of ${size}: it was changed.`);
        yield Buffer.alloc((block - (size % block)) % block);
    }
    yield Buffer.alloc(2 * block);
}

function header(entry: TarEntry, size: number): Buffer {
    const directory = entry.path.endsWith("/");
    const type = directory ? "5" : entry.linkTo ? "2" : "0";
    const bytes = Buffer.alloc(block);
    const octal = (value: number, offset: number, digits: number): void => {
        bytes.write(value.toString(8).padStart(digits, "0"), offset, "ascii");
    };
    for (const [text, offset] of [
        [entry.path, 0],
        [entry.linkTo ?? "", 157],
    ] as const) {
        if (bytes.write(text, offset, 100) !== Buffer.byteLength(text)) {
            throw new Error(`${text} is longer than the 100 bytes that a tar header has room for.`);
        }
    }
    octal(entry.mode ?? (type === "0" ? 0o644 : 0o755), 100, 7);
    octal(0, 108, 7); // owner
    octal(0, 116, 7); // group
    octal(size, 124, 11);
    octal(0, 136, 11); // time
    bytes.write(type, 156);
    bytes.write("ustar\u000000", 257);
    // The checksum is of the header with blanks in its place.
    bytes.fill(" ", 148, 156);
    octal(
        bytes.reduce((sum, byte) => sum + byte, 0),
        148,
        6,
    );
    bytes[154] = 0;
    return bytes;
}
