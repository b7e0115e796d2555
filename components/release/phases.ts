import type { KubernetesObject } from "../kubernetesObject";
import { defines, isDefinition } from "./definitions";
import { kindId } from "./objectId";

/** A release's objects, sorted by the order in which a cluster can take them; each list keeps the manifest's order. */
export interface Phases {
    /** Of the release's own; everything else may live in them. */
    readonly namespaces: readonly KubernetesObject[];
    /** CustomResourceDefinitions. */
    readonly definitions: readonly KubernetesObject[];
    /** Everything that is in none of the other lists: RBAC, configuration, Services … */
    readonly objects: readonly KubernetesObject[];
    /** What runs pods: the controllers. */
    readonly workloads: readonly KubernetesObject[];
    /** Validating and mutating webhook configurations: after the workloads that answer them. @see serversOf */
    readonly webhookConfigurations: readonly KubernetesObject[];
    /** Objects of the kinds that `definitions` define: before the webhooks that would judge them. */
    readonly customResources: readonly KubernetesObject[];
}

const workloadKinds = new Set(["apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "batch/Job"]);

function isWorkload(object: KubernetesObject): boolean {
    return workloadKinds.has(kindId(object));
}

/** Sorts the objects of a release into the phases in which to apply them. Every object is in exactly one. */
export function phasesOf(objects: readonly KubernetesObject[]): Phases {
    const definitions = objects.filter(isDefinition);
    const isCustomResource = (object: KubernetesObject) => definitions.some((one) => defines(one, object));
    const phaseOf = (object: KubernetesObject): keyof Phases => {
        if (kindId(object) === "Namespace") return "namespaces";
        if (isDefinition(object)) return "definitions";
        if (/^admissionregistration\.k8s\.io\/.*WebhookConfiguration$/.test(kindId(object))) {
            return "webhookConfigurations";
        }
        if (isCustomResource(object)) return "customResources";
        return isWorkload(object) ? "workloads" : "objects";
    };
    const inPhase = (phase: keyof Phases) => objects.filter((object) => phaseOf(object) === phase);
    return {
        namespaces: inPhase("namespaces"),
        definitions: inPhase("definitions"),
        objects: inPhase("objects"),
        workloads: inPhase("workloads"),
        webhookConfigurations: inPhase("webhookConfigurations"),
        customResources: inPhase("customResources"),
    };
}

/**
 * The workloads whose pods answer for a webhook configuration, or for a custom resource that names a Service, as a
 * ClusterInterceptor does: object → Services → selectors → pod labels.
 * @param objects all of the release's
 */
export function serversOf(object: KubernetesObject, objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
    type Client = {
        readonly clientConfig?: { readonly service?: { readonly name: string; readonly namespace: string } };
    };
    const clients = [...((object.webhooks ?? []) as readonly Client[]), (object.spec ?? {}) as Client];
    const named = new Set(
        clients.flatMap(({ clientConfig }) =>
            clientConfig?.service === undefined ? [] : [serviceId(clientConfig.service)],
        ),
    );
    const services = objects.filter((one) => kindId(one) === "Service" && named.has(serviceId(one.metadata)));
    return objects.filter((one) => isWorkload(one) && services.some((service) => serves(one, service)));
}

function serviceId({ namespace, name }: { readonly namespace?: string; readonly name: string }): string {
    return `${namespace}/${name}`;
}

function serves(workload: KubernetesObject, service: KubernetesObject): boolean {
    type Labels = Record<string, string>;
    const { template } = workload["spec"] as { template: { metadata?: { labels?: Labels } } };
    const { selector } = service["spec"] as { selector?: Labels };
    const labels = template.metadata?.labels ?? {};
    return (
        workload.metadata.namespace === service.metadata.namespace &&
        selector !== undefined &&
        Object.entries(selector).every(([key, value]) => labels[key] === value)
    );
}
