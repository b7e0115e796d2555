import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { EventAuthentication } from "../../../../components/eventAuthentication";
import type { Generation } from "../../../../components/generation";
import type { KubernetesObject } from "../../../../components/kubernetesObject";
import { eventParams, type Route } from "../../../../components/route";
import { TriggerChain, type TriggerChainArgs } from "../../../../components/triggerChain/triggerChain";
import { type Event, missedRevision, newRevision, recorded, sha, withBody, withHeaders } from "../../support/cel";
import { outputOf, simulate } from "../../support/engine";
import { SimulatedListener } from "../../support/listener";

const route: Route = {
    name: "build",
    source: { kind: "GitRepository", name: "flux-system", namespace: "flux-system" },
    pipeline: { name: "build-and-test", params: eventParams },
};

/** What Flux v0.5 posted for a new revision, written by hand: there was no metadata. */
const newRevisionOf2020: Event = {
    ...newRevision,
    body: {
        involvedObject: { kind: "GitRepository", namespace: "flux-system", name: "flux-system" },
        severity: "info",
        message: `Fetched revision: main/${sha}`,
    },
};

/** What the catch-up sends of the route that has no run. */
const missed = withBody(missedRevision, { runNamePrefixes: ["build-run-"] });

async function listener(
    generation: Generation,
    args: Partial<TriggerChainArgs> = {},
    ...routes: Partial<Route>[]
): Promise<SimulatedListener> {
    const { resources } = await simulate({}, () => {
        const all = routes.length === 0 ? [route] : routes.map((change) => ({ ...route, ...change }));
        new TriggerChain("chain", { generation, namespace: "ci", routes: all, ...args });
    });
    return new SimulatedListener(resources);
}

interface Run {
    readonly workspaces: readonly object[];
}

function params(run: KubernetesObject): Record<string, string> {
    const { params } = run.spec as { params: { name: string; value: string }[] };
    return Object.fromEntries(params.map(({ name, value }) => [name, value]));
}

describe("the trigger chain, on a simulated listener", () => {
    const named = `build-run-${sha.slice(0, 20)}`;

    it("makes of today's event a run named by route and revision, without rights, with all parameters", async () => {
        const [run, ...others] = (await listener("v1")).runs(newRevision);
        expect(others).to.deep.equal([]);
        expect(run).to.deep.include({ apiVersion: "tekton.dev/v1", kind: "PipelineRun" });
        expect(run!.metadata).to.deep.equal({ name: named, labels: { "flux-to-tekton/route": "build" } });
        expect(run!.spec).to.deep.include({
            pipelineRef: { name: "build-and-test" },
            taskRunTemplate: { serviceAccountName: outputOf("flux-notification-run") },
        });
        expect(params(run!)).to.deep.equal({
            message: "stored artifact for commit 'three'",
            repository: "flux-system",
            namespace: "flux-system",
            revision: `main@sha1:${sha}`,
            branch: "main",
            commit: sha,
        });
    });

    it("makes of the event of 2020 a run named by route and revision, without rights", async () => {
        const [run, ...others] = (await listener("2020")).runs(newRevisionOf2020);
        expect(others).to.deep.equal([]);
        expect(run).to.deep.include({ apiVersion: "tekton.dev/v1beta1", kind: "PipelineRun" });
        expect(run!.metadata.name).to.equal(named);
        expect(run!.spec).to.deep.include({ serviceAccountName: outputOf("flux-notification-run") });
        expect(run!.spec).not.to.have.property("taskRunTemplate");
        expect(params(run!)).to.include({ branch: "main", commit: sha, revision: `main/${sha}` });
    });

    it("names the run of a recorded event after its revision", async function () {
        const [run] = (await listener("v1")).runs(recorded(this, "flux-2.9-gitrepository-new-artifact"));
        expect(run!.metadata.name).to.equal(named);
    });

    it("gives an event that comes twice, and its catch-up, the same name: one run", async () => {
        const both = await listener("v1", { catchUp: true });
        const runs = [newRevision, newRevision, missed].flatMap((event) => both.runs(event));
        expect(runs.map(({ metadata }) => metadata.name)).to.deep.equal([named, named, named]);
    });

    it("gives the catch-up's run the same parameters, but for the message, which says what is known", async () => {
        const both = await listener("v1", { catchUp: true });
        const [run] = both.runs(newRevision);
        const [caughtUp] = both.runs(missed);
        expect(params(caughtUp!)).to.deep.equal({
            ...params(run!),
            message: `stored artifact for revision 'main@sha1:${sha}'`,
        });
        expect({ ...(caughtUp!.spec as object), params: [] }).to.deep.equal({ ...(run!.spec as object), params: [] });
    });

    it("makes of a catch-up a run of the route that it is for, and of no other", async () => {
        const two = await listener("v1", { catchUp: true }, { name: "build" }, { name: "scan" });
        expect(two.runs(newRevision)).to.have.length(2);
        expect(two.runs(missed).map(({ metadata }) => metadata.name)).to.deep.equal([named]);
    });

    it("makes of routes that share a template the runs that each would have alone", async () => {
        const args = { catchUp: true };
        const pipeline = { name: "scan", params: eventParams, serviceAccountName: "scanner" };
        const scan = { name: "scan", pipeline };
        const event = withBody(missed, { runNamePrefixes: ["build-run-", "scan-run-"] });
        const together = await listener("v1", args, {}, scan);
        for (const one of [newRevision, event]) {
            const alone = [await listener("v1", args, {}), await listener("v1", args, scan)];
            expect(together.runs(one)).to.deep.equal(alone.flatMap((own) => own.runs(one)));
        }
        expect(together.runs(event)).to.have.length(2);
    });

    it("keeps apart the templates of routes whose settings are outputs, which may differ", async () => {
        const claims = ["first", "second"].map((name) => ({
            name,
            pipeline: {
                ...{ name: "p", params: eventParams },
                workspaces: [{ name: "source", persistentVolumeClaim: { claimName: pulumi.output(name) } }],
            },
        }));
        const runs = (await listener("v1", {}, ...claims)).runs(newRevision);
        const used = runs.map(({ metadata, spec }) => [metadata.name.split("-")[0], (spec as Run).workspaces]);
        expect(used).to.deep.equal(
            claims.map(({ name }) => [name, [{ name: "source", persistentVolumeClaim: { claimName: name } }]]),
        );
    });

    it("makes nothing of a catch-up that it isn't told of", async () => {
        expect((await listener("v1")).runs(missed)).to.deep.equal([]);
    });

    it("gives each revision its own run, and each route its own", async () => {
        const two = await listener("v1", {}, { name: "build" }, { name: "scan" });
        const next = withBody(newRevision, { metadata: { revision: `main@sha1:${"b".repeat(40)}` } });
        const names = [newRevision, next].flatMap((event) => two.runs(event)).map(({ metadata }) => metadata.name);
        expect(new Set(names).size).to.equal(4);
    });

    it("names runs by a UUID where it is told so, as in the demonstration", async () => {
        for (const [generation, event] of [
            ["v1", newRevision],
            ["2020", newRevisionOf2020],
        ] as const) {
            const [run] = (await listener(generation, { runNaming: "uid" })).runs(event);
            expect(run!.metadata.name).to.match(/^build-run-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
            expect(params(run!)).not.to.have.property("run");
        }
    });

    describe("with a further filter", () => {
        const starts = async (
            generation: Generation,
            filter: string,
            event: Event,
            args: Partial<TriggerChainArgs> = {},
        ): Promise<boolean> => (await listener(generation, args, { filter })).runs(event).length === 1;
        const onNext = withBody(newRevision, { metadata: { revision: `next@sha1:${sha}` } });

        it("lets pass what it allows, and only that", async () => {
            const filter = "body.message.contains('three')";
            expect(await starts("v1", filter, newRevision)).to.equal(true);
            expect(await starts("v1", filter, withBody(newRevision, { message: "four" }))).to.equal(false);
        });

        it("gives it the parts of the revision, whatever parameters the pipeline takes", async () => {
            const cases = [
                "extensions.branch == 'main'",
                `extensions.commit == '${sha}'`,
                "extensions.revision.startsWith('main@')",
            ];
            for (const filter of cases) {
                const args = { routes: [{ ...route, filter, pipeline: { name: "p", params: [] } }] };
                const alone = await listener("v1", args);
                expect(alone.runs(newRevision), filter).to.have.length(1);
                const other = withBody(onNext, { metadata: { revision: `next@sha1:${"c".repeat(40)}` } });
                expect(alone.runs(other), filter).to.deep.equal([]);
            }
        });

        it("asks it of the catch-up, too", async () => {
            const args = { catchUp: true };
            expect(await starts("v1", "extensions.branch == 'main'", missed, args)).to.equal(true);
            expect(await starts("v1", "extensions.branch == 'next'", missed, args)).to.equal(false);
        });

        it("finds the parts of the revision in the body in 2020", async () => {
            expect(await starts("2020", "body.branch == 'main'", newRevisionOf2020)).to.equal(true);
            expect(await starts("2020", "body.branch == 'next'", newRevisionOf2020)).to.equal(false);
        });

        it("keeps to its source however the condition is written", async () => {
            const ofAnother = withBody(newRevision, { severity: "error" });
            expect(await starts("v1", "true || true", ofAnother)).to.equal(false);
        });

        it("starts nothing where it fails", async () => {
            expect(await starts("v1", "body.no.such.field == 'x'", newRevision)).to.equal(false);
        });
    });

    it("lets only a sender with the Secret's value in the header start a run", async () => {
        const { resources } = await simulate({}, () => {
            const { listenerSecretName: authenticationSecretName } = new EventAuthentication("auth", {
                senderNamespace: "flux-system",
                listenerNamespace: "ci",
            });
            const args = { generation: "v1", namespace: "ci", routes: [route], catchUp: true } as const;
            new TriggerChain("chain", { ...args, authenticationSecretName });
        });
        const secured = new SimulatedListener(resources);
        for (const event of [newRevision, missed]) {
            const withToken = (value: string): Event => withHeaders(event, { "X-Flux-Event-Token": value });
            expect(secured.runs(withToken("random-of-auth-token"))).to.have.length(1);
            for (const other of [event, withToken("wrong"), withToken("")]) {
                expect(secured.runs(other)).to.deep.equal([]);
            }
        }
    });
});
