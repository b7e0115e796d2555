/** What can be installed from a release manifest. */
export const products = ["tekton-pipelines", "tekton-triggers", "flux"] as const;
export type Product = (typeof products)[number];

/** API generation that a release serves: today's ("v1"), or that of late 2020 (v1beta1 and v1alpha1). */
export type Generation = "2020" | "v1";

/** One manifest file of a release. */
export interface ReleaseFile {
    /** The file's name in a mirror and in the cache. */
    readonly name: string;
    /** Where upstream publishes these bytes; absent where upstream doesn't, and only a mirror can have them. */
    readonly url?: string;
    /** Of the file's bytes, 64 lower-case hex digits. */
    readonly sha256: string;
}

/** Kubernetes versions ("1.33") that a release supports, both inclusive. */
export interface KubernetesRange {
    readonly min: string;
    readonly max?: string;
}

/** A release as the lock pins it. */
export interface LockedRelease {
    readonly product: Product;
    /** As upstream tags it, with the leading "v": "v1.15.0". */
    readonly version: string;
    /** In the order in which upstream says to apply them. */
    readonly files: readonly ReleaseFile[];
    readonly kubernetes: KubernetesRange;
    readonly generation: Generation;
}

/** Every locked release: product → version → what is locked. */
export type ReleaseLock = Readonly<
    Record<Product, Readonly<Record<string, Omit<LockedRelease, "product" | "version">>>>
>;

/**
 * Reads the lock.
 * @param path A further lock file, of the same shape, whose entries extend and override the built-in ones.
 * @throws ReleaseError if the file can't be read or isn't a lock; the message names the file and each wrong key.
 */
export function readLock(path?: string): ReleaseLock {
    throw new Error(`not written yet ${path}`);
}

/**
 * Looks a release up.
 * @param version With its leading "v".
 * @param lock @default the built-in lock
 * @throws ReleaseError for a version that isn't locked; the message lists those that are, and the nearest.
 */
export function lockedRelease(product: Product, version: string, lock: ReleaseLock = readLock()): LockedRelease {
    throw new Error(`not written yet ${product} ${version} ${lock}`);
}
