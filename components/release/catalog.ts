import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Generation } from "../generation";
import { nearest } from "../suggest";
import { ReleaseError } from "./error";
import builtInLock from "./releases.lock.json";

/** What can be installed from a release manifest. */
export const products = ["tekton-pipelines", "tekton-triggers", "flux"] as const;
/** One of {@link products}. */
export type Product = (typeof products)[number];

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
    /** The oldest. */
    readonly min: string;
    /** The newest. @default none: every later one */
    readonly max?: string;
}

/** A release as the lock pins it. */
export interface LockedRelease {
    /** What is released. */
    readonly product: Product;
    /** As upstream tags it, with the leading "v": "v1.15.0". */
    readonly version: string;
    /** In the order in which upstream says to apply them. */
    readonly files: readonly ReleaseFile[];
    /** What it runs on. */
    readonly kubernetes: KubernetesRange;
    /** Which API versions it serves. */
    readonly generation: Generation;
}

/** Every locked release: product → version → what is locked. */
export type ReleaseLock = Readonly<Record<Product, Readonly<Record<string, LockEntry>>>>;
/** What the lock says of one version of a product. */
export type LockEntry = Omit<LockedRelease, "product" | "version">;

/** A Kubernetes minor version. @internal */
export const kubernetesVersion = z.string().regex(/^1\.\d+$/, 'expected a Kubernetes minor version like "1.33"');
const lockEntry = z.strictObject({
    files: z
        .array(
            z.strictObject({
                // A plain name: it is joined to the folder of the mirror and of the cache.
                name: z.string().regex(/^\w[\w.+-]*$/, "expected a plain file name, without a folder"),
                url: z.url({ protocol: /^https?$/, error: "expected an http(s) URL" }).optional(),
                sha256: z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hex digits"),
            }),
        )
        .min(1),
    kubernetes: z.strictObject({ min: kubernetesVersion, max: kubernetesVersion.optional() }),
    generation: z.enum(["2020", "v1"]),
});
const productEntries = z
    .record(z.string().regex(/^v\d/, 'expected a version with its leading "v"'), lockEntry)
    .default({});
const lockSchema = z.strictObject({
    "tekton-pipelines": productEntries,
    "tekton-triggers": productEntries,
    flux: productEntries,
});

/**
 * Reads the lock.
 * @param path A further lock file (JSON) of the same shape as releases.lock.json, for releases of one's own with their
 * own hashes; its entries extend and override the built-in ones.
 * @throws ReleaseError if the file can't be read or isn't a lock; the message names the file and each wrong key.
 */
export function readLock(path?: string): ReleaseLock {
    const builtIn = checkLock(builtInLock, "releases.lock.json");
    if (path === undefined) {
        return builtIn;
    }
    let own: unknown;
    try {
        own = JSON.parse(readFileSync(path, "utf8"));
    } catch (error) {
        throw new ReleaseError(`The release lock ${path} can't be read: ${(error as Error).message}`);
    }
    const further = checkLock(own, path);
    return {
        "tekton-pipelines": { ...builtIn["tekton-pipelines"], ...further["tekton-pipelines"] },
        "tekton-triggers": { ...builtIn["tekton-triggers"], ...further["tekton-triggers"] },
        flux: { ...builtIn.flux, ...further.flux },
    };
}

/**
 * Checks that a value is a lock.
 * @param path The file it is from, for the error's message.
 * @throws ReleaseError naming each wrong key
 * @internal
 */
export function checkLock(lock: unknown, path: string): ReleaseLock {
    const result = lockSchema.safeParse(lock);
    if (!result.success) {
        const problems = result.error.issues.map(
            (issue) => `  ${issue.path.map(String).join(" → ")}: ${issue.message}`,
        );
        throw new ReleaseError(
            [
                `The release lock ${path} isn't valid:`,
                ...problems,
                `It maps one of ${products.join(", ")} to versions, and each version to its files (name, sha256, url), ` +
                    `kubernetes (min, max) and generation ("v1" or "2020").`,
            ].join("\n"),
        );
    }
    return result.data;
}

/**
 * Looks a release up.
 * @param version With its leading "v".
 * @param lock @default the built-in lock
 * @throws ReleaseError for a version that isn't locked; the message lists those that are, and the nearest.
 */
export function lockedRelease(product: Product, version: string, lock: ReleaseLock = readLock()): LockedRelease {
    const entry = Object.hasOwn(lock[product], version) ? lock[product][version] : undefined;
    if (!entry) {
        const known = Object.keys(lock[product]);
        const suggestion = nearest(version, known);
        throw new ReleaseError(
            `${product}: "${version}" is not one of the locked versions ${known.join(", ")}.` +
                (suggestion ? ` Did you mean ${suggestion}?` : "") +
                ` To lock another one: npm run releases -- add ${product} VERSION.`,
        );
    }
    return { product, version, ...entry };
}
