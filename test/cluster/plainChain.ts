import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { KubernetesObject } from "../../components/kubernetesObject";
import { kubectl } from "../../demo/cluster";
import { render } from "../../stacks/render";
import { readSettings } from "../../stacks/settings";
import { listenerAddress } from "./listener";

/** The name of its route. */
export const plainRoute = "plain";

/**
 * The chain as its author had it in 2020, without what this program adds: no proof of who sends, no policy, nobody who
 * catches up, and runs that have a name of their own each time.
 */
const config = {
    authenticateEvents: "false",
    listenerNetworkPolicy: "false",
    catchUp: "false",
    runHistory: "false",
    runNaming: "uid",
    eventListenerName: "plain-listener",
    serviceAccountName: "plain-listener",
    runServiceAccountName: "plain-run",
    providerName: "plain",
    alertName: "plain",
    routes: JSON.stringify([
        {
            name: plainRoute,
            pipeline: { name: "flux-demo-pipeline", params: ["message", "repository", "namespace"] },
        },
    ]),
};

/** Its own objects, from the Alert to the runs. Source, controllers and Pipeline are those of the stack beside it. */
async function objects(): Promise<KubernetesObject[]> {
    const rendered = await render(readSettings("staging", config));
    return rendered
        .filter(({ component }) => ["trigger-chain", "alerting"].includes(component))
        .map(({ object }) => object);
}

const asList = (items: readonly KubernetesObject[]): string =>
    JSON.stringify({ apiVersion: "v1", kind: "List", items });

/** Makes the plain chain beside the stack's, so that the same pushes and the same faults meet both. */
export async function createPlainChain(): Promise<void> {
    await execa("kubectl", ["apply", "--server-side", "-f", "-"], { input: asList(await objects()) });
    await kubectl("wait", "--for=condition=Available", "eventlistener/plain-listener", "--timeout=180s");
    // Its address answers a moment later than its pod.
    const address = await listenerAddress("plain-listener");
    const answers = (): Promise<boolean> =>
        fetch(address).then(
            () => true,
            () => false,
        );
    while (!(await answers())) await sleep(200);
}

export async function deletePlainChain(): Promise<void> {
    await execa("kubectl", ["delete", "--ignore-not-found", "-f", "-"], { input: asList(await objects()) });
    await kubectl("delete", "pipelineruns", "-l", `flux-to-tekton/route=${plainRoute}`);
}
