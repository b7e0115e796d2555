import { asExpected, readiness, suspension } from "../checks";
import { type Facts, find } from "../facts";
import { ago, short } from "../format";
import { type Link, link } from "../link";
import { condition, text, title } from "../objects";
import type { Stack } from "../stack";

/** What Flux applies from Git to the cluster. No run waits for it. */
export function deploymentLinks(stack: Stack, facts: Facts): Link[] {
    return stack.of("Kustomization").map((expected) => {
        const actual = find(facts, expected);
        const revision = text(actual, "status", "lastAppliedRevision");
        const since = actual && condition(actual, "Ready")?.since;
        const problems = [
            ...asExpected(expected, facts, stack.name),
            ...stack.supporting(expected).flatMap((one) => asExpected(one, facts, stack.name)),
            ...suspension(actual),
            ...readiness(actual, "mend it in Git: what it says is of the last commit that it tried"),
        ];
        const detail = revision === undefined ? "nothing applied" : `${short(revision)}, ${ago(since, facts.now)}`;
        return link("deployment", title(expected), detail, problems, { revision, time: since });
    });
}
