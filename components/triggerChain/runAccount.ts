import * as pulumi from "@pulumi/pulumi";
import { KubernetesResource } from "../kubernetesResource";

/** Whom pipelines run as. */
export interface RunAccountArgs {
    readonly namespace: pulumi.Input<string>;
    /** @default "flux-notification-run" */
    readonly serviceAccountName?: string;
}

/**
 * The ServiceAccount of the PipelineRuns. It may do nothing, and its pods get no token: what a commit starts has no
 * business with the API server. A pipeline that has binds its own role to it.
 */
export class RunAccount extends pulumi.ComponentResource {
    readonly serviceAccountName: pulumi.Output<string>;

    constructor(name: string, args: RunAccountArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:triggers:RunAccount", name, {}, opts);
        const account = new KubernetesResource(
            `${name}-account`,
            {
                apiVersion: "v1",
                kind: "ServiceAccount",
                metadata: { name: args.serviceAccountName ?? "flux-notification-run", namespace: args.namespace },
                automountServiceAccountToken: false,
            },
            { parent: this },
        );
        this.serviceAccountName = account.metadata.name;
        this.registerOutputs({ serviceAccountName: this.serviceAccountName });
    }
}
