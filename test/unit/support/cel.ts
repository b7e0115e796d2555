import { celMethod, type CelInput, CelScalar, isCelError, mapType, run } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** JSON as CEL takes it. */
export type Json = { readonly [key: string]: CelInput };

/** A request that an EventListener gets. */
export interface Event {
    readonly headers: Json;
    readonly body: Json;
}

/** What a cluster's Secrets hold: `<namespace>/<name>/<key>` → value. */
export type Secrets = Readonly<Record<string, string>>;

/** Tekton's own CEL function: a header's value, whatever the case of its name; "" for none. */
const canonical = celMethod(
    "canonical",
    mapType(CelScalar.STRING, CelScalar.DYN),
    [CelScalar.STRING],
    CelScalar.DYN,
    function (name) {
        const [, value] = [...this].find(([key]) => String(key).toLowerCase() === name.toLowerCase()) ?? [];
        return (value ?? "") as string;
    },
);

/** Tekton's own: the first so many characters, or all where there are fewer. */
const truncate = celMethod("truncate", CelScalar.STRING, [CelScalar.INT], CelScalar.STRING, function (length) {
    return this.slice(0, Number(length));
});

/** Tekton's own: whether a text is what a Secret holds under a key. A Secret that isn't there is an error. */
function compareSecret(secrets: Secrets): ReturnType<typeof celMethod> {
    const { STRING, BOOL } = CelScalar;
    return celMethod("compareSecret", STRING, [STRING, STRING, STRING], BOOL, function (key, name, namespace) {
        const secret = secrets[`${namespace}/${name}/${key}`];
        if (secret === undefined) throw new Error(`there is no Secret ${namespace}/${name} with a key ${key}`);
        return secret === String(this);
    });
}

/**
 * Evaluates an expression on an event as Tekton's CEL interceptor does: with the extension for strings and with Tekton's
 * own functions (https://tekton.dev/docs/triggers/cel_expressions/). Throws what CEL calls an error.
 * @param extensions what earlier interceptors added
 */
export function evaluate(
    expression: string,
    { headers, body }: Event,
    { secrets = {}, extensions = {} }: { readonly secrets?: Secrets; readonly extensions?: Json } = {},
): unknown {
    const funcs = [...strings, canonical, truncate, compareSecret(secrets)];
    const result = run(expression, { header: headers, body, extensions }, { funcs });
    if (isCelError(result)) throw result;
    return result;
}

/** The commit of the events below. */
export const sha = "46ff7ed61de8cb0ac4e2a63afa44d61eecf8625f";

/** What Flux 2.9 posts for a new revision, written by hand after the real event. */
export const newRevision: Event = {
    headers: { "Gotk-Component": "source-controller" },
    body: {
        involvedObject: { kind: "GitRepository", namespace: "flux-system", name: "flux-system" },
        severity: "info",
        message: "stored artifact for commit 'three'",
        metadata: { revision: `main@sha1:${sha}` },
    },
};

/** What the catch-up sends of the same revision; written by hand. */
export const missedRevision: Event = {
    headers: { "Gotk-Component": "flux-to-tekton-catch-up" },
    body: {
        ...newRevision.body,
        runNamePrefixes: ["flux-notification-run-", "test-run-"],
        message: `stored artifact for revision 'main@sha1:${sha}'`,
    },
};

/** An event with other fields in its body. */
export function withBody(event: Event, change: Json): Event {
    return { ...event, body: { ...event.body, ...change } };
}

/** An event with further headers. */
export function withHeaders(event: Event, headers: Json): Event {
    return { ...event, headers: { ...event.headers, ...headers } };
}

/** An event without a field of its body. */
export function without(event: Event, field: string): Event {
    return { ...event, body: Object.fromEntries(Object.entries(event.body).filter(([key]) => key !== field)) };
}

/** An event that Flux really posted; skips the test, by its name, where the recording isn't there. */
export function recorded(test: Mocha.Context, name: string): Event {
    const path = resolve(__dirname, "../../../../shared/events", `${name}.json`);
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Event) : test.skip();
}
