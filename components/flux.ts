import type * as pulumi from "@pulumi/pulumi";
import { dockerConfig } from "./dockerConfig";
import type { ImagePullSecretArgs } from "./imagePullSecret";
import type { KubernetesObject } from "./kubernetesObject";
import { KubernetesResource } from "./kubernetesResource";
import { ReleaseError } from "./release/error";
import type { FinalizerRemovalSettings } from "./release/finalizerRemoval";
import { Release, type ReleaseArgs } from "./release/release";

/**
 * `objects` are those of `fluxInstall`: what `flux bootstrap` would install. `kubeconfig` and `kubeContext` are those
 * of the provider: the removal of finalizers reaches the cluster by itself. @see ReleaseArgs
 */
export interface FluxArgs extends Omit<ReleaseArgs, "namespaces">, Omit<FinalizerRemovalSettings, "finalizer"> {
    /** Makes the Secret with which the controllers' images are pulled. @default none */
    readonly imagePullSecret?: Omit<ImagePullSecretArgs, "namespaces"> & {
        /** The one that Flux is installed in. */
        readonly namespace: string;
    };
}

/**
 * Flux's controllers: https://fluxcd.io/flux/components/. Ready when each of them is. Its removal leaves what Flux
 * deployed, and never waits for a Flux object that is still there, as `flux uninstall` doesn't.
 */
export class Flux extends Release {
    constructor(name: string, args: FluxArgs, opts?: pulumi.ComponentResourceOptions) {
        const { kubeconfig, kubeContext, kubeCluster } = args;
        const finalizers = { finalizer: "finalizers.fluxcd.io", kubeconfig, kubeContext, kubeCluster };
        super("flux-to-tekton:flux:Flux", name, args, opts, finalizers);
        if (args.imagePullSecret !== undefined) {
            const { secretName, namespace, registries, credentials } = args.imagePullSecret;
            // Beside the Deployments, not before them: they wait for it until their images are pulled.
            new KubernetesResource(
                `${name}-image-pull-secret`,
                {
                    apiVersion: "v1",
                    kind: "Secret",
                    metadata: { name: secretName, namespace },
                    ...dockerConfig(registries, credentials),
                },
                { parent: this, dependsOn: Object.values(this.namespaces) },
            );
        }
        this.registerOutputs({ version: this.version });
    }
}

/**
 * Lets only one namespace, that of the ingress, reach the Receivers. Flux's own policy `allow-webhooks` lets all of them.
 * @throws ReleaseError if the objects have no such policy
 */
export function withWebhookIngress(objects: readonly KubernetesObject[], namespace: string): KubernetesObject[] {
    const isPolicy = ({ kind, metadata }: KubernetesObject): boolean =>
        kind === "NetworkPolicy" && metadata.name === "allow-webhooks";
    if (!objects.some(isPolicy)) {
        throw new ReleaseError(
            `receiverIngressNamespace: ${JSON.stringify(namespace)} needs Flux's NetworkPolicy allow-webhooks, which isn't installed. Set fluxNetworkPolicy to true, or leave receiverIngressNamespace out.`,
        );
    }
    const from = [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } }];
    return objects.map((object) => {
        if (!isPolicy(object)) return object;
        const spec = object.spec as { readonly ingress: readonly object[] };
        return { ...object, spec: { ...spec, ingress: spec.ingress.map((rule) => ({ ...rule, from })) } };
    });
}
