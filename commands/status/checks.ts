import type { KubernetesObject } from "../../components/kubernetesObject";
import { objectId } from "../../components/release";
import { differences } from "./differences";
import { type Facts, find, unreadable } from "./facts";
import { shown } from "./format";
import type { Problem } from "./link";
import { condition, count, type ObjectName, text, time, title } from "./objects";

/** How to have the cluster as the stack has it. */
export function restore(stack: string): string {
    return `pulumi up --refresh --stack ${stack} restores it`;
}

/** Something to read again later. */
export const lookAgain = "look again in a moment";

/** Whether an object is there. */
export function presence(name: ObjectName, facts: Facts, todo: string): Problem[] {
    const why = unreadable(facts, name);
    if (why !== undefined) {
        return [
            { problem: `${title(name)} can't be read: ${why}`, todo: "see what your account may do", unknown: true },
        ];
    }
    const object = find(facts, name);
    if (object === undefined) return [{ problem: `${title(name)} isn't there`, todo }];
    return time(object, "metadata", "deletionTimestamp") === undefined
        ? []
        : [{ problem: `${title(name)} is being deleted`, todo }];
}

/** Whether an object is there, and as the stack has it. */
export function asExpected(expected: KubernetesObject, facts: Facts, stack: string): Problem[] {
    const absent = presence(expected, facts, restore(stack));
    const actual = find(facts, expected);
    if (absent.length > 0 || actual === undefined) return absent;
    return differences(expected, actual).map((difference) => ({
        problem: `${title(expected)}: ${difference.path} is ${shown(difference.actual)}, and the stack has ${shown(difference.expected)}`,
        todo: difference.added ? remove(expected) : restore(stack),
    }));
}

/** How to take out what a refresh doesn't see. */
function remove({ apiVersion, kind, metadata: { name, namespace } }: KubernetesObject): string {
    const where = namespace === undefined ? "" : `-n ${namespace} `;
    return `a refresh doesn't see what a list has besides; take it out: kubectl ${where}edit ${resource({ apiVersion, kind })} ${name}`;
}

/** Whether someone has told Flux to leave an object alone. */
export function suspension(object: KubernetesObject | undefined): Problem[] {
    if (object?.spec === undefined || (object.spec as { suspend?: boolean }).suspend !== true) return [];
    const { kind, metadata } = object;
    const patch = `kubectl -n ${metadata.namespace} patch ${resource(object)} ${metadata.name} --type=merge -p '{"spec":{"suspend":false}}'`;
    return [{ problem: `${title({ kind, metadata })} is suspended`, todo: patch }];
}

/** How kubectl takes a kind: with its group, since other systems have a Provider or an Alert, too. */
export function resource({ apiVersion, kind }: Pick<ObjectName, "apiVersion" | "kind">): string {
    const group = apiVersion.includes("/") ? `.${apiVersion.split("/")[0]}` : "";
    return `${kind.toLowerCase()}${group}`;
}

/** Whether a controller has an object Ready, in its own words if not. */
export function readiness(object: KubernetesObject | undefined, todo: string): Problem[] {
    if (object === undefined) return [];
    const ready = condition(object, "Ready");
    const name = title(object);
    const generation = count(object, "metadata", "generation");
    if (ready === undefined || (ready.generation !== 0 && ready.generation < generation)) {
        return [{ problem: `${name} hasn't been looked at by its controller yet`, todo: lookAgain, unknown: true }];
    }
    if (ready.status === "True") return [];
    const why = [ready.reason, ready.message].filter((part) => part !== "").join(": ");
    return ready.status === "Unknown"
        ? [{ problem: `${name} isn't ready yet: ${why}`, todo: lookAgain, unknown: true }]
        : [{ problem: `${name} isn't ready: ${why}`, todo }];
}

/** The Secret that an object refers to, by the name in `spec.secretRef`. */
export function secretOf(object: KubernetesObject | undefined): ObjectName | undefined {
    const name = text(object, "spec", "secretRef", "name");
    if (object === undefined || name === undefined) return undefined;
    return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace: object.metadata.namespace } };
}

/** A Secret's value. It stays in memory. */
export function secretValue(secret: KubernetesObject | undefined, key: string): string | undefined {
    const encoded = text(secret, "data", key);
    return encoded === undefined ? undefined : Buffer.from(encoded, "base64").toString();
}

/** Problems once each, whichever checks have found them. */
export function distinct(problems: readonly Problem[]): Problem[] {
    return [...new Map(problems.map((one) => [one.problem, one])).values()];
}

/** For a list: objects, each once. */
export function distinctObjects(names: readonly ObjectName[]): ObjectName[] {
    const key = (name: ObjectName): string => objectId(name as KubernetesObject);
    return [...new Map(names.map((name) => [key(name), name])).values()];
}
