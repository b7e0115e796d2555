import { existsSync } from "node:fs";
import { relative } from "node:path";
import {
    type LoadedRelease,
    loadRelease,
    lockedRelease,
    type LockedRelease,
    parseRelease,
    type Product,
    readLock,
    ReleaseError,
} from "../../components/release";
import { type Addition, asLocked, fetchAddition } from "../../components/release/addition";
import { compareReleases } from "../../components/release/comparison";
import { addToLock, builtInLockPath, isLocked } from "../../components/release/lockFile";
import { defaultVersion, here, log, type Sources, sourcesOf, versionKey } from "./sources";
import { comparisonText, kubernetesRange } from "./text";

interface AddOptions extends Sources {
    readonly against?: string;
    readonly minKubernetes?: string;
    readonly dryRun?: boolean;
}

/** `releases add`: downloads a release, shows what it changes, and locks it. */
export async function add(product: Product, version: string, options: AddOptions): Promise<void> {
    const sources = sourcesOf(options);
    // The first release that is added to a lock file makes it.
    const lock = readLock(sources.lock !== undefined && existsSync(sources.lock) ? sources.lock : undefined);
    const { minKubernetes } = options;
    const addition = await fetchAddition(product, version, { mirror: sources.mirror, minKubernetes, lock, log });
    const { release } = addition;
    for (const { name, origin, sha256 } of release.files) console.log(`${sha256}  ${name}  ${origin}`);
    if (isLocked(release, lock)) return console.log(`${product} ${version} is locked already, with these bytes.`);

    const current = lockedRelease(product, options.against ?? defaultVersion(product), lock);
    console.log(`\n${product} ${version}, compared with ${current.version}`);
    await compare(addition, current, sources);

    if (options.dryRun) return console.log("\nNot locked, because of --dry-run.");
    const file = options.lock ?? builtInLockPath;
    addToLock(file, asLocked(release));
    console.log(`\nLocked in ${relative(here("."), file)}. To install it, set the stack's ${versionKey[product]}.`);
}

async function compare(
    { release, objects, minKubernetesBy }: Addition,
    current: LockedRelease,
    sources: Sources,
): Promise<void> {
    const { version, kubernetes, generation } = release;
    try {
        const before = { version: current.version, objects: parseRelease(await loadAnywhere(current, sources)) };
        console.log(comparisonText(compareReleases(before, { version, objects })));
    } catch (error) {
        if (!(error instanceof ReleaseError)) throw error;
        console.log(`They can't be compared: ${error.message}`);
    }
    const was = (before: string, now: string): string => (before === now ? now : `${now}, was ${before}`);
    const range = was(kubernetesRange(current.kubernetes), kubernetesRange(kubernetes));
    console.log(`Kubernetes: ${range} (${minKubernetesBy})`);
    console.log(`Generation: ${was(current.generation, generation)}`);
}

/** The mirror may have the new release only. */
async function loadAnywhere(release: LockedRelease, { mirror }: Sources): Promise<LoadedRelease> {
    const elsewhere = (): Promise<LoadedRelease> => loadRelease(release, { log });
    return mirror === undefined ? elsewhere() : loadRelease(release, { mirror, log }).catch(elsewhere);
}
