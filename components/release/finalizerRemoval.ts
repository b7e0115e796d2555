import * as pulumi from "@pulumi/pulumi";
import { type ClusterAccess, loadKubeConfig } from "../kubeconfig";
import type { KubernetesObject } from "../kubernetesObject";
import { isDefinition } from "./definitions";

/** Which finalizer to remove, and how to reach the cluster. */
export interface FinalizerRemovalSettings {
    /** The finalizer that only the release's controllers clear: `finalizers.fluxcd.io`. */
    readonly finalizer: string;
    /** As the Kubernetes provider takes it: contents, or a path. @default the ambient one */
    readonly kubeconfig?: pulumi.Input<string>;
    /** @default the kubeconfig's current context */
    readonly kubeContext?: pulumi.Input<string>;
    /** @default the context's cluster */
    readonly kubeCluster?: pulumi.Input<string>;
}

/** Whose finalizers to remove, and when. */
export interface FinalizerRemovalArgs extends FinalizerRemovalSettings {
    /** The release's CustomResourceDefinitions: objects of their kinds are looked at, in all namespaces. */
    readonly definitions: readonly KubernetesObject[];
    /** The release's Deployments. While any of them is there its controllers clear the finalizers, and nothing is done. */
    readonly deployments: readonly KubernetesObject[];
}

/**
 * A resource that is there for the sake of its removal: between that of a release's controllers and that of its
 * CustomResourceDefinitions it removes the controllers' finalizer from every object that is left, as `flux uninstall`
 * does. A definition's removal waits for its objects, theirs for the finalizer, and nobody is there to clear it.
 *
 * A dynamic provider (https://www.pulumi.com/docs/iac/concepts/resources/dynamic-providers/), so the code below stands
 * in the stack's state, and `pulumi destroy` runs it without the program.
 */
export class FinalizerRemoval extends pulumi.CustomResource {
    constructor(name: string, args: FinalizerRemovalArgs, opts?: pulumi.CustomResourceOptions) {
        const kinds: Kind[] = args.definitions.filter(isDefinition).map(({ spec }) => {
            const stored = spec.versions?.find(({ storage }) => storage)?.name ?? spec.version!;
            return { group: spec.group, version: stored, plural: spec.names.plural };
        });
        const deployments: Deployment[] = args.deployments.map(({ metadata }) => ({
            name: metadata.name,
            namespace: metadata.namespace!,
        }));
        super(
            "pulumi-nodejs:dynamic/release:FinalizerRemoval",
            name,
            {
                __provider: code,
                finalizer: args.finalizer,
                kinds,
                deployments,
                kubeconfig: args.kubeconfig,
                kubeContext: args.kubeContext,
                kubeCluster: args.kubeCluster,
            },
            { ...opts, additionalSecretOutputs: ["kubeconfig"] },
        );
    }
}

interface Kind {
    readonly group: string;
    readonly version: string;
    readonly plural: string;
}

interface Deployment {
    readonly namespace: string;
    readonly name: string;
}

interface State extends ClusterAccess {
    readonly finalizer: string;
    readonly kinds: readonly Kind[];
    readonly deployments: readonly Deployment[];
}

/** Runs in the provider's own process, from its text alone: it may refer to nothing outside of itself. */
async function removeFinalizers(
    { finalizer, kinds, deployments, ...access }: State,
    load: typeof loadKubeConfig,
): Promise<void> {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- see above
    const k8s = require("@kubernetes/client-node") as typeof import("@kubernetes/client-node");
    const cluster = load(access);

    const ifFound = async <T>(request: Promise<T>): Promise<T | undefined> =>
        request.catch((error: unknown) => {
            if (error instanceof k8s.ApiException && error.code === 404) return undefined;
            throw error;
        });
    // A replacement of this resource removes the old one while the controllers live.
    const apps = cluster.makeApiClient(k8s.AppsV1Api);
    const found = await Promise.all(deployments.map((one) => ifFound(apps.readNamespacedDeployment(one))));
    if (found.some((one) => one !== undefined && one.metadata?.deletionTimestamp === undefined)) return;

    const api = cluster.makeApiClient(k8s.CustomObjectsApi);
    for (const kind of kinds) {
        type List = { items: { metadata: { name: string; namespace?: string; finalizers?: string[] } }[] };
        const list = (await ifFound(api.listCustomObjectForAllNamespaces({ ...kind }))) as List | undefined;
        for (const { metadata } of list?.items ?? []) {
            if (!metadata.finalizers?.includes(finalizer)) continue;
            const finalizers = metadata.finalizers.filter((one) => one !== finalizer);
            const body = [
                { op: "test", path: "/metadata/finalizers", value: metadata.finalizers },
                { op: "replace", path: "/metadata/finalizers", value: finalizers },
            ];
            const { name, namespace } = metadata;
            await ifFound(
                namespace === undefined
                    ? api.patchClusterCustomObject({ ...kind, name, body })
                    : api.patchNamespacedCustomObject({ ...kind, name, namespace, body }),
            );
        }
    }
}

/**
 * The provider as a text. The SDK's own class for dynamic resources would write one like it, by taking the functions
 * apart at run time, at the price of a third of a second at each start.
 */
const code = `
const loadKubeConfig = ${loadKubeConfig.toString()};
const removeFinalizers = ${removeFinalizers.toString()};
exports.handler = () => ({
    create: async (inputs) => ({ id: "finalizers", outs: inputs }),
    update: async (id, olds, news) => ({ outs: news }),
    delete: async (id, state) => removeFinalizers(state, loadKubeConfig),
});
`;
