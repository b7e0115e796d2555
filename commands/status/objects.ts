import type { KubernetesObject } from "../../components/kubernetesObject";
import { kindId } from "../../components/release";

/** What it takes to find an object on a cluster. */
export interface ObjectName {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Names an object for people and as a key, whatever version of its API it is written in: "Alert flux-system/tekton-alert". */
export function title({ kind, metadata: { namespace, name } }: Omit<ObjectName, "apiVersion">): string {
    return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** Whether two names are of the same object. */
export function isSame(a: ObjectName, b: ObjectName): boolean {
    return (
        kindId(a) === kindId(b) &&
        a.metadata.name === b.metadata.name &&
        (a.metadata.namespace ?? "") === (b.metadata.namespace ?? "")
    );
}

/** A field's value, by its keys from the top down; undefined if any of them isn't there. */
export function field(object: unknown, ...path: readonly (string | number)[]): unknown {
    return path.reduce<unknown>(
        (at, key) =>
            typeof at === "object" && at !== null ? (at as Record<string | number, unknown>)[key] : undefined,
        object,
    );
}

/** A field that is a text; undefined if it is empty or something else. */
export function text(object: unknown, ...path: readonly (string | number)[]): string | undefined {
    const value = field(object, ...path);
    return typeof value === "string" && value !== "" ? value : undefined;
}

/** A field that is a number, or 0. */
export function count(object: unknown, ...path: readonly (string | number)[]): number {
    const value = field(object, ...path);
    return typeof value === "number" ? value : 0;
}

/** A field that is a list, or an empty one. */
export function items(object: unknown, ...path: readonly (string | number)[]): unknown[] {
    const value = field(object, ...path);
    return Array.isArray(value) ? value : [];
}

/** A field that is a time. */
export function time(object: unknown, ...path: readonly (string | number)[]): Date | undefined {
    const value = text(object, ...path);
    const date = value === undefined ? undefined : new Date(value);
    return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
}

/** https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#typical-status-properties */
export interface Condition {
    readonly status: "True" | "False" | "Unknown";
    readonly reason: string;
    readonly message: string;
    readonly since?: Date;
    /** The generation of the object's spec that it is about; 0 if the kind doesn't say. */
    readonly generation: number;
}

/** A condition of an object's status. */
export function condition(object: KubernetesObject, type: string): Condition | undefined {
    const found = items(object, "status", "conditions").find((one) => field(one, "type") === type);
    if (found === undefined) return undefined;
    return {
        status: (text(found, "status") ?? "Unknown") as Condition["status"],
        reason: text(found, "reason") ?? "",
        message: text(found, "message") ?? "",
        since: time(found, "lastTransitionTime"),
        generation: count(found, "observedGeneration") || count(object, "status", "observedGeneration"),
    };
}

/** Whether an object has all of these labels. */
export function hasLabels({ metadata }: KubernetesObject, labels: unknown): boolean {
    return Object.entries((labels ?? {}) as Record<string, string>).every(
        ([key, value]) => metadata.labels?.[key] === value,
    );
}
