import * as pulumi from "@pulumi/pulumi";
import { type Generation, servedApis } from "./generation";
import { KubernetesResource, statusField, waitForAnnotation } from "./kubernetesResource";
import type { Source } from "./route";

/** What a call of the Receiver reconciles, and who may call it. */
export interface ReceiverArgs {
    readonly generation: Generation;
    readonly namespace: pulumi.Input<string>;
    /** @default "generic-receiver" */
    readonly receiverName?: string;
    /** The Secret with the token. @see WebhookToken */
    readonly tokenSecretName: pulumi.Input<string>;
    /** The sources that a call makes Flux fetch at once. */
    readonly sources: readonly Source[];
}

/**
 * Flux's endpoint for a Git host's webhook: https://fluxcd.io/flux/components/notification/receivers/#generic-receiver.
 * Whoever knows its path may call it.
 */
export class Receiver extends pulumi.ComponentResource {
    readonly receiverName: pulumi.Output<string>;
    /** `/hook/…`, on Service webhook-receiver of Flux's namespace. Derived from the token, so a secret. */
    readonly path: pulumi.Output<string>;

    constructor(name: string, args: ReceiverArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:notifications:Receiver", name, {}, opts);
        // The path moved from status.url to status.webhookPath with notification.toolkit.fluxcd.io/v1.
        const field = args.generation === "2020" ? "url" : "webhookPath";
        const receiver = new KubernetesResource(
            `${name}-receiver`,
            {
                apiVersion: servedApis[args.generation].receiver,
                kind: "Receiver",
                metadata: {
                    name: args.receiverName ?? "generic-receiver",
                    namespace: args.namespace,
                    annotations: { [waitForAnnotation]: `jsonpath={.status.${field}}` },
                },
                spec: {
                    type: "generic",
                    resources: args.sources.map(({ kind, name, namespace }) => ({ kind, name, namespace })),
                    secretRef: { name: args.tokenSecretName },
                },
            },
            { parent: this, additionalSecretOutputs: ["status"] },
        );
        this.receiverName = receiver.metadata.name;
        this.path = pulumi.secret(statusField(receiver, field));
        this.registerOutputs({ receiverName: this.receiverName, path: this.path });
    }
}
