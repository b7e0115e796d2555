import type { KubeConfig } from "@kubernetes/client-node";
import type { KubernetesObject } from "../components/kubernetesObject";
import { isDefinition } from "../components/release";
import { PreflightError } from "./preflight";

/** What is of interest here of a CustomResourceDefinition on the cluster. */
interface LiveDefinition {
    readonly metadata: { readonly name: string };
    readonly status?: { readonly storedVersions?: readonly string[] };
}

/**
 * Checks that each CustomResourceDefinition still has the versions in which the cluster has stored its objects. It may
 * lack one in a release that is much older or newer than the installed one; the API server would refuse it in the middle
 * of an update, with half the release changed.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
 * @param cluster nothing is checked without one
 * @param manifests what the stack would install, by product
 * @throws PreflightError
 */
export async function checkStoredVersions(
    cluster: KubeConfig | undefined,
    manifests: Readonly<Record<string, readonly KubernetesObject[]>>,
): Promise<void> {
    if (cluster === undefined) return;
    const { CustomObjectsApi } = await import("@kubernetes/client-node");
    // As plain objects: the client's own class for them takes seconds to read their schemas.
    const { items } = (await cluster.makeApiClient(CustomObjectsApi).listClusterCustomObject({
        ...{ group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" },
    })) as { items: readonly LiveDefinition[] };
    const stored = new Map(items.map(({ metadata, status }) => [metadata.name, status?.storedVersions ?? []]));
    const problems = Object.entries(manifests).flatMap(([product, objects]) =>
        objects.filter(isDefinition).flatMap(({ metadata: { name }, spec }) => {
            const versions = spec.versions?.map((version) => version.name) ?? [spec.version];
            const lacking = (stored.get(name) ?? []).filter((version) => !versions.includes(version));
            if (lacking.length === 0) return [];
            return [
                `${product}: ${name} has objects stored as ${lacking.join(", ")}; the release knows ${versions.join(", ")}`,
            ];
        }),
    );
    if (problems.length === 0) return;
    throw new PreflightError(
        `the cluster has objects in versions that these releases don't know:\n${problems.map((line) => `  - ${line}`).join("\n")}\nChoose releases that know them. Or store the objects in a version that both know, and take the other out of the CustomResourceDefinition's status.storedVersions: \`flux migrate\` does so for Flux.`,
    );
}
