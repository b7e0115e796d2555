import { expect } from "chai";
import type { Generation } from "../../../../components/generation";
import {
    bindingValue,
    eventFilter,
    eventOverlays,
    readFilter,
    runNameOf,
    type SenderProof,
} from "../../../../components/triggerChain/cel";
import {
    type Event,
    evaluate,
    type Json,
    missedRevision,
    newRevision,
    recorded,
    sha,
    withBody,
    withHeaders,
    without,
} from "../../support/cel";

const synced = { kind: "GitRepository", name: "flux-system", namespace: "flux-system" } as const;
const proof = { header: "X-Proof", key: "token", secretName: "of-the-listener", secretNamespace: "default" };
const secrets = { "default/of-the-listener/token": "right" };

describe("CEL filter for Flux's events", () => {
    const filter = eventFilter(synced);

    it("is the demonstration's, with name, namespace, severity and a revision", () => {
        expect(filter).to.equal(
            "header.canonical('Gotk-Component') == 'source-controller' && " +
                "body.involvedObject.kind == 'GitRepository' && body.involvedObject.name == 'flux-system' && " +
                "body.involvedObject.namespace == 'flux-system' && body.severity == 'info' && " +
                "has(body.metadata) && has(body.metadata.revision)",
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
        ["of an error", withBody(newRevision, { severity: "error" })],
        ["of another kind of source", withBody(newRevision, { involvedObject: { ...source, kind: "Bucket" } })],
        ["of another name", withBody(newRevision, { involvedObject: { ...source, name: "flux-system-2" } })],
        ["of another namespace", withBody(newRevision, { involvedObject: { ...source, namespace: "default" } })],
        ["of another controller", withHeaders(newRevision, { "Gotk-Component": "kustomize-controller" })],
        ["of no controller", { ...newRevision, headers: {} }],
        ["of the catch-up", missedRevision],
        ["without metadata", without(newRevision, "metadata")],
        ["without a revision in its metadata", withBody(newRevision, { metadata: { cluster: "staging" } })],
    ];
    for (const [what, event] of others) {
        it(`stops an event ${what}`, () => expect(evaluate(filter, event)).to.equal(false));
    }

    it("takes a name for text, whatever is in it", () => {
        const odd = "it's \\ \n 'x' || true";
        const filter = eventFilter({ ...synced, name: odd });
        expect(evaluate(filter, newRevision)).to.equal(false);
        expect(evaluate(filter, withBody(newRevision, { involvedObject: { ...source, name: odd } }))).to.equal(true);
    });
});

const route = "flux-notification-run-";

describe("CEL filter for Flux's events and the catch-up's", () => {
    const filter = eventFilter(synced, { runNamePrefix: route });

    it("lets both pass", () => {
        expect(evaluate(filter, newRevision)).to.equal(true);
        expect(evaluate(filter, missedRevision)).to.equal(true);
    });

    const source = missedRevision.body.involvedObject as Json;
    const others: [what: string, event: Event][] = [
        ["of another kind", withBody(missedRevision, { involvedObject: { ...source, kind: "Bucket" } })],
        ["of another name", withBody(missedRevision, { involvedObject: { ...source, name: "flux-system-2" } })],
        ["of another namespace", withBody(missedRevision, { involvedObject: { ...source, namespace: "default" } })],
        ["from another controller", withHeaders(missedRevision, { "Gotk-Component": "kustomize-controller" })],
        ["from nobody", { ...missedRevision, headers: {} }],
        ["for another route", withBody(missedRevision, { runNamePrefixes: ["build-run-"] })],
        ["for no route", withBody(missedRevision, { runNamePrefixes: [] })],
        ["that doesn't say for which routes", without(missedRevision, "runNamePrefixes")],
        ["without metadata", without(missedRevision, "metadata")],
        ["without a revision", withBody(missedRevision, { metadata: { cluster: "staging" } })],
    ];
    for (const [what, event] of others) {
        it(`stops an event ${what}`, () => expect(evaluate(filter, event)).to.equal(false));
    }
});

for (const [sender, event] of [
    ["Flux", newRevision],
    ["the catch-up", missedRevision],
] as const) {
    const filterOf = (source: Parameters<typeof eventFilter>[0], proof?: SenderProof): string =>
        eventFilter(source, { proof, runNamePrefix: route });
    describe(`CEL filter that wants a proof of ${sender}`, () => {
        const filter = filterOf(synced, proof);

        it("lets pass what has the Secret's value in its header, however its name is written", () => {
            for (const name of ["X-Proof", "x-proof"]) {
                expect(evaluate(filter, withHeaders(event, { [name]: "right" }), { secrets })).to.equal(true);
            }
        });

        for (const value of ["wrong", "", "righ", "rightt", "Right"]) {
            it(`stops what has ${JSON.stringify(value)} there`, () => {
                expect(evaluate(filter, withHeaders(event, { "X-Proof": value }), { secrets })).to.equal(false);
            });
        }

        it("stops what has no such header", () => {
            expect(evaluate(filter, event, { secrets })).to.equal(false);
        });

        it("stops the right header with the wrong sender, name or kind all the same", () => {
            const proven = withHeaders(event, { "X-Proof": "right" });
            const unproven = { ...proven, headers: { "X-Proof": "right" } };
            expect(evaluate(filter, unproven, { secrets })).to.equal(false);
            const other = filterOf({ ...synced, name: "other" }, proof);
            expect(evaluate(other, proven, { secrets })).to.equal(false);
            const bucket = filterOf({ ...synced, kind: "Bucket" }, proof);
            expect(evaluate(bucket, proven, { secrets })).to.equal(false);
        });

        it("can be read again: which source, and which Secret", () => {
            expect(readFilter(filter)).to.deep.equal({ source: synced, proof });
            expect(readFilter(filterOf(synced))).to.deep.equal({ source: synced });
            expect(readFilter("extensions.branch == 'main'")).to.deep.equal({});
        });

        it("lets nothing pass where the Secret isn't there", () => {
            expect(() => evaluate(filter, withHeaders(event, { "X-Proof": "" }))).to.throw(/no Secret/);
        });
    });
}

describe("CEL overlays", () => {
    const all = (generation: Generation, event: Event): Record<string, unknown> =>
        Object.fromEntries(eventOverlays(generation).map(({ key, expression }) => [key, evaluate(expression, event)]));
    /** What follows from the revision. */
    const overlay = (generation: Generation, event: Event): Record<string, unknown> => {
        const overlays = all(generation, event);
        delete overlays.message;
        return overlays;
    };

    it("leave Tekton nothing to substitute in a commit's message", () => {
        const message = "stored artifact for commit '$(params.namespace) $$(x) $(y)'";
        for (const generation of ["v1", "2020"] as const) {
            const { message: disarmed } = all(generation, withBody(newRevision, { message }));
            expect(disarmed).to.equal("stored artifact for commit '$ (params.namespace) $$ (x) $ (y)'");
        }
    });

    it("are read where each generation writes them", () => {
        expect(bindingValue("v1", "commit")).to.equal("$(extensions.commit)");
        expect(bindingValue("v1", "run")).to.equal("$(extensions.run)");
        expect(bindingValue("2020", "commit")).to.equal("$(body.commit)");
    });

    it("take a revision apart, as Flux 2.9 really announced one", function () {
        const event = recorded(this, "flux-2.9-gitrepository-new-artifact");
        const revision = `main@sha1:${sha}`;
        const expected = { revision, branch: "main", commit: sha, run: sha.slice(0, 20) };
        expect(overlay("v1", event)).to.deep.equal(expected);
    });

    const revisions: [revision: string, branch: string, commit: string][] = [
        [`main@sha1:${sha}`, "main", sha],
        [`feature/one/two@sha1:${sha}`, "feature/one/two", sha],
        [`user@team@sha1:${sha}`, "user@team", sha],
        [`fix:typo@sha1:${sha}`, "fix:typo", sha],
        [`refs/tags/v1.0.0@sha1:${sha}`, "refs/tags/v1.0.0", sha],
        // Of an OCIRepository.
        [`latest@sha256:${sha}`, "latest", sha],
        // Of a Bucket, or a GitRepository that follows one commit: there is no branch.
        [`sha256:${sha}`, "", sha],
    ];
    for (const [revision, branch, commit] of revisions) {
        const expected = { revision, branch, commit, run: commit.slice(0, 20) };

        it(`take ${revision} apart`, () => {
            const event = withBody(newRevision, { metadata: { revision } });
            expect(overlay("v1", event)).to.deep.equal(expected);
        });

        it(`have the run of ${revision} named as the program would name it`, () => {
            expect(runNameOf(revision)).to.equal(expected.run);
        });
    }

    for (const branch of ["main", "feature/one/two", "user@team"]) {
        it(`take the revision of ${branch} from the message that Flux wrote in 2020`, () => {
            const revision = `${branch}/${sha}`;
            const event = withBody(newRevision, { message: `Fetched revision: ${revision}` });
            const expected = { revision, branch, commit: sha, run: sha.slice(0, 20) };
            expect(overlay("2020", event)).to.deep.equal(expected);
            expect(runNameOf(revision)).to.equal(expected.run);
        });
    }
});
