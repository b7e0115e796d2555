import { execa } from "execa";
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Program, Recipe } from "./recipes";
import { tar, tarSize, type TarEntry } from "./tar";

/** Raise it when what `writeArchive` makes of a recipe changes. */
const format = 2;

const systemFiles = {
    "etc/passwd": [
        "root:x:0:0:root:/root:/bin/sh",
        "nonroot:x:65532:65532:nonroot:/home/nonroot:/bin/sh",
        "nobody:x:65534:65534:nobody:/:/bin/sh",
    ],
    "etc/group": ["root:x:0:", "nonroot:x:65532:", "nobody:x:65534:"],
    // For programs with glibc, so that they ask DNS for hosts' names.
    "etc/nsswitch.conf": ["hosts: files dns"],
};
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/** A recipe whose programs have been found on this machine. */
export interface PreparedImage {
    readonly recipe: Recipe;
    /** Changes with the recipe and with the files. */
    readonly key: string;
    /** Path in the image → file on this machine. */
    readonly files: Readonly<Record<string, string>>;
}

/**
 * Finds the programs of a recipe.
 * @throws Error naming the first that is missing
 */
export async function prepareImage(recipe: Recipe, path: (program: Program) => string): Promise<PreparedImage> {
    const files: Record<string, string> = {};
    for (const [target, program] of Object.entries(recipe.programs)) {
        files[target] = path(program);
        if (!existsSync(path(program))) {
            const remedy =
                "hostFile" in program ? `Install ${program.debianPackage}.` : "Build the sandbox's tools first.";
            throw new Error(`${path(program)}, which the image ${recipe.name} is made of, is missing. ${remedy}`);
        }
        // The sandbox's own are built without cgo, and so static.
        if ("hostFile" in program) {
            for (const library of await sharedLibraries(path(program))) files[library.slice(1)] = library;
        }
    }
    if (existsSync(certificates)) files[certificates.slice(1)] = certificates;
    const hash = createHash("sha256").update(JSON.stringify([format, recipe]));
    for (const [target, file] of Object.entries(files)) {
        // As make does: reading a gigabyte of programs to hash them would take longer than importing what changed.
        const { size, mtimeMs } = await stat(file);
        hash.update(JSON.stringify([target, file, size, mtimeMs]));
    }
    return { recipe, key: hash.digest("hex").slice(0, 16), files };
}

/**
 * Writes an image as an archive for `docker load` and `ctr images import`, unless the folder has it; older ones of the
 * same recipe are removed.
 * @param name The image's name in the archive.
 * @returns the archive's path
 */
export async function writeArchive(image: PreparedImage, name: string, folder: string): Promise<string> {
    const path = join(folder, `${image.recipe.name}-${image.key}.tar`);
    if (existsSync(path)) return path;
    await mkdir(folder, { recursive: true });
    const unfinished = `${path}.tmp`;
    const entries = dockerArchive(image.recipe, await layer(image), name);
    await pipeline(Readable.from(tar(entries)), createWriteStream(unfinished, { highWaterMark: 4 << 20 }));
    await rename(unfinished, path);
    const others = new RegExp(`^${image.recipe.name}-[0-9a-f]{16}\\.tar(\\.tmp)?$`);
    for (const file of await readdir(folder)) {
        if (others.test(file) && join(folder, file) !== path) await rm(join(folder, file), { force: true });
    }
    return path;
}

/** https://github.com/moby/docker-image-spec/blob/v1.3.1/v1.2.md */
async function* dockerArchive(recipe: Recipe, entries: readonly TarEntry[], name: string): AsyncGenerator<TarEntry> {
    const hash = createHash("sha256");
    async function* hashed(): AsyncGenerator<Uint8Array> {
        for await (const chunk of tar(entries)) {
            hash.update(chunk);
            yield chunk;
        }
    }
    yield { path: "layer.tar", size: tarSize(entries), content: hashed() };
    const config = {
        architecture: process.arch === "x64" ? "amd64" : process.arch,
        os: "linux",
        config: {
            User: recipe.user ?? "",
            Entrypoint: recipe.entrypoint,
            Cmd: recipe.command,
            WorkingDir: "/",
            Env: [
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/ko-app",
                "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt",
            ],
            Labels: { "org.opencontainers.image.description": "Built by the flux-to-tekton sandbox, not upstream's" },
        },
        rootfs: { type: "layers", diff_ids: [`sha256:${hash.digest("hex")}`] },
    };
    yield textFile("config.json", JSON.stringify(config));
    yield textFile(
        "manifest.json",
        JSON.stringify([{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }]),
    );
}

async function layer({ recipe, files }: PreparedImage): Promise<TarEntry[]> {
    const entries: TarEntry[] = Object.entries(systemFiles).map(([path, lines]) =>
        textFile(path, `${lines.join("\n")}\n`),
    );
    for (const [path, file] of Object.entries(files)) {
        const { size, mode: hostMode } = await stat(file);
        // Also the dynamic linker is executed.
        const mode = path in recipe.programs || hostMode & 0o111 ? 0o755 : 0o644;
        entries.push({ path, mode, size, content: readInChunks(file) });
    }
    if (recipe.applets) entries.push(...(await applets(files["bin/busybox"] ?? "/bin/busybox")));
    const folders = new Set(entries.flatMap(({ path }) => parents(path)));
    return [
        ...[...folders].sort().map((path) => ({ path })),
        { path: "tmp/", mode: 0o1777 },
        ...entries.sort((a, b) => (a.path < b.path ? -1 : 1)),
    ];
}

/**
 * Paths of the shared libraries that a program needs, the dynamic linker's among them; none for a static program.
 * @throws Error naming those that are missing
 */
export async function sharedLibraries(program: string): Promise<string[]> {
    // It fails for a static program, and says so: https://man7.org/linux/man-pages/man1/ldd.1.html
    const { stdout } = await execa("ldd", [program], { reject: false, env: { LC_ALL: "C" } });
    const missing = [...stdout.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name]) => name);
    if (missing.length > 0) {
        throw new Error(`${program} lacks its shared libraries ${missing.join(", ")}. Reinstall its package.`);
    }
    return [...stdout.matchAll(/(\/\S+) \(0x[0-9a-f]+\)$/gm)].map(([, path]) => path ?? "");
}

async function applets(program: string): Promise<TarEntry[]> {
    const { stdout } = await execa(program, ["--list-full"]);
    const paths = stdout.split("\n").filter((path) => path !== "" && path !== "bin/busybox");
    return paths.map((path) => ({ path, linkTo: "/bin/busybox" }));
}

/** "usr/bin/env" → "usr/", "usr/bin/" */
function parents(path: string): string[] {
    const names = path.split("/").slice(0, -1);
    return names.map((_, index) => `${names.slice(0, index + 1).join("/")}/`);
}

function textFile(path: string, text: string): TarEntry {
    const content = Buffer.from(text);
    return { path, size: content.length, content: [content] };
}

/** Opens the file only when it is its turn. */
async function* readInChunks(file: string): AsyncGenerator<Uint8Array> {
    yield* createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
}
