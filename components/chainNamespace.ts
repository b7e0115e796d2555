import * as pulumi from "@pulumi/pulumi";
import { KubernetesResource } from "./kubernetesResource";

/** What a namespace's pods may do: https://kubernetes.io/docs/concepts/security/pod-security-standards/ */
export const podSecurityLevels = ["privileged", "baseline", "restricted"] as const;
/** One of {@link podSecurityLevels}. */
export type PodSecurityLevel = (typeof podSecurityLevels)[number];

/** A namespace for the trigger chain and its runs. */
export interface ChainNamespaceArgs {
    /** Its name. */
    readonly namespace: string;
    /** What the API server enforces of its pods. @default what is the cluster's default */
    readonly podSecurity?: PodSecurityLevel;
    /** Its annotations. @default none */
    readonly annotations?: Readonly<Record<string, string>>;
}

/** The namespace of the EventListener and the PipelineRuns, where there is none yet. Its removal takes along all that is in it. */
export class ChainNamespace extends pulumi.ComponentResource {
    /** Its name, once it is there. */
    readonly namespace: pulumi.Output<string>;

    constructor(name: string, args: ChainNamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:triggers:ChainNamespace", name, {}, opts);
        const { podSecurity, annotations } = args;
        const labels: Record<string, string> =
            podSecurity === undefined ? {} : { "pod-security.kubernetes.io/enforce": podSecurity };
        const namespace = new KubernetesResource(
            `${name}-namespace`,
            { apiVersion: "v1", kind: "Namespace", metadata: { name: args.namespace, labels, annotations } },
            { parent: this },
        );
        this.namespace = namespace.metadata.name;
        this.registerOutputs({ namespace: this.namespace });
    }
}
