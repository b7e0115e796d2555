import { createHash } from "node:crypto";
import type { Route } from "../route";

/** What a route's bindings, or its template, are named by. */
export interface ObjectPrefix {
    readonly name: string;
    readonly isShared: boolean;
}

/**
 * By route, the prefix: the route's name, or, for several of the same content, a hash of that. So an object is never
 * changed for one route while another one's triggers still refer to it.
 */
export function objectPrefixes(
    eventListenerName: string,
    routes: readonly Route[],
    contentOf: (route: Route) => string | undefined,
): ReadonlyMap<Route, ObjectPrefix> {
    const contents = routes.map(contentOf);
    return new Map(
        routes.map((route, i) => {
            const content = contents[i];
            const isShared = content !== undefined && contents.filter((other) => other === content).length > 1;
            return [route, { name: isShared ? `${eventListenerName}-${shortHash(content)}` : route.name, isShared }];
        }),
    );
}

function shortHash(content: string): string {
    return createHash("sha256").update(content).digest("hex").slice(0, 8);
}

/** Whether a value has neither outputs nor promises in it. */
export function isPlain(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return true;
    const prototype: unknown = Object.getPrototypeOf(value);
    return (prototype === Object.prototype || prototype === Array.prototype) && Object.values(value).every(isPlain);
}
