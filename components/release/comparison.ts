import type { KubernetesObject } from "../kubernetesObject";
import { isDefinition, versionsOf } from "./definitions";
import { imagesIn } from "./images";
import { objectId } from "./objectId";

/** What another version of a release brings. */
export interface ReleaseComparison {
    /** Objects, each as {@link objectId} writes it. */
    readonly objects: Changes & { readonly changed: readonly ObjectChange[] };
    /** Images, as the manifests name them. */
    readonly images: Changes;
    /** CustomResourceDefinitions that are in both, with other versions. */
    readonly definitions: readonly DefinitionChange[];
}

/** What only one of the two versions has. */
export interface Changes {
    readonly added: readonly string[];
    readonly removed: readonly string[];
}

/** An object that is in both, and differs in more than labels that give the release's version. */
export interface ObjectChange {
    readonly id: string;
    /** Paths of the fields that differ: "spec.template.spec.containers[0].image". */
    readonly fields: readonly string[];
}

/** How the versions of a CustomResourceDefinition change. Removing a served one breaks whoever still uses it. */
export interface DefinitionChange {
    readonly name: string;
    readonly served: Changes;
    /** The version that objects are stored in, if it changes. */
    readonly stored?: { readonly before?: string; readonly after?: string };
}

/** One version of a release: what it is called, and its objects. */
export interface ReleaseObjects {
    readonly version: string;
    readonly objects: readonly KubernetesObject[];
}

/** Compares two versions of a release, object by object. */
export function compareReleases(before: ReleaseObjects, after: ReleaseObjects): ReleaseComparison {
    const earlier = new Map(before.objects.map((object) => [objectId(object), object]));
    const both = after.objects.flatMap((object) => {
        const counterpart = earlier.get(objectId(object));
        return counterpart === undefined ? [] : [{ id: objectId(object), before: counterpart, after: object }];
    });
    return {
        objects: {
            ...changes(before.objects.map(objectId), after.objects.map(objectId)),
            changed: both
                .map((one) => ({
                    id: one.id,
                    fields: differences(unversioned(one.before, before.version), unversioned(one.after, after.version)),
                }))
                .filter(({ fields }) => fields.length > 0),
        },
        images: changes(imagesIn(before.objects), imagesIn(after.objects)),
        definitions: both.flatMap((one) => definitionChange(one.before, one.after)),
    };
}

function changes(before: readonly string[], after: readonly string[]): Changes {
    return {
        added: after.filter((one) => !before.includes(one)),
        removed: before.filter((one) => !after.includes(one)),
    };
}

/** Without the labels that only say which release an object is of, on itself and on its pods. */
function unversioned(value: unknown, version: string): unknown {
    if (Array.isArray(value)) return value.map((item) => unversioned(item, version));
    if (typeof value !== "object" || value === null) return value;
    const entries: [string, unknown][] = Object.entries(value);
    const isLabels = (key: string, item: unknown): item is object =>
        key === "labels" && typeof item === "object" && item !== null;
    return Object.fromEntries(
        entries.map(([key, item]) => [
            key,
            isLabels(key, item)
                ? Object.fromEntries(Object.entries(item).filter(([, label]) => label !== version))
                : unversioned(item, version),
        ]),
    );
}

/** Paths of the fields in which two values differ. */
function differences(before: unknown, after: unknown, path = ""): string[] {
    if (Object.is(before, after)) return [];
    const isParent = (value: unknown): value is object => typeof value === "object" && value !== null;
    if (!isParent(before) || !isParent(after) || Array.isArray(before) !== Array.isArray(after)) return [path];
    const fields = (value: object): Record<string, unknown> => value as Record<string, unknown>;
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) =>
        differences(
            fields(before)[key],
            fields(after)[key],
            Array.isArray(before) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`,
        ),
    );
}

function definitionChange(before: KubernetesObject, after: KubernetesObject): DefinitionChange[] {
    if (!isDefinition(before) || !isDefinition(after)) return [];
    const [earlier, later] = [versionsOf(before), versionsOf(after)];
    const served = changes(earlier.served, later.served);
    const stored = { before: earlier.stored, after: later.stored };
    const same = stored.before === stored.after;
    if (same && served.added.length === 0 && served.removed.length === 0) return [];
    return [{ name: after.metadata.name, served, ...(same ? {} : { stored }) }];
}
