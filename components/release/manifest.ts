import type { KubernetesObject } from "../kubernetesObject.js";
import type { LoadedRelease } from "./source.js";

/** A release's objects, sorted by the order in which a cluster can take them; each keeps the manifest's order. */
export interface Phases {
    readonly namespaces: readonly KubernetesObject[];
    /** CustomResourceDefinitions. */
    readonly definitions: readonly KubernetesObject[];
    /** Everything that is in none of the other lists: RBAC, configuration, Services, workloads … */
    readonly objects: readonly KubernetesObject[];
    /** Validating and mutating webhook configurations: after the workloads that answer them. */
    readonly webhookConfigurations: readonly KubernetesObject[];
    /** Objects whose kind one of `definitions` defines: once the webhooks that judge them serve. */
    readonly customResources: readonly KubernetesObject[];
    /**
     * Workloads behind the Service that a custom resource names in `spec.clientConfig.service`. They write their
     * certificate into those custom resources when they start (and only much later again), so they come last; whoever
     * waits for the certificate on the custom resource must not make these wait for it.
     */
    readonly customResourceServers: readonly KubernetesObject[];
}

/**
 * Parses a manifest as `kubectl apply` does: YAML 1.1 scalars, several documents, empty ones skipped, lists flattened.
 * @param origin The file or URL, for error messages.
 * @throws ReleaseError for text that isn't YAML, a duplicate key, something that isn't a Kubernetes object, or the same
 * object twice; the message names origin, document and line.
 */
export function parseManifest(text: string, origin: string): KubernetesObject[] {
    throw new Error(`not written yet ${text} ${origin}`);
}

/** Parses all files of a release, in order. @throws ReleaseError as parseManifest does, also for an object in two files */
export function parseRelease(release: LoadedRelease): KubernetesObject[] {
    throw new Error(`not written yet ${release}`);
}

/** Identifies an object within a cluster, whatever version of its API it is written in: "apps/Deployment ns/name". */
export function objectId(object: KubernetesObject): string {
    throw new Error(`not written yet ${object}`);
}

/** A CustomResourceDefinition without the descriptions in its schemas, which are most of its bytes; others unchanged. */
export function withoutDescriptions(object: KubernetesObject): KubernetesObject {
    throw new Error(`not written yet ${object}`);
}

/** Sorts a release's objects into the phases in which to apply them. */
export function phasesOf(objects: readonly KubernetesObject[]): Phases {
    throw new Error(`not written yet ${objects}`);
}
