import { setTimeout as sleep } from "node:timers/promises";
import { push } from "../../demo/chain";
import { type ApiObject, condition, kubectl, list } from "../../demo/cluster";
import * as sandbox from "../../sandbox/sandbox";
import { plainNamespace, plainRoute } from "./plainManifests";
import { asTimestamp } from "./support";
import { type Outcome as Witnessed, Witness } from "./witness";

/** A Deployment of the chain. */
export interface Workload {
    readonly namespace: string;
    readonly deployment: string;
    /** `key=value` of its pods. */
    readonly label: string;
}

const flux = (app: string): Workload => ({ namespace: "flux-system", deployment: app, label: `app=${app}` });
const triggers = (name: string): Workload => ({
    namespace: "tekton-pipelines",
    deployment: `tekton-triggers-${name}`,
    label: `app=tekton-triggers-${name}`,
});

export const sourceController = flux("source-controller");
export const notificationController = flux("notification-controller");
export const triggersController = triggers("controller");
export const triggersWebhook = triggers("webhook");
export const interceptors = triggers("core-interceptors");
const listenerIn = (namespace: string): Workload => ({
    namespace,
    deployment: "el-flux-event-listener",
    label: "eventlistener=flux-event-listener",
});
export const listener = listenerIn("default");
/** Of the chain that createPlainChain makes. */
export const plainListener = listenerIn(plainNamespace);

/** Kills the pods of a workload, without a moment's notice. Their Deployment makes new ones. */
export async function killed({ namespace, label }: Workload): Promise<void> {
    await kubectl("-n", namespace, "delete", "pod", "-l", label, "--force", "--grace-period=0", "--wait=false");
}

/** Waits until a workload is there, complete. */
export async function ready({ namespace, deployment }: Workload): Promise<void> {
    await kubectl("-n", namespace, "rollout", "status", `deployment/${deployment}`, "--timeout=180s");
}

/** Waits until all pods of a workload have been started since a moment, and are Ready. */
export async function startedSince(moment: number, { namespace, label }: Workload): Promise<void> {
    const earliest = asTimestamp(moment);
    const started = (pod: ApiObject): boolean =>
        condition(pod, "Ready")?.status === "True" &&
        (pod.status!.containerStatuses as { state: { running?: { startedAt: string } } }[]).every(
            ({ state }) => Date.parse(state.running?.startedAt ?? "1970") >= earliest,
        );
    const deadline = Date.now() + 180_000;
    for (;;) {
        const pods = await list("pods", "-n", namespace, "-l", label);
        if (pods.length > 0 && pods.every(started)) return;
        if (Date.now() > deadline) throw new Error(`${label}: not started again and Ready within 180 s`);
        await sleep(500);
    }
}

async function scale({ namespace, deployment }: Workload, replicas: number): Promise<void> {
    await kubectl("-n", namespace, "scale", `deployment/${deployment}`, `--replicas=${replicas}`);
}

/** Takes workloads away while something happens, and then brings them back. */
export async function away(workloads: readonly Workload[], meanwhile: () => Promise<void>): Promise<void> {
    for (const workload of workloads) await scale(workload, 0);
    await Promise.all(
        workloads.map(({ namespace, label }) =>
            kubectl("-n", namespace, "wait", "--for=delete", "pod", "-l", label, "--timeout=180s"),
        ),
    );
    await meanwhile();
    for (const workload of workloads) await scale(workload, 1);
    await Promise.all(workloads.map(ready));
}

/** Kills one of the node's own programs, or all of the node, and starts it again. */
export const restart = sandbox.restart;

/** What became of pushes. */
export type Outcome = Witnessed & { readonly pushed: number };

/** Pushes around a fault, and what became of them. */
export class Pushes {
    private readonly witness = new Witness();
    private count = 0;
    private last = "";

    /** @param name begins the commits' subjects: 40 characters at most, since Flux shortens a subject to 50 */
    constructor(private readonly name: string) {}

    /** Pushes a commit, which calls the Receiver, if that is there. */
    async push(): Promise<void> {
        const subject = `${this.name}, ${++this.count}.`;
        const commit = await push(subject);
        this.witness.expect(commit, subject);
        this.last = commit;
    }

    /** Pushes a commit, and waits until Flux has fetched it. */
    async pushSeen(): Promise<void> {
        await this.push();
        await this.seen();
    }

    /** Has Flux fetch the last commit, as `flux reconcile source git` would, and waits until it has. */
    private async seen(): Promise<void> {
        await kubectl(
            ...["-n", "flux-system", "annotate", "--overwrite", "gitrepository/flux-system"],
            `reconcile.fluxcd.io/requestedAt=${Date.now()}`,
        );
        const deadline = Date.now() + 90_000;
        while (!this.witness.saw(this.last)) {
            if (Date.now() > deadline) throw new Error(`Flux didn't fetch ${this.last} within 90 s`);
            await sleep(50);
        }
    }

    /** What became of them, once every revision that Flux saw has its run, or after so many seconds. */
    async outcome(timeout: number): Promise<Outcome> {
        return (await this.outcomes(timeout)).chain;
    }

    /** The same, and what became of them on the plain chain, once it has made its runs or after so many seconds more. */
    async outcomes(timeout: number, plainTimeout = 0): Promise<{ readonly chain: Outcome; readonly plain: Outcome }> {
        await this.seen();
        await this.witness.settled("flux-notification", timeout);
        const plain = await this.witness.settled(plainRoute, plainTimeout);
        // By now, so that a second run would be seen.
        const chain = this.witness.outcome("flux-notification");
        this.witness.end();
        return { chain: { pushed: this.count, ...chain }, plain: { pushed: this.count, ...plain } };
    }
}
