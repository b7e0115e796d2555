import { setTimeout as sleep } from "node:timers/promises";
import {
    away,
    interceptors,
    killed,
    listener,
    notificationController,
    plainListener,
    type Pushes,
    ready,
    restart,
    sourceController,
    startedSince,
    triggersController,
    triggersWebhook,
    type Workload,
} from "./faults";

/** What happens, and the pushes meanwhile. */
export interface Fault {
    readonly what: string;
    readonly happens: (pushes: Pushes) => Promise<void>;
}

/** Something is killed during pushes, each time at another moment of the event's way. */
function killedDuring(what: string, kill: () => Promise<unknown>, moments: readonly number[]): Fault {
    return {
        what: `${what} killed during a push, ${moments.length} times`,
        happens: async (pushes) => {
            for (const milliseconds of moments) {
                await pushes.push();
                await sleep(milliseconds);
                await kill();
            }
        },
    };
}

function podsKilled(what: string, ...workloads: readonly Workload[]): Fault {
    const kill = async (): Promise<void> => {
        await Promise.all(workloads.map(killed));
        await Promise.all(workloads.map(ready));
    };
    return killedDuring(what, kill, [0, 100, 200, 300, 400]);
}

/** While workloads are away there are as many pushes, evenly, and Flux sees each of them. */
function awayFor(minutes: number, what: string, workloads: readonly Workload[], count: number): Fault {
    return {
        what: `${what} away for ${minutes} min`,
        happens: (pushes) =>
            away(workloads, async () => {
                const end = Date.now() + minutes * 60_000;
                for (let left = count; left > 0; left--) {
                    await pushes.pushSeen();
                    await sleep(Math.max(0, (end - Date.now()) / left));
                }
            }),
    };
}

/** Of both chains, so that the same meets both. */
const listeners = [listener, plainListener];
/** Without the Triggers controller, which would bring the listeners back. */
const listenersGone = [triggersController, ...listeners];

/** All that passes an event on, and what has to be there for a run. */
const all = [sourceController, notificationController, triggersController, triggersWebhook, interceptors, ...listeners];

/** The node with all pods, during a push; while it comes back there is the next push, by which the first may be lost. */
function nodeRestarted(moments: readonly number[]): Fault {
    return {
        what: `the node restarted during a push, ${moments.length} times, with another push meanwhile`,
        happens: async (pushes) => {
            for (const milliseconds of moments) {
                await pushes.push();
                await sleep(milliseconds);
                const restarted = Date.now();
                await Promise.all([restart("node"), pushes.push()]);
                await Promise.all(all.map((workload) => startedSince(restarted, workload)));
            }
        },
    };
}

/** The faults, those that take longest last. */
export const faults: readonly Fault[] = [
    podsKilled("the listener", ...listeners),
    podsKilled("the notification-controller", notificationController),
    podsKilled("the source-controller", sourceController),
    podsKilled("Triggers' controller and webhook", triggersController, triggersWebhook),
    podsKilled("Triggers' interceptors", interceptors),
    killedDuring("the API server", () => restart("kube-apiserver"), [0, 200, 400]),
    killedDuring("the kubelet", () => restart("kubelet"), [0, 200, 400]),
    nodeRestarted([0, 100, 200, 300, 400]),
    {
        what: "50 pushes in 60 s",
        happens: async (pushes) => {
            const start = Date.now();
            for (let count = 1; count <= 50; count++) {
                await pushes.push();
                await sleep(Math.max(0, start + count * 1200 - Date.now()));
            }
        },
    },
    awayFor(1, "the listener", listenersGone, 3),
    awayFor(1, "the notification-controller", [notificationController], 3),
    awayFor(1, "Triggers' interceptors", [interceptors], 3),
    {
        what: "the listener away for 1 min, and the node restarted meanwhile",
        happens: (pushes) =>
            away(listenersGone, async () => {
                const end = Date.now() + 60_000;
                await pushes.pushSeen();
                await pushes.pushSeen();
                const restarted = Date.now();
                await restart("node");
                await startedSince(restarted, sourceController);
                await pushes.pushSeen();
                await sleep(Math.max(0, end - Date.now()));
            }),
    },
    awayFor(10, "the listener", listenersGone, 5),
    awayFor(10, "the notification-controller", [notificationController], 5),
    awayFor(10, "the listener and the notification-controller", [...listenersGone, notificationController], 5),
];
