import type { KubernetesObject } from "../kubernetesObject";
import { type Probe, withContainers } from "./containers";

/** How often a container is asked whether it is ready. */
export const readinessPeriodSeconds = 2;

/**
 * The objects with Deployments whose readiness is noticed at once. Tekton's are asked every 10 seconds, and not in the
 * first 5, so that a webhook which serves after 2 has its first request after 10: at each installation, upgrade and
 * restart. They are asked every {@link readinessPeriodSeconds} here, and may be as long without an answer as before:
 * https://kubernetes.io/docs/concepts/workloads/pods/probes/
 */
export function withPromptReadiness(objects: readonly KubernetesObject[]): KubernetesObject[] {
    return objects.map((object) => {
        if (object.kind !== "Deployment") return object;
        return withContainers(object, (container) =>
            container.readinessProbe === undefined
                ? container
                : { ...container, readinessProbe: prompt(container.readinessProbe) },
        );
    });
}

function prompt(probe: Probe): Probe {
    // Kubernetes' defaults.
    const { periodSeconds = 10, failureThreshold = 3 } = probe;
    return {
        ...Object.fromEntries(Object.entries(probe).filter(([key]) => key !== "initialDelaySeconds")),
        periodSeconds: readinessPeriodSeconds,
        failureThreshold: Math.ceil((periodSeconds * failureThreshold) / readinessPeriodSeconds),
    };
}
