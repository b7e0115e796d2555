import type { KubernetesObject } from "../../components/kubernetesObject";
import { secretPlaceholder } from "../../stacks/settings";
import { unknownPlaceholder } from "../../stacks/render";

/** A field that isn't as the stack has it. */
export interface Difference {
    /** "spec.triggers[0].name" */
    readonly path: string;
    readonly expected: unknown;
    /** undefined: it isn't there. */
    readonly actual: unknown;
    /** A list has all that the stack has, and more after it: a refresh doesn't see that. @default false */
    readonly added?: boolean;
}

/** What says nothing of how an object works, or is judged by itself; a Secret's values stay out of every message. */
const ignored = new Set(["apiVersion", "kind", "metadata", "status", "data", "stringData"]);

/**
 * Where an object on a cluster differs from what the stack has. Fields that only the cluster has don't count: defaults,
 * and what controllers write. Nor do those of which the stack can't know the value before it is up.
 */
export function differences(expected: KubernetesObject, actual: KubernetesObject): Difference[] {
    return Object.keys(expected)
        .filter((key) => !ignored.has(key))
        .flatMap((key) => compare(key, expected[key], actual[key]));
}

function compare(path: string, expected: unknown, actual: unknown): Difference[] {
    if (expected === undefined || isPlaceholder(expected)) return [];
    if (Array.isArray(expected)) {
        if (!Array.isArray(actual) || actual.length < expected.length) return [{ path, expected, actual }];
        const items = expected.flatMap((item, index) => compare(`${path}[${index}]`, item, actual[index]));
        if (actual.length === expected.length) return items;
        return [{ path, expected, actual, added: items.length === 0 }];
    }
    if (typeof expected === "object" && expected !== null) {
        // The API server leaves out what is empty.
        const fields = (actual ?? {}) as Record<string, unknown>;
        if (typeof fields !== "object" || Array.isArray(fields)) return [{ path, expected, actual }];
        return Object.entries(expected).flatMap(([key, value]) => compare(`${path}.${key}`, value, fields[key]));
    }
    return expected === actual || (isEmpty(expected) && isEmpty(actual)) ? [] : [{ path, expected, actual }];
}

function isPlaceholder(value: unknown): boolean {
    return typeof value === "string" && [secretPlaceholder, unknownPlaceholder].some((mark) => value.includes(mark));
}

function isEmpty(value: unknown): boolean {
    return value === undefined || value === null || value === "";
}
