import * as pulumi from "@pulumi/pulumi";
import type { KubernetesObject } from "./kubernetesObject";

// eslint-disable-next-line @typescript-eslint/no-require-imports -- the version alone, not the SDK's thousand modules
const { version } = require("@pulumi/kubernetes/package.json") as { version: string };

/** The annotation by which a manifest tells the provider what to wait for. https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/ */
export const waitForAnnotation = "pulumi.com/waitFor";
/** The annotation by which a manifest tells the provider not to wait. */
export const skipAwaitAnnotation = "pulumi.com/skipAwait";
/** On every object: fields that someone else has edited meanwhile are set back, rather than reported as a conflict. */
export const patchForceAnnotation = "pulumi.com/patchForce";

/**
 * The annotation by which a manifest tells the provider how an object goes. With `background` it is deleted at once, and
 * what it owns after it. So are all custom resources: the provider would have it the other way round, and then the garbage
 * collector takes a finalizer of its own off with an update, which the release's webhook has to admit: if that is dead,
 * the deletion never ends. Nor does anything wait for an EventListener's pods, which take half a minute to end.
 */
export const deletionPropagationAnnotation = "pulumi.com/deletionPropagationPolicy";

/** A {@link KubernetesObject} whose fields may come from other resources. */
export interface KubernetesObjectArgs {
    /** With its group: `apps/v1`. */
    readonly apiVersion: string;
    /** In the singular: `Deployment`. */
    readonly kind: string;
    /** What every object has; `name` is required, since the cluster's other parts refer to it. */
    readonly metadata: {
        readonly name: pulumi.Input<string>;
        readonly namespace?: pulumi.Input<string>;
        readonly labels?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>>;
        readonly annotations?: Readonly<Record<string, pulumi.Input<string>>>;
    };
    readonly [field: string]: unknown;
}

/**
 * One Kubernetes object of any kind, registered by the program itself: visible to mocks, transforms and aliases, and
 * ordered object by object, which the children of `yaml.v2.ConfigGroup` are not. The provider knows it by its type
 * token, so it awaits a Deployment, a Service or a CustomResourceDefinition as it would the SDK's own class.
 */
export class KubernetesResource extends pulumi.CustomResource {
    /** The object's `metadata` as the cluster has it. */
    declare readonly metadata: pulumi.Output<{
        readonly name: string;
        readonly namespace?: string;
        readonly resourceVersion?: string;
    }>;
    /** The object's `status` once its wait condition holds; undefined for kinds that have none. */
    declare readonly status: pulumi.Output<Readonly<Record<string, unknown>> | undefined>;

    constructor(
        name: string,
        object: KubernetesObject | KubernetesObjectArgs,
        opts: pulumi.CustomResourceOptions = {},
    ) {
        const secrets = object.kind === "Secret" && object.apiVersion === "v1" ? ["data", "stringData"] : [];
        const annotations = {
            ...object.metadata.annotations,
            [patchForceAnnotation]: "true",
            ...(isCustom(object) && { [deletionPropagationAnnotation]: "background" }),
        };
        super(
            typeToken(object),
            name,
            { ...object, metadata: { ...object.metadata, annotations }, status: undefined },
            {
                version,
                ...opts,
                additionalSecretOutputs: [...secrets, ...(opts.additionalSecretOutputs ?? [])],
            },
        );
    }
}

/** Whether an object is a custom resource; `v1`, `apps/v1` and `rbac.authorization.k8s.io/v1` are groups of Kubernetes itself. */
function isCustom({ apiVersion }: Pick<KubernetesObject, "apiVersion">): boolean {
    const [group] = apiVersion.split("/");
    return group!.includes(".") && !group!.endsWith(".k8s.io");
}

/**
 * For a component whose custom resources need what others install: controllers have to judge them, act on them and, at
 * the end, release them, and no output says that these are there. What else the component makes, its accounts, roles and
 * Secrets, needn't wait for them, as it would with `dependsOn`.
 * @param resources a release's `ready`: with the release itself in its place, each custom resource would have the names
 * of all that it is made of in the stack's state
 */
export function customResourcesAfter(...resources: readonly pulumi.Resource[]): pulumi.ComponentResourceOptions {
    return {
        transformations: [
            ({ type, props, opts }) =>
                type.startsWith("kubernetes:") && isCustom(props as KubernetesObject)
                    ? { props, opts: pulumi.mergeOptions(opts, { dependsOn: [...resources] }) }
                    : undefined,
        ],
    };
}

/** `apps/v1`, `Deployment` → `kubernetes:apps/v1:Deployment`; the core group is spelled `core/v1`, as in the SDK. */
export function typeToken({ apiVersion, kind }: Pick<KubernetesObject, "apiVersion" | "kind">): string {
    return `kubernetes:${apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`}:${kind}`;
}

/**
 * A field of a resource's status that its wait condition guarantees.
 *
 * During a preview of a resource that doesn't exist yet the field is unknown, and so is what depends on it.
 * @param path keys from `status` down, e.g. `"address", "url"`
 */
export function statusField(resource: KubernetesResource, ...path: string[]): pulumi.Output<string> {
    return pulumi.all([resource.status, resource.urn]).apply(([status, name]) => {
        let value: unknown = status;
        for (const key of path) {
            value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
        }
        if (typeof value === "string") return value;
        // A preview of a resource to be created: the provider's dry run has no status yet.
        if (pulumi.runtime.isDryRun()) return pulumi.unknown as unknown as string;
        throw new Error(`status.${path.join(".")} is missing from ${name}`);
    });
}
