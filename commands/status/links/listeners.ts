import { asExpected, distinct, presence, readiness, restore } from "../checks";
import { type Facts, find } from "../facts";
import { type Link, link, type Problem } from "../link";
import { condition, count, field, text, title } from "../objects";
import { deploymentOf } from "../references";
import type { Stack } from "../stack";
import { availability } from "../workload";

/** What turns events into runs: the EventListener, its pods, and what they may do. */
export function listenerLinks(stack: Stack, facts: Facts): Link[] {
    return stack.of("EventListener").map((expected) => {
        const actual = find(facts, expected);
        const deployment = find(facts, deploymentOf(expected));
        const notMade = "Tekton Triggers makes it: see its controllers above";
        const problems = distinct([
            ...asExpected(expected, facts, stack.name),
            ...stack.supporting(expected).flatMap((one) => asExpected(one, facts, stack.name)),
            ...(actual === undefined
                ? []
                : deployment === undefined
                  ? presence(deploymentOf(expected), facts, notMade)
                  : availability(deployment, facts, "Tekton Triggers sets it back, if its controllers run: see above")),
            ...(actual === undefined || field(actual, "status", "conditions") === undefined
                ? []
                : notReady(actual, stack)),
        ]);
        const ready = `${count(deployment, "status", "readyReplicas")} of ${count(deployment, "spec", "replicas")} pods`;
        return link("listener", title(expected), `${ready}, ${text(actual, "status", "address", "url")}`, problems);
    });
}

/** The releases of 2020 have no Ready, only Available. */
function notReady(listener: Parameters<typeof readiness>[0] & object, stack: Stack): Problem[] {
    if (condition(listener, "Ready") !== undefined) return readiness(listener, restore(stack.name));
    const available = condition(listener, "Available");
    return available?.status === "True"
        ? []
        : [{ problem: `${title(listener)} isn't available: ${available?.message}`, todo: restore(stack.name) }];
}
