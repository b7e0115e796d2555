import { resolve } from "node:path";
import { lockedRelease, type LockedRelease, type Product, products, readLock } from "../../components/release";
import { find, isUrl, placesOf } from "../../components/release/places";
import { keyTypes } from "../../stacks/config";
import { readSettings } from "../../stacks/settings";

/** Where manifests and locks are: folder or base URL, and file. */
export interface Sources {
    readonly mirror?: string;
    readonly lock?: string;
}

/** The options that say which releases, and where they come from. */
export interface ReleaseOptions extends Sources {
    readonly stack?: string;
}

/** Progress and retries: not part of a command's result. */
export const log = (message: string): void => console.error(message);

/** npm runs scripts in the project's folder; a path is meant where its caller is. */
export const here = (path: string): string => resolve(process.env.INIT_CWD ?? process.cwd(), path);

/** A mirror as given: a path is meant where its caller is. */
export const folderOrUrl = (text: string): string => (isUrl(text) ? text : here(text));

/** What is given goes before the stack's config, and that before the environment, as for the program. */
export function sourcesOf({ mirror, lock, stack }: ReleaseOptions): Sources {
    const { RELEASE_MIRROR, RELEASE_LOCK } = process.env;
    return {
        mirror: mirror ?? setting(stack, "releaseMirror") ?? (RELEASE_MIRROR ? folderOrUrl(RELEASE_MIRROR) : undefined),
        lock: lock ?? setting(stack, "releaseLock") ?? (RELEASE_LOCK ? here(RELEASE_LOCK) : undefined),
    };
}

/** The releases that the stack installs; without one, all that are locked. */
export function releasesOf(options: ReleaseOptions): LockedRelease[] {
    const lock = readLock(sourcesOf(options).lock);
    return products.flatMap((product) => {
        const chosen = setting(options.stack, versionKey[product]);
        const versions = chosen === undefined ? Object.keys(lock[product]) : [chosen];
        return versions.map((version) => lockedRelease(product, version, lock));
    });
}

/** The stack config's keys for the versions. */
export const versionKey = {
    "tekton-pipelines": "tektonPipelinesVersion",
    "tekton-triggers": "tektonTriggersVersion",
    flux: "fluxVersion",
} as const satisfies Record<Product, string>;

/** The version that a stack installs if its config doesn't say. */
export function defaultVersion(product: Product): string {
    return keyTypes()[versionKey[product]]!.default as string;
}

/** A value of a stack's config, as text; an empty one counts as not set. */
export function setting(stack: string | undefined, key: string): string | undefined {
    if (stack === undefined) return undefined;
    const { project, config } = readSettings(stack);
    return config[`${project}:${key}`] || undefined;
}

/** The places, without asking upstream, that have all of a release's files, and the right ones. */
export async function placesAtHand(release: LockedRelease, sources: Sources): Promise<string[]> {
    const near = placesOf(sources).filter(({ name }) => name !== "upstream");
    const found = await Promise.all(
        near.map(async (place) => {
            const findings = await Promise.all(release.files.map((file) => find(file, place, { ...sources, log })));
            return findings.every(({ state }) => state === "ok") ? [place.name] : [];
        }),
    );
    return found.flat();
}
