import * as pulumi from "@pulumi/pulumi";
import { KubernetesResource } from "./kubernetesResource";
import { randomToken } from "./randomToken";

/** Between whom a secret is shared. */
export interface EventAuthenticationArgs {
    /** Where the Provider is. */
    readonly senderNamespace: pulumi.Input<string>;
    /** Where the EventListener is. */
    readonly listenerNamespace: pulumi.Input<string>;
    /** The Provider's Secret. @default "tekton-el-provider-headers" */
    readonly senderSecretName?: string;
    /** The EventListener's Secret. @default "flux-event-listener-token" */
    readonly listenerSecretName?: string;
    /** Another value makes another token. @default none */
    readonly rotation?: string;
}

/** The header by which the EventListener knows Flux's events from anyone else's. */
export const authenticationHeader = "X-Flux-Event-Token";
/** The key of the listener's Secret. */
export const authenticationKey = "token";

/**
 * A secret that the sender of events and the EventListener share: without it anyone in the cluster could post an event
 * and start a run. The sender's Secret has the header as a Provider takes it
 * (https://fluxcd.io/flux/components/notification/providers/#http-headers-example), the listener's has the bare value
 * for `compareSecret` (https://tekton.dev/docs/triggers/cel_expressions/).
 */
export class EventAuthentication extends pulumi.ComponentResource {
    /** The Secret for the Provider. */
    readonly senderSecretName: pulumi.Output<string>;
    /** The Secret for the EventListener's filter. */
    readonly listenerSecretName: pulumi.Output<string>;

    constructor(name: string, args: EventAuthenticationArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:notifications:EventAuthentication", name, {}, opts);
        const token = randomToken(`${name}-token`, args.rotation, this);
        const listener = new KubernetesResource(
            `${name}-listener`,
            {
                apiVersion: "v1",
                kind: "Secret",
                metadata: {
                    name: args.listenerSecretName ?? "flux-event-listener-token",
                    namespace: args.listenerNamespace,
                },
                stringData: { [authenticationKey]: token },
            },
            { parent: this },
        );
        const sender = new KubernetesResource(
            `${name}-sender`,
            {
                apiVersion: "v1",
                kind: "Secret",
                metadata: {
                    name: args.senderSecretName ?? "tekton-el-provider-headers",
                    namespace: args.senderNamespace,
                },
                stringData: { headers: pulumi.interpolate`${authenticationHeader}: ${token}` },
            },
            { parent: this },
        );
        this.senderSecretName = sender.metadata.name;
        this.listenerSecretName = listener.metadata.name;
        this.registerOutputs({
            senderSecretName: this.senderSecretName,
            listenerSecretName: this.listenerSecretName,
        });
    }
}
