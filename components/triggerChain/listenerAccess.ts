import * as pulumi from "@pulumi/pulumi";
import type { Generation } from "../generation";
import { KubernetesResource } from "../kubernetesResource";

/** Who the EventListener is. */
export interface ListenerAccessArgs {
    readonly generation: Generation;
    readonly namespace: pulumi.Input<string>;
    /** @default "flux-notifications-sa" */
    readonly serviceAccountName?: string;
}

/**
 * The EventListener's ServiceAccount and all that it may do: read the triggers of its own namespace and the cluster's
 * interceptors and bindings, and create PipelineRuns beside it. The roles that Tekton Triggers ships for listeners also
 * let it read every Secret of the cluster and act as any ServiceAccount.
 */
export class ListenerAccess extends pulumi.ComponentResource {
    readonly serviceAccountName: pulumi.Output<string>;

    constructor(name: string, args: ListenerAccessArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:triggers:ListenerAccess", name, {}, opts);
        const rbac = "rbac.authorization.k8s.io/v1";
        const accountName = args.serviceAccountName ?? "flux-notifications-sa";
        const local = { name: accountName, namespace: args.namespace };
        // The cluster's roles have no namespace to keep two listeners apart.
        const global = { name: pulumi.interpolate`${args.namespace}-${accountName}` };
        const read = ["get", "list", "watch"];

        const account = new KubernetesResource(
            `${name}-account`,
            { apiVersion: "v1", kind: "ServiceAccount", metadata: local },
            { parent: this },
        );
        const subjects = [{ kind: "ServiceAccount", name: account.metadata.name, namespace: args.namespace }];

        const role = new KubernetesResource(
            `${name}-role`,
            {
                apiVersion: rbac,
                kind: "Role",
                metadata: local,
                rules: [
                    {
                        apiGroups: ["triggers.tekton.dev"],
                        resources: [
                            "eventlisteners",
                            "triggerbindings",
                            "triggertemplates",
                            "triggers",
                            ...(args.generation === "2020" ? [] : ["interceptors"]),
                        ],
                        verbs: read,
                    },
                    { apiGroups: ["tekton.dev"], resources: ["pipelineruns"], verbs: ["create"] },
                    // In 2020 the listener read its logging configuration from beside itself.
                    ...(args.generation === "2020"
                        ? [{ apiGroups: [""], resources: ["configmaps"], verbs: read }]
                        : []),
                ],
            },
            { parent: this },
        );
        const binding = new KubernetesResource(
            `${name}-role-binding`,
            {
                apiVersion: rbac,
                kind: "RoleBinding",
                metadata: local,
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
                subjects,
            },
            { parent: this },
        );
        const clusterRole = new KubernetesResource(
            `${name}-cluster-role`,
            {
                apiVersion: rbac,
                kind: "ClusterRole",
                metadata: global,
                rules: [
                    {
                        apiGroups: ["triggers.tekton.dev"],
                        resources: [
                            "clustertriggerbindings",
                            ...(args.generation === "2020" ? [] : ["clusterinterceptors"]),
                        ],
                        verbs: read,
                    },
                ],
            },
            { parent: this },
        );
        const clusterBinding = new KubernetesResource(
            `${name}-cluster-role-binding`,
            {
                apiVersion: rbac,
                kind: "ClusterRoleBinding",
                metadata: global,
                roleRef: {
                    apiGroup: "rbac.authorization.k8s.io",
                    kind: "ClusterRole",
                    name: clusterRole.metadata.name,
                },
                subjects,
            },
            { parent: this },
        );

        // Known only once the account may do its work: a listener that starts earlier fails to list and backs off.
        this.serviceAccountName = pulumi
            .all([account.metadata.name, binding.id, clusterBinding.id])
            .apply(([accountName]) => accountName);
        this.registerOutputs({ serviceAccountName: this.serviceAccountName });
    }
}
