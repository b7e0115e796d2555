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
    /** Validating and mutating webhook configurations: after the workloads that answer them. */
    readonly webhookConfigurations: readonly KubernetesObject[];
    /** Objects of the kinds that `definitions` define: once the webhooks that judge them serve. */
    readonly customResources: readonly KubernetesObject[];
    /**
     * Workloads behind a Service that a custom resource names in `spec.clientConfig.service`. They write their
     * certificate into those custom resources when they start, and only much later again: start them last, and let
     * nothing that they depend on wait for the certificate.
     */
    readonly customResourceServers: readonly KubernetesObject[];
}

const workloadKinds = new Set(["apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "batch/Job"]);

function isWorkload(object: KubernetesObject): boolean {
    return workloadKinds.has(kindId(object));
}

/** Sorts the objects of a release into the phases in which to apply them. Every object is in exactly one. */
export function phasesOf(objects: readonly KubernetesObject[]): Phases {
    const definitions = objects.filter(isDefinition);
    const isCustomResource = (object: KubernetesObject) => definitions.some((one) => defines(one, object));
    const servers = workloadsBehind(objects.filter(isCustomResource), objects);
    const phaseOf = (object: KubernetesObject): keyof Phases => {
        if (kindId(object) === "Namespace") return "namespaces";
        if (isDefinition(object)) return "definitions";
        if (/^admissionregistration\.k8s\.io\/.*WebhookConfiguration$/.test(kindId(object))) {
            return "webhookConfigurations";
        }
        if (isCustomResource(object)) return "customResources";
        if (servers.has(object)) return "customResourceServers";
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
        customResourceServers: inPhase("customResourceServers"),
    };
}

/** The workloads whose pods answer for custom resources: custom resource → Service → selector → pod labels. */
function workloadsBehind(
    customResources: readonly KubernetesObject[],
    objects: readonly KubernetesObject[],
): ReadonlySet<KubernetesObject> {
    const named = new Set(
        customResources.map(({ spec }) => {
            const { service } = (spec as { clientConfig?: { service?: { name: string; namespace?: string } } })
                ?.clientConfig ?? { service: undefined };
            return service && `${service.namespace}/${service.name}`;
        }),
    );
    const services = objects.filter(
        (object) => kindId(object) === "Service" && named.has(`${object.metadata.namespace}/${object.metadata.name}`),
    );
    return new Set(
        objects.filter((object) => isWorkload(object) && services.some((service) => serves(object, service))),
    );
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
