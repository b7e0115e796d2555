import type { Generation } from "../generation";
import type { EventParam, SourceKind } from "../route";

/** A source, as plain values. */
export interface SourceName {
    readonly kind: SourceKind;
    readonly name: string;
    readonly namespace: string;
}

/** The Secret, and its key and header, by which a sender of events proves itself. */
export interface SenderProof {
    readonly header: string;
    readonly key: string;
    readonly secretName: string;
    readonly secretNamespace: string;
}

/** `Gotk-Component` of the events that Flux's source-controller raises. */
const fluxSender = "source-controller";
/** `Gotk-Component` of what the catch-up sends, in the shape of Flux's events. */
export const catchUpSender = "flux-to-tekton-catch-up";

/** Which events a route takes, beyond those of its source. */
export interface EventFilterArgs {
    /** @default "v1" */
    readonly generation?: Generation;
    /** @default none: everyone is believed */
    readonly proof?: SenderProof;
    /**
     * What the names of the route's runs begin with. The catch-up's events, which pass then, too, say by this which routes
     * have no run: those of the others may have been removed since.
     * @default none: the catch-up isn't heard
     */
    readonly runNamePrefix?: string;
}

/**
 * The CEL filter by which an EventListener lets a source's events pass:
 * https://tekton.dev/docs/triggers/cel_expressions/
 *
 * Only news pass: Flux sends errors, too, to an Alert that asks for `info`, and a failed fetch is not a new revision, nor
 * is an event that names none.
 */
export function eventFilter(
    { kind, name, namespace }: SourceName,
    { generation = "v1", proof, runNamePrefix }: EventFilterArgs = {},
): string {
    return and(
        runNamePrefix === undefined
            ? from(fluxSender)
            : `(${from(fluxSender)} || ${and(
                  from(catchUpSender),
                  "has(body.runNamePrefixes)",
                  `${literal(runNamePrefix)} in body.runNamePrefixes`,
              )})`,
        `body.involvedObject.kind == ${literal(kind)}`,
        `body.involvedObject.name == ${literal(name)}`,
        `body.involvedObject.namespace == ${literal(namespace)}`,
        "body.severity == 'info'",
        generation === "2020"
            ? "body.message.startsWith('Fetched revision: ')"
            : "has(body.metadata) && has(body.metadata.revision)",
        // Last: Tekton asks the API server for the Secret, and all routes at once, if it hasn't just done so.
        ...proven(proof),
    );
}

function from(sender: string): string {
    return `header.canonical('Gotk-Component') == ${literal(sender)}`;
}

function proven(proof: SenderProof | undefined): string[] {
    if (proof === undefined) return [];
    const { header, key, secretName, secretNamespace } = proof;
    const secret = [key, secretName, secretNamespace].map(literal).join(", ");
    return [`header.canonical(${literal(header)}).compareSecret(${secret})`];
}

/** What {@link eventFilter} has written into a filter; nothing of a filter of someone else's. */
export function readFilter(filter: string): { readonly source?: SourceName; readonly proof?: SenderProof } {
    const value = (left: string): string | undefined => new RegExp(`${left} == '([^']+)'`).exec(filter)?.[1];
    const kind = value("body\\.involvedObject\\.kind");
    const name = value("body\\.involvedObject\\.name");
    const namespace = value("body\\.involvedObject\\.namespace");
    const proof = /canonical\('([^']+)'\)\.compareSecret\('([^']+)', '([^']+)', '([^']+)'\)/.exec(filter);
    return {
        ...(kind === undefined || name === undefined || namespace === undefined
            ? {}
            : { source: { kind: kind as SourceKind, name, namespace } }),
        ...(proof === null
            ? {}
            : { proof: { header: proof[1]!, key: proof[2]!, secretName: proof[3]!, secretNamespace: proof[4]! } }),
    };
}

function and(...conditions: readonly string[]): string {
    return conditions.join(" && ");
}

/** A value that the CEL interceptor adds to an event, for bindings, templates and further filters to use. */
export interface Overlay {
    readonly key: string;
    readonly expression: string;
}

/** How many digits of a commit a run is named by. */
export const runNameLength = 20;

/** The part of a run's name that its revision gives it: what {@link eventOverlays} says in CEL. */
export function runNameOf(revision: string): string {
    return revision.slice(revision.search(/[^:/]*$/)).slice(0, runNameLength);
}

/**
 * What bindings need of an event and it hasn't as such: the message, disarmed; and what follows from the revision:
 * itself, its branch, its commit, and `run`, by which a run of it is named. An absent part is "".
 */
export function eventOverlays(generation: Generation): Overlay[] {
    // Today "main@sha1:<hex>" in the metadata; in 2020 "main/<hex>" at the end of the message.
    const [revision, branchEnd, commitStart] =
        generation === "2020"
            ? ["body.message.replace('Fetched revision: ', '')", "/", "/"]
            : ["body.metadata.revision", "@", ":"];
    const end = literal(branchEnd);
    const commit = `${revision}.substring(${revision}.lastIndexOf(${literal(commitStart)}) + 1)`;
    return [
        // Tekton substitutes variables in what it has substituted: a commit's author could have it say anything, or fail.
        { key: "message", expression: "body.message.replace('$(', '$ (')" },
        { key: "revision", expression: revision },
        {
            key: "branch",
            expression: `${revision}.contains(${end}) ? ${revision}.substring(0, ${revision}.lastIndexOf(${end})) : ''`,
        },
        { key: "commit", expression: commit },
        { key: "run", expression: `${commit}.truncate(${runNameLength})` },
    ];
}

/** Where a TriggerBinding finds a parameter. Overlays were written into the body before they got `extensions`. */
export function bindingValue(generation: Generation, param: EventParam | "run"): string {
    switch (param) {
        case "repository":
            return "$(body.involvedObject.name)";
        case "namespace":
            return "$(body.involvedObject.namespace)";
        case "message":
        case "revision":
        case "branch":
        case "commit":
        case "run":
            return generation === "2020" ? `$(body.${param})` : `$(extensions.${param})`;
    }
}

/** A CEL string literal. */
function literal(text: string): string {
    return `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'").replace(/\n/g, "\\n")}'`;
}
