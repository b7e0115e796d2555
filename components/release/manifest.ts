import { LineCounter, parseAllDocuments, type Document } from "yaml";
import type { KubernetesObject } from "../kubernetesObject";
import { ReleaseError } from "./error";
import { kubernetesScalars } from "./kubernetesYaml";
import { objectId } from "./objectId";
import type { LoadedRelease } from "./source";

export { isDefinition, withoutDescriptions } from "./definitions";
export { phasesOf, type Phases } from "./phases";

/**
 * Parses a manifest as `kubectl apply` does: YAML as Kubernetes reads it, several documents, empty ones skipped, lists
 * flattened.
 * @param origin The file or URL, for error messages.
 * @throws ReleaseError for text that isn't YAML, a duplicate key, something that isn't a Kubernetes object, or the same
 * object twice; the message names origin, document and line of each.
 */
export function parseManifest(text: string, origin: string): KubernetesObject[] {
    return objectsOf([{ text, origin }]);
}

/** Parses all files of a release, in order. @throws ReleaseError as parseManifest does, also for an object in two files */
export function parseRelease(release: Pick<LoadedRelease, "files">): KubernetesObject[] {
    return objectsOf(release.files);
}

function objectsOf(manifests: readonly { text: string; origin: string }[]): KubernetesObject[] {
    const problems: string[] = [];
    const objects: KubernetesObject[] = [];
    const seen = new Map<string, string>();
    for (const { text, origin } of manifests) {
        const lineCounter = new LineCounter();
        const documents = parseAllDocuments(text, {
            schema: "failsafe",
            customTags: kubernetesScalars,
            merge: true,
            lineCounter,
        });
        for (const [index, document] of [...documents].entries()) {
            const line = lineCounter.linePos(document.contents?.range?.[0] ?? document.range[0]).line;
            const inDocument = `${origin}, document ${index + 1}`;
            const place = `${inDocument}, line ${line}`;
            const faults = [...document.errors, ...document.warnings];
            // The library's message gives the fault's own line, and shows it.
            problems.push(
                ...faults.map(({ message }) => `${inDocument}: ${message.trim().replaceAll("\n", "\n    ")}`),
            );
            for (const object of faults.length > 0 ? [] : objectsIn(document, place, problems)) {
                const id = objectId(object);
                const before = seen.get(id);
                if (before !== undefined) {
                    problems.push(`${place}: ${id} is there already: ${before}`);
                }
                seen.set(id, place);
                objects.push(object);
            }
        }
    }
    if (problems.length > 0) {
        throw new ReleaseError(
            ["The manifest can't be used:", ...problems.map((problem) => `  ${problem}`)].join("\n"),
        );
    }
    return objects;
}

function objectsIn(document: Document.Parsed, place: string, problems: string[]): KubernetesObject[] {
    let value: unknown;
    try {
        value = document.toJS();
    } catch (error) {
        problems.push(`${place}: ${(error as Error).message}`);
        return [];
    }
    if (value === null) {
        return [];
    }
    const items = isListOfObjects(value) ? value.items : [value];
    return items.filter((item): item is KubernetesObject => {
        const missing = missingPart(item);
        if (missing !== undefined) {
            problems.push(`${place}: this is not a Kubernetes object: ${missing}`);
        }
        return missing === undefined;
    });
}

function isListOfObjects(value: unknown): value is { items: unknown[] } {
    const { kind, items } = Object(value) as Record<string, unknown>;
    return typeof kind === "string" && kind.endsWith("List") && Array.isArray(items);
}

function missingPart(value: unknown): string | undefined {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
        return `expected a mapping, found ${Array.isArray(value) ? "a sequence" : JSON.stringify(value)}`;
    }
    const { apiVersion, kind, metadata } = value as Record<string, unknown>;
    const { name, namespace = "default" } = Object(metadata) as Record<string, unknown>;
    const parts = Object.entries({ apiVersion, kind, "metadata.name": name, "metadata.namespace": namespace });
    const [missing] = parts.find(([, part]) => typeof part !== "string" || part === "") ?? [];
    return missing && `${missing} is missing, or not a string`;
}
