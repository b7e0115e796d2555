import { asExpected, distinct, presence, restore } from "../checks";
import { type Facts, find } from "../facts";
import { listed } from "../format";
import { type Link, link, type Problem } from "../link";
import { field, isSame, items, text, title } from "../objects";
import { type RouteObjects, routesOf } from "../references";
import type { Stack } from "../stack";

/** From an event to a run: bindings, template, and the Pipeline with the parameters that it gets. */
export function routeLinks(stack: Stack, facts: Facts): Link[] {
    const claimed = new Set<string>();
    return routesOf(stack).map((route) => {
        const bindings = stack
            .of("TriggerBinding")
            .filter(({ metadata }) => isOf(route, metadata.name))
            .filter((binding) => !claimed.has(title(binding)));
        for (const binding of bindings) claimed.add(title(binding));
        const own = stack.of("Pipeline").find((object) => isSame(object, route.pipeline));
        const problems = distinct([
            ...[route.template, ...bindings].flatMap((object) => asExpected(object, facts, stack.name)),
            ...(own === undefined
                ? presence(route.pipeline, facts, `create it in ${route.pipeline.metadata.namespace}`)
                : asExpected(own, facts, stack.name)),
            ...parameters(
                route,
                facts,
                own === undefined ? "change the route's params, or the Pipeline's" : restore(stack.name),
            ),
        ]);
        return link("route", route.name, `${title(route.source)} → ${title(route.pipeline)}`, problems);
    });
}

/** The bindings that the route's triggers name. */
function isOf({ listener, template }: RouteObjects, binding: string): boolean {
    return items(listener, "spec", "triggers")
        .filter((trigger) =>
            [text(trigger, "template", "ref"), text(trigger, "template", "name")].includes(template.metadata.name),
        )
        .some((trigger) => items(trigger, "bindings").some((one) => text(one, "ref") === binding));
}

/** Whether the Pipeline declares what it is given, and is given what it needs. */
function parameters({ run, pipeline }: RouteObjects, facts: Facts, todo: string): Problem[] {
    const actual = find(facts, pipeline);
    if (actual === undefined) return [];
    const given = items(run, "spec", "params").map((param) => text(param, "name")!);
    const declared = items(actual, "spec", "params");
    const names = declared.map((param) => text(param, "name")!);
    const extra = given.filter((name) => !names.includes(name));
    const needed = declared
        .filter((param) => field(param, "default") === undefined)
        .map((param) => text(param, "name")!);
    const lacking = needed.filter((name) => !given.includes(name));
    return [
        ...(extra.length === 0 ? [] : [{ problem: `${title(pipeline)} has no ${listed(extra)}`, todo }]),
        ...(lacking.length === 0 ? [] : [{ problem: `${title(pipeline)} needs ${listed(lacking)}, too`, todo }]),
    ];
}
