import { asExpected } from "../checks";
import type { Facts } from "../facts";
import { counted } from "../format";
import { type Link, link } from "../link";
import type { Stack } from "../stack";

/** Parts of the stack that are no link themselves. */
export function otherLinks(stack: Stack, facts: Facts): Link[] {
    return [...stack.others].map(([component, objects]) =>
        link(
            "other",
            component,
            counted(objects.length, "object"),
            objects.flatMap((object) => asExpected(object, facts, stack.name)),
        ),
    );
}
