import * as pulumi from "@pulumi/pulumi";
import { type KubernetesObjectArgs, KubernetesResource } from "./kubernetesResource";
import { type Source, sourceResources } from "./route";

/** Who may do what. */
export interface RunsAccountArgs {
    /** Of the ServiceAccount, and the beginning of the Roles' names. */
    readonly accountName: string;
    /** The ServiceAccount's and the PipelineRuns'. */
    readonly namespace: pulumi.Input<string>;
    /** What it may do with PipelineRuns: `get`, `list`, `delete`. */
    readonly runVerbs: readonly string[];
    /** The runs' sources. */
    readonly sources: readonly Source[];
    /** What it may do with each of them, and with no other. */
    readonly sourceVerb: "get" | "watch";
}

/**
 * A ServiceAccount for who looks after PipelineRuns: it may see to them in their namespace, and look at their sources;
 * nothing else. Its token is mounted only where a pod asks for it.
 * @param name of the resources: `<name>-account`, `<name>-role…` and `<name>-role-binding…`
 * @returns its name, once it is there
 */
export function runsAccount(parent: pulumi.Resource, name: string, args: RunsAccountArgs): pulumi.Output<string> {
    const { accountName, namespace } = args;
    const metadata = { name: accountName, namespace };
    const account = new KubernetesResource(
        `${name}-account`,
        { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
        { parent },
    );
    const allow = (suffix: string, roleMetadata: KubernetesObjectArgs["metadata"], rule: object): void => {
        const rbac = "rbac.authorization.k8s.io";
        const role = new KubernetesResource(
            `${name}-role${suffix}`,
            { apiVersion: `${rbac}/v1`, kind: "Role", metadata: roleMetadata, rules: [rule] },
            { parent },
        );
        new KubernetesResource(
            `${name}-role-binding${suffix}`,
            {
                apiVersion: `${rbac}/v1`,
                kind: "RoleBinding",
                metadata: roleMetadata,
                roleRef: { apiGroup: rbac, kind: "Role", name: role.metadata.name },
                subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace }],
            },
            { parent },
        );
    };
    allow("", metadata, { apiGroups: ["tekton.dev"], resources: ["pipelineruns"], verbs: args.runVerbs });
    args.sources.forEach((source, index) => {
        allow(
            `-${index}`,
            { name: pulumi.interpolate`${namespace}-${accountName}-${index}`, namespace: source.namespace },
            {
                apiGroups: ["source.toolkit.fluxcd.io"],
                resources: [sourceResources[source.kind]],
                resourceNames: [source.name],
                verbs: [args.sourceVerb],
            },
        );
    });
    return account.metadata.name;
}
