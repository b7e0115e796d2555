import * as pulumi from "@pulumi/pulumi";
import { type KubernetesObjectArgs, KubernetesResource } from "./kubernetesResource";

/** Who may do what. */
export interface PermissionArgs {
    /** Of the Role and its RoleBinding: with the namespace in which it holds. */
    readonly metadata: KubernetesObjectArgs["metadata"];
    /** `apiGroups`, `resources`, `verbs`. https://kubernetes.io/docs/reference/access-authn-authz/rbac/#role-and-clusterrole */
    readonly rule: object;
    /** A ServiceAccount. */
    readonly account: { readonly name: pulumi.Input<string>; readonly namespace: pulumi.Input<string> };
}

/**
 * Lets a ServiceAccount do something in a namespace: a Role and a RoleBinding.
 * @param name of the resources: `<name>-role<suffix>` and `<name>-role-binding<suffix>`
 */
export function permit(
    parent: pulumi.Resource,
    name: string,
    suffix: string,
    { metadata, rule, account }: PermissionArgs,
): void {
    const rbac = "rbac.authorization.k8s.io";
    const role = new KubernetesResource(
        `${name}-role${suffix}`,
        { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules: [rule] },
        { parent },
    );
    new KubernetesResource(
        `${name}-role-binding${suffix}`,
        {
            apiVersion: `${rbac}/v1`,
            kind: "RoleBinding",
            metadata,
            roleRef: { apiGroup: rbac, kind: "Role", name: role.metadata.name },
            subjects: [{ kind: "ServiceAccount", ...account }],
        },
        { parent },
    );
}
