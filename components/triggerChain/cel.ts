import type { Generation } from "../generation";
import type { EventParam, SourceKind } from "../route";

/** A route's source and filter as plain values. */
export interface EventFilter {
    readonly kind: SourceKind;
    readonly name: string;
    readonly namespace: string;
    /** A further condition. */
    readonly filter?: string;
}

/**
 * The CEL filter by which an EventListener lets a source's events pass:
 * https://tekton.dev/docs/triggers/cel_expressions/
 *
 * Only news pass: Flux sends errors, too, to an Alert that asks for `info`, and a failed fetch is not a new revision.
 */
export function eventFilter({ kind, name, namespace, filter }: EventFilter): string {
    return [
        "header.canonical('Gotk-Component') == 'source-controller'",
        `body.involvedObject.kind == ${celString(kind)}`,
        `body.involvedObject.name == ${celString(name)}`,
        `body.involvedObject.namespace == ${celString(namespace)}`,
        "body.severity == 'info'",
        ...(filter === undefined ? [] : [`(${filter})`]),
    ].join(" && ");
}

/** A value that the CEL interceptor adds to an event, for bindings to use. */
export interface Overlay {
    readonly key: string;
    readonly expression: string;
}

/** Parameters that an event doesn't carry as they are, but that follow from its revision. */
const revisionParams = ["revision", "branch", "commit"] as const satisfies readonly EventParam[];

/** The overlays that a pipeline's parameters need; none where the event carries them all. */
export function revisionOverlays(generation: Generation, params: readonly EventParam[]): Overlay[] {
    // Today "main@sha1:<hex>" in the metadata; in 2020 "main/<hex>" at the end of the message. An absent part is "".
    const [revision, branchEnd, commitStart] =
        generation === "2020"
            ? ["body.message.replace('Fetched revision: ', '')", "/", "/"]
            : ["(has(body.metadata) && has(body.metadata.revision) ? body.metadata.revision : '')", "@", ":"];
    const expressions: Record<(typeof revisionParams)[number], string> = {
        revision,
        branch: `${revision}.contains('${branchEnd}') ? ${revision}.substring(0, ${revision}.lastIndexOf('${branchEnd}')) : ''`,
        commit: `${revision}.substring(${revision}.lastIndexOf('${commitStart}') + 1)`,
    };
    return revisionParams
        .filter((param) => params.includes(param))
        .map((key) => ({ key, expression: expressions[key] }));
}

/** Where a TriggerBinding finds a parameter. Overlays were written into the body before they got `extensions`. */
export function bindingValue(generation: Generation, param: EventParam): string {
    switch (param) {
        case "message":
            return "$(body.message)";
        case "repository":
            return "$(body.involvedObject.name)";
        case "namespace":
            return "$(body.involvedObject.namespace)";
        case "revision":
        case "branch":
        case "commit":
            return generation === "2020" ? `$(body.${param})` : `$(extensions.${param})`;
    }
}

/** A CEL string literal. */
function celString(text: string): string {
    return `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'").replace(/\n/g, "\\n")}'`;
}
