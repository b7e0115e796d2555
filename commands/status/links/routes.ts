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
        // What several routes share is the first one's to tell of.
        const objects = [route.template, ...route.bindings].filter((object) => !claimed.has(title(object)));
        for (const object of objects) claimed.add(title(object));
        const own = stack.of("Pipeline").find((object) => isSame(object, route.pipeline));
        const problems = distinct([
            ...objects.flatMap((object) => asExpected(object, facts, stack.name)),
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
