import { createHash } from "node:crypto";
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
    /** The token itself, from which the path follows: the Receiver is ready when it answers there. */
    readonly token: pulumi.Input<string>;
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
        const receiverName = args.receiverName ?? "generic-receiver";
        // https://fluxcd.io/flux/components/notification/receivers/#webhook-path. To wait for it, rather than for any
        // path, tells when a new token is in effect, and to ask for it makes Flux look at the Secret at once.
        const digest = pulumi
            .all([args.token, args.namespace])
            .apply(([token, namespace]) => sha256(token + receiverName + namespace));
        const receiver = new KubernetesResource(
            `${name}-receiver`,
            {
                apiVersion: servedApis[args.generation].receiver,
                kind: "Receiver",
                metadata: {
                    name: receiverName,
                    namespace: args.namespace,
                    annotations: {
                        [waitForAnnotation]: pulumi.interpolate`jsonpath={.status.${field}}=/hook/${digest}`,
                        "reconcile.fluxcd.io/requestedAt": digest.apply((path) => sha256(path).slice(0, 16)),
                    },
                },
                spec: {
                    type: "generic",
                    resources: args.sources.map(({ kind, name, namespace }) => ({ kind, name, namespace })),
                    secretRef: { name: args.tokenSecretName },
                },
            },
            { parent: this, additionalSecretOutputs: ["status"] },
        );
        // The annotations hold the path, which makes a secret of all metadata; the name is none.
        this.receiverName = pulumi.unsecret(receiver.metadata.name);
        this.path = pulumi.secret(statusField(receiver, field));
        this.registerOutputs({ receiverName: this.receiverName, path: this.path });
    }
}

function sha256(text: string): string {
    return createHash("sha256").update(text).digest("hex");
}
