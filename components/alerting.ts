import * as pulumi from "@pulumi/pulumi";
import { type Generation, servedApis } from "./generation";
import { KubernetesResource } from "./kubernetesResource";
import type { Source } from "./route";

/** Which events go where. */
export interface AlertingArgs {
    /** Of the releases on the cluster: it says which API versions they serve. */
    readonly generation: Generation;
    /** Of the Provider and the Alert: Flux's. */
    readonly namespace: pulumi.Input<string>;
    /** @default "tekton-el-provider" */
    readonly providerName?: string;
    /** @default "tekton-alert" */
    readonly alertName?: string;
    /** URL to which events are posted: the EventListener's. */
    readonly address: pulumi.Input<string>;
    /** Secret with the headers to send. @see EventAuthentication @default none */
    readonly authenticationSecretName?: pulumi.Input<string>;
    /** How long a delivery may take before it is tried again; not in 2020. @default as Flux has it, 15 seconds */
    readonly timeout?: string;
    /** The sources whose events are sent. */
    readonly sources: readonly Source[];
}

/**
 * Sends the events of sources as JSON to an address: a generic Provider
 * (https://fluxcd.io/flux/components/notification/providers/#generic-webhook) and the Alert that uses it.
 */
export class Alerting extends pulumi.ComponentResource {
    /** The Provider's name. */
    readonly providerName: pulumi.Output<string>;
    /** The Alert's name. */
    readonly alertName: pulumi.Output<string>;

    constructor(name: string, args: AlertingArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:notifications:Alerting", name, {}, opts);
        const apiVersion = servedApis[args.generation].notification;
        const provider = new KubernetesResource(
            `${name}-provider`,
            {
                apiVersion,
                kind: "Provider",
                metadata: { name: args.providerName ?? "tekton-el-provider", namespace: args.namespace },
                spec: {
                    type: "generic",
                    address: args.address,
                    ...(args.timeout === undefined || args.generation === "2020" ? {} : { timeout: args.timeout }),
                    ...(args.authenticationSecretName === undefined
                        ? {}
                        : { secretRef: { name: args.authenticationSecretName } }),
                },
            },
            { parent: this },
        );
        const alert = new KubernetesResource(
            `${name}-alert`,
            {
                apiVersion,
                kind: "Alert",
                metadata: { name: args.alertName ?? "tekton-alert", namespace: args.namespace },
                spec: {
                    providerRef: { name: provider.metadata.name },
                    eventSeverity: "info",
                    eventSources: args.sources.map(({ kind, name, namespace }) => ({ kind, name, namespace })),
                },
            },
            { parent: this },
        );
        this.providerName = provider.metadata.name;
        this.alertName = alert.metadata.name;
        this.registerOutputs({ providerName: this.providerName, alertName: this.alertName });
    }
}
