import * as pulumi from "@pulumi/pulumi";
import { catchUpLabels } from "./catchUp";
import { KubernetesResource } from "./kubernetesResource";

/** Whom the policy protects. */
export interface ListenerNetworkPolicyArgs {
    /** The EventListener's. */
    readonly namespace: pulumi.Input<string>;
    /** The EventListener's name. */
    readonly eventListenerName: pulumi.Input<string>;
    /** Where Flux's notification-controller is. */
    readonly fluxNamespace: pulumi.Input<string>;
}

/**
 * Lets only Flux's notification-controller, and the catch-up beside the listener, reach the EventListener:
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/. It takes a network plugin that enforces
 * policies.
 */
export class ListenerNetworkPolicy extends pulumi.ComponentResource {
    constructor(name: string, args: ListenerNetworkPolicyArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:triggers:ListenerNetworkPolicy", name, {}, opts);
        new KubernetesResource(
            `${name}-policy`,
            {
                apiVersion: "networking.k8s.io/v1",
                kind: "NetworkPolicy",
                metadata: { name: pulumi.interpolate`el-${args.eventListenerName}`, namespace: args.namespace },
                spec: {
                    podSelector: { matchLabels: listenerLabels(args.eventListenerName) },
                    policyTypes: ["Ingress"],
                    ingress: [
                        {
                            from: [
                                {
                                    namespaceSelector: {
                                        matchLabels: { "kubernetes.io/metadata.name": args.fluxNamespace },
                                    },
                                    podSelector: { matchLabels: { app: "notification-controller" } },
                                },
                                { podSelector: { matchLabels: catchUpLabels } },
                            ],
                            ports: [{ port: 8080, protocol: "TCP" }],
                        },
                    ],
                },
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

/** The labels that Tekton Triggers gives a listener's pods, to find them by. */
export function listenerLabels(eventListenerName: pulumi.Input<string>): Record<string, pulumi.Input<string>> {
    return { eventlistener: eventListenerName };
}
