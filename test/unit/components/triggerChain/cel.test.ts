import { celMethod, type CelInput, CelScalar, isCelError, mapType, run } from "@bufbuild/cel";
import { strings } from "@bufbuild/cel/ext";
import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Generation } from "../../../../components/generation";
import type { EventParam } from "../../../../components/route";
import { bindingValue, eventFilter, revisionOverlays } from "../../../../components/triggerChain/cel";

type Json = { readonly [key: string]: CelInput };
interface Event {
    readonly headers: Json;
    readonly body: Json;
}

const sha = "46ff7ed61de8cb0ac4e2a63afa44d61eecf8625f";

/** What Flux 2.9 posts for a new revision, written by hand after the real event. */
const newRevision: Event = {
    headers: { "Gotk-Component": "source-controller" },
    body: {
        involvedObject: { kind: "GitRepository", namespace: "flux-system", name: "flux-system" },
        severity: "info",
        message: "stored artifact for commit 'three'",
        metadata: { revision: `main@sha1:${sha}` },
    },
};

/** Tekton's own CEL function: a header's value, whatever the case of its name. */
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

/** Evaluates an expression on an event as Tekton's CEL interceptor does, with the extension for strings. */
function evaluate(expression: string, { headers, body }: Event): unknown {
    const result = run(expression, { header: headers, body }, { funcs: [...strings, canonical] });
    if (isCelError(result)) throw result;
    return result;
}

/** An event that Flux really posted; skips the test, by its name, where the recording isn't there. */
function recorded(test: Mocha.Context, name: string): Event {
    const path = resolve(__dirname, "../../../../../shared/events", `${name}.json`);
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Event) : test.skip();
}

const withoutMetadata = Object.fromEntries(Object.entries(newRevision.body).filter(([key]) => key !== "metadata"));

function withBody(change: Json): Event {
    return { ...newRevision, body: { ...newRevision.body, ...change } };
}

describe("CEL filter", () => {
    const synced = { kind: "GitRepository", name: "flux-system", namespace: "flux-system" } as const;
    const filter = eventFilter(synced);

    it("is the demonstration's, with name, namespace and severity", () => {
        expect(filter).to.equal(
            "header.canonical('Gotk-Component') == 'source-controller' && " +
                "body.involvedObject.kind == 'GitRepository' && body.involvedObject.name == 'flux-system' && " +
                "body.involvedObject.namespace == 'flux-system' && body.severity == 'info'",
        );
    });

    it("lets a new revision pass, as Flux 2.9 really announced one", function () {
        expect(evaluate(filter, recorded(this, "flux-2.9-gitrepository-new-artifact"))).to.equal(true);
    });

    it("stops a failed build, as Flux 2.9 really announced one", function () {
        expect(evaluate(filter, recorded(this, "flux-2.9-kustomization-build-failed"))).to.equal(false);
    });

    it("lets a new revision pass", () => {
        expect(evaluate(filter, newRevision)).to.equal(true);
    });

    const source = newRevision.body.involvedObject as Json;
    const others: [what: string, event: Event][] = [
        ["of an error", withBody({ severity: "error" })],
        ["of another kind of source", withBody({ involvedObject: { ...source, kind: "Bucket" } })],
        ["of another name", withBody({ involvedObject: { ...source, name: "flux-system-2" } })],
        ["of another namespace", withBody({ involvedObject: { ...source, namespace: "default" } })],
        ["of another controller", { ...newRevision, headers: { "Gotk-Component": "kustomize-controller" } }],
        ["of no controller", { ...newRevision, headers: {} }],
    ];
    for (const [what, event] of others) {
        it(`stops an event ${what}`, () => expect(evaluate(filter, event)).to.equal(false));
    }

    it("doesn't need an event to have metadata", () => {
        expect(evaluate(filter, { ...newRevision, body: withoutMetadata })).to.equal(true);
    });

    it("lets pass what a further condition allows, and only that", () => {
        const onMain = eventFilter({ ...synced, filter: "body.metadata.revision.startsWith('main@')" });
        expect(evaluate(onMain, newRevision)).to.equal(true);
        expect(evaluate(onMain, withBody({ metadata: { revision: `next@sha1:${sha}` } }))).to.equal(false);
    });

    it("keeps to its source however the further condition is written", () => {
        const either = eventFilter({ ...synced, filter: "body.reason == 'x' || true" });
        expect(evaluate(either, withBody({ reason: "x", severity: "error" }))).to.equal(false);
    });

    it("takes a name for text, whatever is in it", () => {
        const odd = "it's \\ \n 'x' || true";
        const filter = eventFilter({ ...synced, name: odd });
        expect(evaluate(filter, newRevision)).to.equal(false);
        expect(evaluate(filter, withBody({ involvedObject: { ...source, name: odd } }))).to.equal(true);
    });
});

describe("CEL overlays", () => {
    const params: EventParam[] = ["message", "revision", "branch", "commit"];
    const overlay = (generation: Generation, event: Event): Record<string, unknown> =>
        Object.fromEntries(
            revisionOverlays(generation, params).map(({ key, expression }) => [key, evaluate(expression, event)]),
        );

    it("are made only for parameters that need them", () => {
        expect(revisionOverlays("v1", ["message", "repository", "namespace"])).to.deep.equal([]);
        expect(revisionOverlays("v1", ["commit", "message", "branch"]).map(({ key }) => key)).to.have.members([
            "branch",
            "commit",
        ]);
    });

    it("are read where each generation writes them", () => {
        expect(bindingValue("v1", "commit")).to.equal("$(extensions.commit)");
        expect(bindingValue("2020", "commit")).to.equal("$(body.commit)");
    });

    it("take a revision apart, as Flux 2.9 really announced one", function () {
        const event = recorded(this, "flux-2.9-gitrepository-new-artifact");
        expect(overlay("v1", event)).to.deep.equal({ revision: `main@sha1:${sha}`, branch: "main", commit: sha });
    });

    const revisions: [revision: string, branch: string, commit: string][] = [
        [`main@sha1:${sha}`, "main", sha],
        [`feature/one/two@sha1:${sha}`, "feature/one/two", sha],
        [`user@team@sha1:${sha}`, "user@team", sha],
        [`fix:typo@sha1:${sha}`, "fix:typo", sha],
        [`refs/tags/v1.0.0@sha1:${sha}`, "refs/tags/v1.0.0", sha],
        // Of a Bucket, or a GitRepository that follows one commit: there is no branch.
        [`sha256:${sha}`, "", sha],
    ];
    for (const [revision, branch, commit] of revisions) {
        it(`take ${revision} apart`, () => {
            expect(overlay("v1", withBody({ metadata: { revision } }))).to.deep.equal({ revision, branch, commit });
        });
    }

    for (const [what, body] of [
        ["without metadata", withoutMetadata],
        ["without a revision in its metadata", { ...newRevision.body, metadata: { cluster: "staging" } }],
    ] as const) {
        it(`are empty for an event ${what}, and no error that would stop it`, () => {
            const empty = { revision: "", branch: "", commit: "" };
            expect(overlay("v1", { ...newRevision, body })).to.deep.equal(empty);
        });
    }

    for (const branch of ["main", "feature/one/two", "user@team"]) {
        it(`take the revision of ${branch} from the message that Flux wrote in 2020`, () => {
            const event = withBody({ message: `Fetched revision: ${branch}/${sha}` });
            expect(overlay("2020", event)).to.deep.equal({ revision: `${branch}/${sha}`, branch, commit: sha });
        });
    }
});
