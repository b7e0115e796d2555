import { authenticationHeader, authenticationKey } from "../../../components/eventAuthentication";
import { asExpected, presence, restore, secretOf, secretValue, suspension } from "../checks";
import { type Facts, find } from "../facts";
import { counted } from "../format";
import { type Link, link, type Problem } from "../link";
import { items, text, title } from "../objects";
import { listenerAt, listenerSecret } from "../references";
import type { Stack } from "../stack";

/** Which events are sent. */
export function alertLinks(stack: Stack, facts: Facts): Link[] {
    return stack.of("Alert").map((expected) => {
        const problems = [
            ...asExpected(expected, facts, stack.name),
            ...stack.supporting(expected).flatMap((one) => asExpected(one, facts, stack.name)),
            ...suspension(find(facts, expected)),
        ];
        const sources = counted(items(expected, "spec", "eventSources").length, "source");
        const detail = `${sources} to Provider ${text(expected, "spec", "providerRef", "name")}`;
        return link("alert", title(expected), detail, problems);
    });
}

/** Where they are sent. */
export function providerLinks(stack: Stack, facts: Facts): Link[] {
    return stack.of("Provider").map((expected) => {
        const actual = find(facts, expected);
        const listener = listenerAt(stack, text(expected, "spec", "address"));
        const address = text(actual, "spec", "address");
        const reported = listener && text(find(facts, listener), "status", "address", "url");
        const elsewhere: Problem[] =
            address === undefined || reported === undefined || address === reported
                ? []
                : [
                      {
                          problem: `${title(expected)} posts to ${address}, and the EventListener is at ${reported}`,
                          todo: restore(stack.name),
                      },
                  ];
        const problems = [
            // Its address is what the cluster says of the EventListener, which the stack can only foretell.
            ...asExpected(expected, facts, stack.name).filter(({ problem }) => !problem.includes(": spec.address is ")),
            ...elsewhere,
            ...suspension(actual),
        ];
        return link("provider", title(expected), `posts to ${address ?? "nowhere"}`, problems);
    });
}

/** Whether sender and listener share the secret by which the listener knows the sender. */
export function authenticationLinks(stack: Stack, facts: Facts): Link[] {
    return stack.of("Provider").flatMap((provider) => {
        const listener = listenerSecret(listenerAt(stack, text(provider, "spec", "address")));
        const sender = secretOf(provider);
        if (listener === undefined || sender === undefined) return [];
        const absent = [sender, listener].flatMap((name) => presence(name, facts, restore(stack.name)));
        // Only whether they agree leaves this function.
        const headers = secretValue(find(facts, sender), "headers") ?? "";
        const token = secretValue(find(facts, listener), authenticationKey);
        const sent = headers
            .split("\n")
            .find((line) => line.toLowerCase().startsWith(`${authenticationHeader.toLowerCase()}:`))
            ?.slice(authenticationHeader.length + 1)
            .trim();
        const disagree =
            absent.length > 0 || (sent !== undefined && sent === token)
                ? []
                : [
                      {
                          problem: `${title(sender)} and ${title(listener)} don't hold the same token, so the EventListener ignores every event`,
                          todo: restore(stack.name),
                      },
                  ];
        const name = `${title(sender)}, ${title(listener)}`;
        return [link("authentication", name, "one token", [...absent, ...disagree])];
    });
}
