import { type Generation, servedApis } from "../generation";
import type { KubernetesObject } from "../kubernetesObject";
import { kubernetesVersion, type KubernetesRange, type LockedRelease, type Product, type ReleaseLock } from "./catalog";
import { isDefinition, versionsOf } from "./definitions";
import { DownloadError, withoutCredentials } from "./download";
import { ReleaseError } from "./error";
import { sha256 } from "./files";
import { fluxInstall } from "./fluxInstall";
import { parseRelease } from "./manifest";
import { addressIn, bytesAt, downloadOptions, isUrl } from "./places";
import type { LoadedFile, LoadedRelease, LoadOptions } from "./source";
import { upstream as publishedUpstream, type Upstream, type UpstreamFile } from "./upstream";

/** Where a release comes from that isn't locked yet, and what isn't in its manifests. */
export interface AdditionOptions extends Omit<LoadOptions, "cacheDir"> {
    /** The releases that are locked already: one of them says which Kubernetes the new one needs, if nothing else does. */
    readonly lock: ReleaseLock;
    /** The oldest Kubernetes that the release supports, "1.33". @default what its manifests say, or else as the newest locked one */
    readonly minKubernetes?: string;
    /** @default where upstream publishes its releases */
    readonly upstream?: Upstream;
}

/** A release as it can be locked. */
export interface Addition {
    /** With the hashes that its files have. */
    readonly release: LoadedRelease;
    readonly objects: readonly KubernetesObject[];
    /** Who says so of `release.kubernetes.min`. */
    readonly minKubernetesBy: string;
}

/**
 * Fetches a release that isn't locked yet, from the mirror if one is given, or else from upstream, and finds out what
 * the lock says of a release. Nothing vouches for its bytes but where they come from.
 * @throws ReleaseError for a release that can't be had, or that this program can't install
 */
export async function fetchAddition(product: Product, version: string, options: AdditionOptions): Promise<Addition> {
    if (!/^v\d+\.\d+\.\d+(-[\w.-]+)?$/.test(version)) {
        throw new ReleaseError(`"${version}" must be a version as upstream tags it, such as v1.15.0.`);
    }
    const { files: published, releases } = options.upstream ?? publishedUpstream[product];
    const settled = await Promise.allSettled(published(version).map((file) => fetchFile(file, releases, options)));
    const failures = settled.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
    if (failures.length > 0) {
        throw new ReleaseError(
            [`${product} ${version} can't be had:`, ...failures.map(({ message }) => message)].join("\n"),
        );
    }
    const files = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const objects = parseRelease({ files });
    checkVersion(product, version, objects);
    const generation = generationOf(product, version, objects);
    if (product === "flux") fluxInstall(objects, { version });
    const { by, ...kubernetes } = kubernetesOf(product, version, objects, generation, options);
    return { release: { product, version, files, kubernetes, generation }, objects, minKubernetesBy: by };
}

async function fetchFile(file: UpstreamFile, releases: string, options: AdditionOptions): Promise<LoadedFile> {
    const address = options.mirror === undefined ? file.url! : addressIn(options.mirror, file.name);
    const origin = isUrl(address) ? withoutCredentials(address) : address;
    const problem = (text: string): ReleaseError => new ReleaseError(`  ${file.name}: ${origin}: ${text}`);
    try {
        const bytes = await bytesAt(address, downloadOptions(options));
        if (bytes === undefined) throw problem(`there is no such file. The versions that there are: ${releases}`);
        return { ...file, sha256: sha256(bytes), text: bytes.toString("utf8"), origin };
    } catch (error) {
        if (!(error instanceof DownloadError)) throw error;
        throw problem(`${error.message}. Where upstream can't be reached, --mirror names a folder or base URL.`);
    }
}

/** A file under a wrong name would be locked, and upgraded to, as what it isn't. Flux's manifest doesn't say. */
function checkVersion(product: Product, version: string, objects: readonly KubernetesObject[]): void {
    if (product === "flux") return;
    const labelled = objects.flatMap(({ metadata }) => metadata.labels?.["app.kubernetes.io/version"] ?? []);
    const others = [...new Set(labelled)].filter((one) => one !== version);
    if (others.length > 0) {
        throw new ReleaseError(
            `${product} ${version}: the manifests say that they are of ${others.join(", ")}. Is it the right file?`,
        );
    }
}

/** The kinds that this program writes, by product, and where {@link servedApis} has their API version. */
const kinds = {
    "tekton-pipelines": { Pipeline: "pipelines" },
    "tekton-triggers": { EventListener: "triggers", TriggerBinding: "triggers", TriggerTemplate: "triggers" },
    flux: {
        GitRepository: "source",
        Kustomization: "kustomize",
        Receiver: "receiver",
        Provider: "notification",
        Alert: "notification",
    },
} as const satisfies Record<Product, Record<string, keyof (typeof servedApis)[Generation]>>;

/** The generation whose API versions the release serves; the newest, if several. */
function generationOf(product: Product, version: string, objects: readonly KubernetesObject[]): Generation {
    const served = new Set(
        objects.filter(isDefinition).flatMap((definition) => {
            const { group, names } = definition.spec;
            return versionsOf(definition).served.map((one) => `${group}/${one} ${names.kind}`);
        }),
    );
    const written = (generation: Generation): string[] =>
        Object.entries(kinds[product]).map(([kind, api]) => `${servedApis[generation][api]} ${kind}`);
    const generation = (["v1", "2020"] as const).find((one) => written(one).every((kind) => served.has(kind)));
    if (generation !== undefined) return generation;
    const missing = written("v1").filter((kind) => !served.has(kind));
    throw new ReleaseError(
        `${product} ${version} doesn't serve ${missing.join(", ")}, which this program writes. Choose a version that does.`,
    );
}

/** Knative, which Tekton's controllers are built on, reads the oldest version that they start on from this variable. */
const minimumVariable = /"name":"KUBERNETES_MIN_VERSION","value":"v(1\.\d+)/;

function kubernetesOf(
    product: Product,
    version: string,
    objects: readonly KubernetesObject[],
    generation: Generation,
    { minKubernetes, lock }: AdditionOptions,
): KubernetesRange & { readonly by: string } {
    // Kubernetes 1.22 removed it.
    const max = objects.some(({ apiVersion }) => apiVersion === "apiextensions.k8s.io/v1beta1") ? { max: "1.21" } : {};
    if (minKubernetes !== undefined) {
        if (!kubernetesVersion.safeParse(minKubernetes).success) {
            throw new ReleaseError(`"${minKubernetes}" must be a Kubernetes minor version, such as 1.33.`);
        }
        return { min: minKubernetes, ...max, by: "as given" };
    }
    const [, own] = minimumVariable.exec(JSON.stringify(objects)) ?? [];
    if (own !== undefined) return { min: own, ...max, by: "its manifests say so" };
    const [similar] = Object.entries(lock[product])
        .filter(([, entry]) => entry.generation === generation)
        .sort(([a], [b]) => compareVersions(b, a));
    if (similar === undefined) {
        throw new ReleaseError(
            `${product} ${version}: its manifests don't say which Kubernetes it needs. Give it: --min-kubernetes 1.33.`,
        );
    }
    const [likeVersion, { kubernetes }] = similar;
    return { min: kubernetes.min, ...max, by: `taken over from ${likeVersion}; see the release notes` };
}

/** Orders versions as upstream tags them: v1.9.0 before v1.15.0. */
export function compareVersions(a: string, b: string): number {
    return a.localeCompare(b, "en", { numeric: true });
}

/** What the lock keeps of a release. */
export function asLocked({ product, version, files, kubernetes, generation }: LoadedRelease): LockedRelease {
    const locked = files.map(({ name, url, sha256 }) => ({ name, ...(url === undefined ? {} : { url }), sha256 }));
    return { product, version, files: locked, kubernetes, generation };
}
