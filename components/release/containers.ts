import type { KubernetesObject } from "../kubernetesObject";

/** A container of a Deployment's pods, as far as it is changed here. */
export interface Container {
    readonly env?: readonly { readonly name: string }[];
    readonly readinessProbe?: Probe;
}

/** https://kubernetes.io/docs/concepts/workloads/pods/probes/ */
export interface Probe {
    readonly initialDelaySeconds?: number;
    readonly periodSeconds?: number;
    readonly failureThreshold?: number;
}

interface Workload {
    readonly template: { readonly spec: { readonly containers: readonly Container[] } };
}

/** A Deployment with its pods' containers changed. */
export function withContainers(
    deployment: KubernetesObject,
    change: (container: Container) => Container,
): KubernetesObject {
    const spec = deployment.spec as Workload;
    const { template } = spec;
    const containers = template.spec.containers.map(change);
    return { ...deployment, spec: { ...spec, template: { ...template, spec: { ...template.spec, containers } } } };
}
