import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { kubectl } from "../../demo/cluster";
import { listenerAddress } from "./listener";
import { plainManifests, plainNamespace } from "./plainManifests";

/** The plain chain's own objects. Source and controllers are those of the stack beside it. */
function objects(): string {
    const items = plainManifests(`http://el-flux-event-listener.${plainNamespace}.svc.cluster.local:8080/`);
    return JSON.stringify({ apiVersion: "v1", kind: "List", items });
}

/** Where the plain chain's listener is, for whoever is on the cluster's network. */
export const plainAddress = (): Promise<string> => listenerAddress("flux-event-listener", plainNamespace);

/** Makes the plain chain beside the stack's, so that the same pushes and the same faults meet both. */
export async function createPlainChain(): Promise<void> {
    await execa("kubectl", ["apply", "--server-side", "-f", "-"], { input: objects() });
    await kubectl(
        ...["-n", plainNamespace, "wait", "--for=condition=Available", "--timeout=180s"],
        "eventlistener/flux-event-listener",
    );
    // Its address answers a moment later than its pod.
    const address = await plainAddress();
    const answers = (): Promise<boolean> =>
        fetch(address).then(
            () => true,
            () => false,
        );
    while (!(await answers())) await sleep(200);
}

/** Removes it, with its runs. */
export async function deletePlainChain(): Promise<void> {
    await execa("kubectl", ["delete", "--ignore-not-found", "-f", "-"], { input: objects() });
}
