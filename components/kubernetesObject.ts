/**
 * A Kubernetes object as plain data: what a manifest holds and what pure functions pass around. No Pulumi types.
 */
export interface KubernetesObject {
    /** With its group: `apps/v1`. */
    readonly apiVersion: string;
    /** In the singular: `Deployment`. */
    readonly kind: string;
    /** What every object has: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/ */
    readonly metadata: {
        readonly name: string;
        readonly namespace?: string;
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
        readonly [field: string]: unknown;
    };
    readonly [field: string]: unknown;
}
