import { type EventType, load, type State, YAMLException } from "js-yaml";
import type { KubernetesObject } from "../kubernetesObject";
import { ReleaseError } from "./error";
import { kubernetesYaml } from "./kubernetesYaml";
import { objectId } from "./objectId";
import type { LoadedRelease } from "./source";

export { isDefinition, withoutDescriptions } from "./definitions";
export { phasesOf, serversOf, type Phases } from "./phases";

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
        for (const [index, { line, value, fault }] of documentsIn(text).entries()) {
            const inDocument = `${origin}, document ${index + 1}`;
            const place = `${inDocument}, line ${line}`;
            if (fault !== undefined) problems.push(`${inDocument}: ${fault.trim().replaceAll("\n", "\n    ")}`);
            for (const object of objectsIn(value, place, problems)) {
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

/** One document of a file. */
interface YamlDocument {
    /** Where its content begins, from 1. */
    readonly line: number;
    /** `undefined` if it has no content, or can't be read. */
    readonly value?: unknown;
    /** Why it can't be read, and at which line. */
    readonly fault?: string;
}

/** Splits where `kubectl` does, before anything is parsed: one document's fault hides no other's. */
function documentsIn(text: string): YamlDocument[] {
    let before = 0;
    return text.split(/^---(?=\s|$)/m).map((part) => {
        const line = before + 1 + lineBreaks(/^(?:[^\S\n]*(?:#.*)?\n)*/.exec(part)![0]);
        // The lines before it are empty, so that faults have the file's own line numbers.
        const padded = "\n".repeat(before) + part;
        before += lineBreaks(part);
        return { line, ...read(padded) };
    });
}

function read(document: string): Pick<YamlDocument, "value" | "fault"> {
    let line = 0;
    try {
        const listener = (event: EventType, state: State): void => {
            if (event === "open") line = state.line;
        };
        return { value: load(document, { schema: kubernetesYaml, listener }) };
    } catch (error) {
        if (error instanceof RangeError) return { fault: `${error.message} at line ${line + 1}` };
        if (!(error instanceof YAMLException)) throw error;
        const { reason, mark } = error;
        return { fault: `${reason} at line ${mark.line + 1}, column ${mark.column + 1}:\n${mark.snippet}` };
    }
}

const lineBreaks = (text: string): number => text.split("\n").length - 1;

function objectsIn(value: unknown, place: string, problems: string[]): KubernetesObject[] {
    if (value === undefined || value === null) {
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
