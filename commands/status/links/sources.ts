import { sourceKinds } from "../../../components/route";
import { asExpected, distinct, presence, readiness, resource, secretOf, suspension } from "../checks";
import { type Facts, find } from "../facts";
import { ago, short } from "../format";
import { type Link, link } from "../link";
import { isSame, text, time, title } from "../objects";
import { sourcesOf } from "../references";
import type { Stack } from "../stack";

/** What Flux fetches: whether it could, and which revision it has. */
export function sourceLinks(stack: Stack, facts: Facts): Link[] {
    return sourcesOf(stack).map((name) => {
        const own = stack.of(...sourceKinds).find((object) => isSame(object, name));
        const actual = find(facts, name);
        const revision = text(actual, "status", "artifact", "revision");
        const fetched = time(actual, "status", "artifact", "lastUpdateTime");
        const secret = secretOf(actual);
        const command = `kubectl -n ${name.metadata.namespace} describe ${resource(name)} ${name.metadata.name}`;
        const problems = distinct([
            ...(own === undefined ? presence(name, facts, "create it") : asExpected(own, facts, stack.name)),
            ...(own === undefined ? [] : stack.supporting(own)).flatMap((one) => asExpected(one, facts, stack.name)),
            ...(secret === undefined ? [] : presence(secret, facts, `create it, with what the Git host asks for`)),
            ...suspension(actual),
            ...readiness(actual, `check its address, branch and credentials: ${command}`),
        ]);
        const detail = revision === undefined ? "nothing fetched" : `${short(revision)}, ${ago(fetched, facts.now)}`;
        return link("source", title(name), detail, problems, { revision, time: fetched });
    });
}
