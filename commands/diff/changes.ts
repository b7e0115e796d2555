import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import type { KubernetesObject } from "../../components/kubernetesObject";
import { objectId } from "../../components/release/objectId";
import { toYaml } from "../../components/toYaml";

/** What becomes of an object. */
export interface ObjectChange {
    readonly change: "added" | "changed" | "removed";
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace?: string;
    readonly name: string;
    /** Which object it is, whatever version of its API it is written in: `apps/Deployment ns/name`. */
    readonly id: string;
    /** Unified diff of its YAML. */
    readonly patch: string;
}

/** What becomes of a stack's objects, or why that can't be told. */
export interface StackChanges {
    readonly stack: string;
    /** Added and changed ones in the order of application, then the removed ones. */
    readonly changes: readonly ObjectChange[];
    readonly unchanged: number;
    readonly error?: string;
}

/** What a change does to a stack's objects. */
export function compare(
    stack: string,
    before: readonly KubernetesObject[],
    after: readonly KubernetesObject[],
): StackChanges {
    const earlier = new Map(before.map((object) => [objectId(object), object]));
    const later = new Set(after.map(objectId));
    const changes = [
        ...after.map((object) => change(earlier.get(objectId(object)), object)),
        ...before.filter((object) => !later.has(objectId(object))).map((object) => change(object, undefined)),
    ].filter((one) => one !== undefined);
    const stayed = after.filter((object) => earlier.has(objectId(object))).length;
    return { stack, changes, unchanged: stayed - changes.filter((one) => one.change === "changed").length };
}

function change(before: KubernetesObject | undefined, after: KubernetesObject | undefined): ObjectChange | undefined {
    const object = (after ?? before)!;
    const [from, to] = [before, after].map((one) => (one === undefined ? "" : toYaml(one)));
    if (from === to) return undefined;
    const { apiVersion, kind, metadata } = object;
    const id = objectId(object);
    return {
        change: before === undefined ? "added" : after === undefined ? "removed" : "changed",
        apiVersion,
        kind,
        namespace: metadata.namespace,
        name: metadata.name,
        id,
        patch: createTwoFilesPatch(
            before === undefined ? "/dev/null" : `a/${id}`,
            after === undefined ? "/dev/null" : `b/${id}`,
            from!,
            to!,
            undefined,
            undefined,
            { context: 3, headerOptions: FILE_HEADERS_ONLY },
        ),
    };
}
