import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
    imagesIn,
    loadRelease,
    lockedRelease,
    parseRelease,
    readLock,
    ReleaseError,
    type LoadedRelease,
    type LockedRelease,
    type ReleaseLock,
} from "../../components/release";
import { program, type SandboxOptions, type ToolName } from "../tools";
import * as assemble from "./assemble";
import { lockedVersion } from "./goModules";

/** Where the programs that run in the sandbox get their release manifests from. */
export interface PreparedReleases {
    /** Folder for RELEASE_MIRROR. */
    mirror?: string;
    /** File for RELEASE_LOCK: for assembled manifests, whose bytes aren't upstream's, and for a mirror with one. */
    lock?: string;
    how: "mirror" | "upstream" | "assembled";
    /** Every image reference in the manifests. */
    images: readonly string[];
}

type Version = readonly [product: LockedRelease["product"], version: string];

/** The sandbox's images are built from the same versions. */
function versions({ previousTekton }: SandboxOptions): Version[] {
    const tekton = (pipelines: ToolName, triggers: ToolName): Version[] => [
        ["tekton-pipelines", lockedVersion(pipelines, "github.com/tektoncd/pipeline")],
        ["tekton-triggers", lockedVersion(triggers, "github.com/tektoncd/triggers")],
    ];
    return [
        ...tekton("tekton-pipelines", "tekton-triggers"),
        ["flux", "v2.9.4"],
        ...(previousTekton ? tekton("tekton-pipelines-v1.12", "tekton-triggers-v0.36") : []),
    ];
}

/** The release mirror beside the checkout: a folder that several checkouts share. */
const besideCheckout = join(__dirname, "..", "..", "..", "shared", "releases");

/**
 * Finds the manifests of the releases that the sandbox has images for: in the mirror that RELEASE_MIRROR names, in the
 * one beside the checkout, upstream, or else assembled from Go modules. Later calls find what an earlier one stored.
 * They are always in a folder in the end, since a URL can't be reached from inside.
 * @param options.cacheDir For what is downloaded or assembled. Inside the sandbox nothing can be downloaded.
 * @throws ReleaseError for a mirror that lacks a file or has another than the locked one; Error when nothing works
 */
export async function prepareReleases(options: {
    cacheDir: string;
    /** Of the sandbox that is to have their images. */
    sandbox?: SandboxOptions;
    log(line: string): void;
}): Promise<PreparedReleases> {
    const { cacheDir, log } = options;
    const wanted = versions(options.sandbox ?? {});
    const ownMirror = process.env["RELEASE_MIRROR"] ?? (existsSync(besideCheckout) ? besideCheckout : undefined);
    if (ownMirror) {
        const ownLock = process.env["RELEASE_LOCK"];
        const lock = readLock(ownLock);
        const mirror = isUrl(ownMirror) ? join(cacheDir, "mirror") : resolve(ownMirror);
        if (isUrl(ownMirror)) await copyMirror(ownMirror, mirror, wanted, lock, log);
        const images = await imagesOf(wanted, lock, { mirror, log });
        return { mirror, ...(ownLock ? { lock: resolve(ownLock) } : {}), how: "mirror", images };
    }
    const assembled = join(cacheDir, "assembled");
    const again = await usable(assembled, wanted);
    if (again) {
        log(`using the manifests assembled from Go modules in ${assembled}; without it, upstream is asked again`);
        return again;
    }
    const upstream = join(cacheDir, "upstream");
    try {
        const images = await imagesOf(wanted, readLock(), { cacheDir: upstream, log, timeoutMs: 15_000 });
        return { mirror: upstream, how: "upstream", images };
    } catch (error) {
        if (!(error instanceof ReleaseError)) throw error;
        log(`Upstream's manifests can't be had: ${error.message}\nAssembling them from Go modules.`);
    }
    await assembleInto(assembled, log, wanted);
    const prepared = await usable(assembled, wanted);
    if (!prepared) throw new Error(`The manifests just assembled in ${assembled} can't be read.`);
    return prepared;
}

/** Whether a release mirror is a base URL, and not a folder. */
export function isUrl(mirror: string): boolean {
    return /^https?:\/\//i.test(mirror);
}

/** Copies what the sandbox needs of a mirror that can't be reached from inside. What the folder has already stays. */
async function copyMirror(
    url: string,
    folder: string,
    wanted: readonly Version[],
    lock: ReleaseLock,
    log: (line: string) => void,
): Promise<void> {
    try {
        await load(wanted, lock, { mirror: folder });
    } catch (error) {
        if (!(error instanceof ReleaseError)) throw error;
        const loaded = await load(wanted, lock, { mirror: url, log });
        await mkdir(folder, { recursive: true });
        for (const { name, text } of loaded.flatMap(({ files }) => files)) await writeFile(join(folder, name), text);
    }
}

type ReleaseSource = Parameters<typeof loadRelease>[1];

async function load(wanted: readonly Version[], lock: ReleaseLock, source: ReleaseSource): Promise<LoadedRelease[]> {
    const releases = wanted.map(([product, version]) => lockedRelease(product, version, lock));
    return Promise.all(releases.map((release) => loadRelease(release, source)));
}

async function imagesOf(wanted: readonly Version[], lock: ReleaseLock, source: ReleaseSource): Promise<string[]> {
    return imagesIn((await load(wanted, lock, source)).flatMap(parseRelease));
}

const lockName = "releases.lock.json";

/** What was assembled earlier, if it is whole and has these versions. */
async function usable(folder: string, wanted: readonly Version[]): Promise<PreparedReleases | undefined> {
    const lock = join(folder, lockName);
    if (!existsSync(lock)) return undefined;
    try {
        const images = await imagesOf(wanted, readLock(lock), { mirror: folder });
        return { mirror: folder, lock, how: "assembled", images };
    } catch (error) {
        if (error instanceof ReleaseError) return undefined;
        throw error;
    }
}

/**
 * Assembles the releases into a folder that is a mirror: the files under their locked names, and a lock with the hashes
 * that these bytes have. The folder is there as a whole or not at all.
 * @param kubectl @default the sandbox's own
 */
export async function assembleInto(
    folder: string,
    log: (line: string) => void,
    wanted = versions({}),
    kubectl = program("kubernetes", "kubectl"),
): Promise<void> {
    const texts: Record<LockedRelease["product"], (version: string) => Promise<string[]>> = {
        "tekton-pipelines": async (version) => [await assemble.tektonPipelines(version)],
        "tekton-triggers": async (version) => {
            const { release, interceptors } = await assemble.tektonTriggers(version);
            return [release, interceptors];
        },
        flux: async (version) => {
            const { install, leftOut } = await assemble.flux(version, kubectl);
            for (const reason of leftOut) log(`Flux without ${reason}`);
            return [install];
        },
    };
    const unfinished = `${folder}.partial`;
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true });
    const lock: Record<string, Record<string, Omit<LockedRelease, "product" | "version">>> = {};
    for (const [product, version] of wanted) {
        log(`assembling ${product} ${version} from Go modules`);
        const { files, kubernetes, generation } = lockedRelease(product, version);
        const own = (await texts[product](version)).map((text, index) => {
            const name = files[index]?.name ?? `${product}-${version}-${index}.yaml`;
            return { name, text, sha256: createHash("sha256").update(text).digest("hex") };
        });
        for (const { name, text } of own) await writeFile(join(unfinished, name), text);
        lock[product] = {
            ...lock[product],
            [version]: { files: own.map(({ name, sha256 }) => ({ name, sha256 })), kubernetes, generation },
        };
    }
    await writeFile(join(unfinished, lockName), JSON.stringify(lock, undefined, 4));
    await rm(folder, { recursive: true, force: true });
    await rename(unfinished, folder);
}
