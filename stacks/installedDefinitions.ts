import type { KubeConfig } from "@kubernetes/client-node";
import type { KubernetesObject } from "../components/kubernetesObject";
import { isDefinition } from "../components/release";
import { PreflightError } from "./preflight";

type Manifests = Readonly<Record<string, readonly KubernetesObject[]>>;

/**
 * Those of the manifests' CustomResourceDefinitions that the cluster has, as it has them.
 * @param cluster without one there are none
 * @param manifests what the stack would install, by product
 */
export async function installedDefinitions(
    cluster: KubeConfig | undefined,
    manifests: Manifests,
): Promise<KubernetesObject[]> {
    if (cluster === undefined) return [];
    const { ApiException, CustomObjectsApi } = await import("@kubernetes/client-node");
    // As plain objects: the client's own class for them takes seconds to read their schemas.
    const api = cluster.makeApiClient(CustomObjectsApi);
    const collection = { group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions" };
    const definitions = Object.values(manifests).flat().filter(isDefinition);
    const found = await Promise.all(
        definitions.map(async ({ metadata: { name } }) => {
            try {
                return [(await api.getClusterCustomObject({ ...collection, name })) as KubernetesObject];
            } catch (error) {
                if (error instanceof ApiException && error.code === 404) return [];
                throw error;
            }
        }),
    );
    return found.flat();
}

/**
 * Checks that each CustomResourceDefinition still has the versions in which the cluster has stored its objects. It may
 * lack one in a release that is much older or newer than the installed one; the API server would refuse it in the middle
 * of an update, with half the release changed.
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/
 * @param installed those that the cluster has
 * @param manifests what the stack would install, by product
 * @throws PreflightError
 */
export function checkStoredVersions(installed: readonly KubernetesObject[], manifests: Manifests): void {
    const stored = new Map(
        installed.map(({ metadata, status }) => [
            metadata.name,
            (status as { storedVersions?: readonly string[] } | undefined)?.storedVersions ?? [],
        ]),
    );
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
