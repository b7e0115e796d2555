import type { KubernetesObject } from "../kubernetesObject";
import { withContainers } from "./containers";

/** How many requests the interceptors may send to the API server: per second, and at once. */
const rate = { KUBE_API_QPS: "100", KUBE_API_BURST: "400" } as const;

/**
 * The objects of Tekton Triggers, whose interceptors may ask for Secrets as often as many routes need. For each trigger
 * whose filter compares a Secret they read it from the API server, unless they have done so within 5 seconds: 100 routes
 * read it 100 times at once. With client-go's default of 5 a second, and 10 at once, an event of which more than some 25
 * routes know is lost: each has 3 seconds. The limit is that of each of Tekton's programs:
 * https://tekton.dev/docs/pipelines/tekton-controller-performance-configuration/
 */
export function withInterceptorRate(objects: readonly KubernetesObject[]): KubernetesObject[] {
    return objects.map((object) => {
        if (object.kind !== "Deployment" || object.metadata.name !== "tekton-triggers-core-interceptors") return object;
        return withContainers(object, ({ env = [], ...container }) => ({
            ...container,
            env: [
                ...env.filter(({ name }) => !(name in rate)),
                ...Object.entries(rate).map(([name, value]) => ({ name, value })),
            ],
        }));
    });
}
