import { createHash } from "node:crypto";
import { sourceKinds } from "../../../components/route";
import { asExpected, lookAgain, presence, readiness, restore, secretOf, secretValue, suspension } from "../checks";
import { type Facts, find } from "../facts";
import { ago } from "../format";
import { type Link, link, type Problem } from "../link";
import { items, text, title } from "../objects";
import type { Stack } from "../stack";

/** What a Git host's webhook calls. */
export function receiverLinks(stack: Stack, facts: Facts): Link[] {
    return stack.of("Receiver").map((expected) => {
        const actual = find(facts, expected);
        const secret = secretOf(expected);
        const problems = [
            ...asExpected(expected, facts, stack.name),
            ...stack.supporting(expected).flatMap((one) => asExpected(one, facts, stack.name)),
            ...(secret === undefined ? [] : presence(secret, facts, restore(stack.name))),
            ...suspension(actual),
            ...readiness(actual, restore(stack.name)),
            ...otherToken(actual, facts, stack),
        ];
        // A Receiver notes nothing of a call; it leaves the time of it on each of its sources.
        const called = items(actual, "spec", "resources")
            .map((source) => facts.objects.find((object) => names(source, object)))
            .flatMap((source) => requestTime(source) ?? [])
            .sort((a, b) => b.getTime() - a.getTime())[0];
        const detail = called === undefined ? "not called yet" : `last asked for a fetch ${ago(called, facts.now)}`;
        return link("receiver", title(expected), detail, problems, { time: called });
    });
}

/** The notification-controller writes the time as Go prints it: "2026-11-23 11:58:00.123456789 +0000 UTC m=+12.3". */
function requestTime(source: unknown): Date | undefined {
    const written = text(source, "metadata", "annotations", "reconcile.fluxcd.io/requestedAt") ?? "";
    const [, day, hour, zone] = /^(\S+)[ T](\d\d:\d\d:\d\d)[.\d]* ?(Z|[+-]\d\d:?\d\d)/.exec(written) ?? [];
    const date = new Date(`${day}T${hour}${zone}`);
    return Number.isNaN(date.getTime()) ? undefined : date;
}

function names(source: unknown, { kind, metadata }: Facts["objects"][number]): boolean {
    return (
        sourceKinds.some((one) => one === kind) &&
        text(source, "kind") === kind &&
        text(source, "name") === metadata.name &&
        text(source, "namespace") === metadata.namespace
    );
}

/**
 * Whether the path that it answers at is that of its token:
 * https://fluxcd.io/flux/components/notification/receivers/#webhook-path
 */
function otherToken(receiver: Facts["objects"][number] | undefined, facts: Facts, stack: Stack): Problem[] {
    const secret = secretOf(receiver);
    const token = secret && secretValue(find(facts, secret), "token");
    const path = text(receiver, "status", "webhookPath");
    if (receiver === undefined || token === undefined || path === undefined) return [];
    const { name, namespace } = receiver.metadata;
    const digest = createHash("sha256").update(`${token}${name}${namespace}`).digest("hex");
    if (path === `/hook/${digest}`) return [];
    return [
        {
            problem: `${title(receiver)} answers at the path of another token than that in ${title(secret!)}`,
            todo: `${restore(stack.name)}; if the token was changed on purpose, ${lookAgain}`,
        },
    ];
}
