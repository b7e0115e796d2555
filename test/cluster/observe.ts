import { KubeConfig, Watch } from "@kubernetes/client-node";
import type { ApiObject } from "../../demo/cluster";

/**
 * Sees every state of a collection's objects, from now on until it is stopped.
 * @param path of the collection: `/apis/tekton.dev/v1/namespaces/default/pipelineruns`
 */
export function observe(path: string, see: (object: ApiObject) => void): { stop(): void } {
    const config = new KubeConfig();
    config.loadFromDefault();
    let request: AbortController | undefined;
    let stopped = false;
    // A watch starts with the objects that are there; the API server ends one now and then, and it starts again.
    const start = (): void => {
        if (stopped) return;
        const again = (): void => void setTimeout(start, 200);
        new Watch(config)
            .watch(path, {}, (phase, object: ApiObject) => void (phase === "DELETED" || see(object)), again)
            .then((controller) => {
                request = controller;
                if (stopped) controller.abort();
            })
            .catch(again);
    };
    start();
    return {
        stop: () => {
            stopped = true;
            request?.abort();
        },
    };
}
