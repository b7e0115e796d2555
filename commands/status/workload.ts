import type { KubernetesObject } from "../../components/kubernetesObject";
import { type Facts } from "./facts";
import { lookAgain } from "./checks";
import type { Problem } from "./link";
import { condition, count, field, hasLabels, items, text, title } from "./objects";

/** How a Deployment is, and why its pods don't run. */
export function availability(deployment: KubernetesObject, facts: Facts, todo: string): Problem[] {
    const name = title(deployment);
    const wanted = replicas(deployment);
    if (wanted === 0) return [{ problem: `${name} is scaled to 0`, todo }];
    if (isAvailable(deployment)) return [];
    const pods = podsOf(deployment, facts);
    const reasons = pods.flatMap((pod) => podProblems(pod, facts));
    if (reasons.length > 0) return reasons.map((reason) => ({ problem: `${name}: ${reason}`, todo: mend(deployment) }));
    // No pod was made: a quota, or Pod Security.
    const failure = condition(deployment, "ReplicaFailure");
    if (failure?.status === "True") return [{ problem: `${name}: ${failure.message}`, todo: "make room for it" }];
    const available = count(deployment, "status", "availableReplicas");
    const problem = `${name}: ${available} of ${wanted} pods are available`;
    const isStarting = condition(deployment, "Available")?.status === "True" || pods.some(isStarted(facts.now));
    return [isStarting ? { problem, todo: lookAgain, unknown: true } : { problem, todo: mend(deployment) }];
}

/** Whether all of a Deployment's pods are available, and as it has them by now. */
export function isAvailable(deployment: KubernetesObject): boolean {
    const wanted = replicas(deployment);
    const status = (key: string): number => count(deployment, "status", key);
    return (
        status("observedGeneration") >= count(deployment, "metadata", "generation") &&
        status("availableReplicas") >= wanted &&
        status("updatedReplicas") >= wanted &&
        status("unavailableReplicas") === 0
    );
}

/** The pods that a Deployment, or anything else with a selector, has. */
export function podsOf(owner: KubernetesObject, { objects }: Facts): KubernetesObject[] {
    const labels = field(owner, "spec", "selector", "matchLabels");
    return objects.filter(
        (object) =>
            object.kind === "Pod" &&
            object.metadata.namespace === owner.metadata.namespace &&
            hasLabels(object, labels),
    );
}

/** Why a pod doesn't run: its image, a crash with its last words, a node. Nothing of one that runs or has ended well. */
export function podProblems(pod: KubernetesObject, facts: Facts): string[] {
    if (field(pod, "metadata", "deletionTimestamp") !== undefined) return [];
    const statuses = [...items(pod, "status", "initContainerStatuses"), ...items(pod, "status", "containerStatuses")];
    const problems = statuses.flatMap((status) => containerProblem(pod, status, facts));
    if (problems.length > 0) return problems.map((problem) => `pod ${pod.metadata.name} ${problem}`);
    const scheduled = condition(pod, "PodScheduled");
    if (scheduled?.status === "False") return [`pod ${pod.metadata.name} has no node: ${scheduled.message}`];
    if (text(pod, "status", "phase") === "Failed") {
        return [`pod ${pod.metadata.name} failed: ${text(pod, "status", "message") ?? text(pod, "status", "reason")}`];
    }
    return [];
}

/** A pod's containers that have crashed, and whether it was an earlier start that did. */
export function crashed(pod: KubernetesObject): { readonly container: string; readonly previous: boolean }[] {
    return items(pod, "status", "containerStatuses")
        .filter((status) => field(status, "ready") !== true)
        .map((status) => ({
            container: text(status, "name") ?? "",
            isOver: count(status, "state", "terminated", "exitCode") !== 0,
            restarts: count(status, "restartCount"),
        }))
        .filter(({ isOver, restarts }) => isOver || restarts > 0)
        .map(({ container, isOver }) => ({ container, previous: !isOver }));
}

function containerProblem(pod: KubernetesObject, status: unknown, facts: Facts): string[] {
    const waiting = text(status, "state", "waiting", "reason");
    const message = text(status, "state", "waiting", "message");
    const image = text(status, "image") ?? "";
    const container = text(status, "name") ?? "";
    const words = facts.lastWords.get(`${pod.metadata.namespace}/${pod.metadata.name}/${container}`);
    const lastWords = words === undefined ? "" : `; its last words: ${words}`;
    if (waiting !== undefined && /Image/.test(waiting)) {
        return [`can't pull ${image}: ${message ?? waiting}`];
    }
    const crashes = count(status, "restartCount");
    if (waiting === "CrashLoopBackOff" || (crashes > 0 && field(status, "ready") === false)) {
        const exit = field(status, "lastState", "terminated", "exitCode");
        const reason = text(status, "lastState", "terminated", "reason");
        return [`crashes (${reason ?? "exit"}, code ${String(exit)}, ${crashes} times)${lastWords}`];
    }
    if (waiting !== undefined && !["ContainerCreating", "PodInitializing"].includes(waiting)) {
        return [`can't start: ${waiting}${message === undefined ? "" : `: ${message}`}`];
    }
    const code = count(status, "state", "terminated", "exitCode");
    return code === 0 ? [] : [`ended with code ${code}${lastWords}`];
}

function replicas(deployment: KubernetesObject): number {
    const value = field(deployment, "spec", "replicas");
    return typeof value === "number" ? value : 1;
}

/** Whether a pod was made so lately that it may still be starting. */
function isStarted(now: Date): (pod: KubernetesObject) => boolean {
    return ({ metadata }) => now.getTime() - Date.parse(text(metadata, "creationTimestamp") ?? "") < 60_000;
}

function mend({ metadata }: KubernetesObject): string {
    return `kubectl -n ${metadata.namespace} describe pods, and kubectl -n ${metadata.namespace} logs deployment/${metadata.name}`;
}
