import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { type Generation, servedApis } from "./generation";
import { KubernetesResource, statusField, waitForAnnotation } from "./kubernetesResource";
import type { Source } from "./route";

/**
 * Who calls a Receiver, and so how a call is checked: https://fluxcd.io/flux/components/notification/receivers/#type.
 * A `generic` one takes any call of its path; the others also take the token, or a signature that is made with it.
 */
export const receiverTypes = [
    "generic",
    "generic-hmac",
    "github",
    "gitlab",
    "bitbucket",
    "harbor",
    "dockerhub",
    "quay",
    "nexus",
    "acr",
    "cdevents",
] as const;
/** One of {@link receiverTypes}. */
export type ReceiverType = (typeof receiverTypes)[number];

/** Those of them that the releases of 2020 knew. */
export const receiverTypesOf2020: readonly ReceiverType[] = ["generic", "github", "gitlab", "bitbucket", "harbor"];

/** What a call of the Receiver reconciles, and who may call it. */
export interface ReceiverArgs {
    /** Of the releases on the cluster: it says which API versions they serve. */
    readonly generation: Generation;
    /** Of the Receiver and the Secret: Flux's. */
    readonly namespace: pulumi.Input<string>;
    /** @default "generic-receiver" */
    readonly receiverName?: string;
    /** @default "generic" */
    readonly type?: ReceiverType;
    /** Of the caller's events those that count, by its own names for them: `push`. @default all */
    readonly events?: readonly string[];
    /** The Secret with the token. @see WebhookToken */
    readonly tokenSecretName: pulumi.Input<string>;
    /** The token itself: a new one is waited for until it is in effect. */
    readonly token: pulumi.Input<string>;
    /** The sources that a call makes Flux fetch at once. */
    readonly sources: readonly Source[];
}

/**
 * Flux's endpoint for a Git host's webhook: https://fluxcd.io/flux/components/notification/receivers/.
 * Whoever knows its path may call it; with most types they have to know the token, too.
 */
export class Receiver extends pulumi.ComponentResource {
    /** The Receiver's name. */
    readonly receiverName: pulumi.Output<string>;
    /** `/hook/…`, on Service webhook-receiver of Flux's namespace. Derived from the token, so a secret. */
    readonly path: pulumi.Output<string>;

    constructor(name: string, args: ReceiverArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:notifications:Receiver", name, {}, opts);
        // The path moved from status.url to status.webhookPath with notification.toolkit.fluxcd.io/v1.
        const field = args.generation === "2020" ? "url" : "webhookPath";
        // The path follows from the token. To ask for a reconciliation makes Flux look at a new token at once, and that
        // it has been handled tells when the token is in effect. Not the path itself is waited for: the provider logs
        // what it waits for.
        const request = pulumi.unsecret(pulumi.output(args.token).apply(digest));
        const annotations: Record<string, pulumi.Input<string>> = args.generation === "2020"
            ? { [waitForAnnotation]: `jsonpath={.status.${field}}` }
            : {
                  "reconcile.fluxcd.io/requestedAt": request,
                  [waitForAnnotation]: request.apply((handled) =>
                      JSON.stringify([
                          `jsonpath={.status.${field}}`,
                          `jsonpath={.status.lastHandledReconcileAt}=${handled}`,
                      ]),
                  ),
              };
        const receiver = new KubernetesResource(
            `${name}-receiver`,
            {
                apiVersion: servedApis[args.generation].receiver,
                kind: "Receiver",
                metadata: { name: args.receiverName ?? "generic-receiver", namespace: args.namespace, annotations },
                spec: {
                    type: args.type ?? "generic",
                    ...(args.events === undefined || args.events.length === 0 ? {} : { events: args.events }),
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

/** Tells tokens apart without telling them. */
function digest(token: string): string {
    return createHash("sha256").update(token).digest("hex").slice(0, 16);
}
