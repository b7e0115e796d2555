import { KubeConfig } from "@kubernetes/client-node";
import type { EngineEvent, PreviewResult, Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { judge } from "../../commands/status/judge";
import { title } from "../../commands/status/objects";
import { readFacts } from "../../commands/status/readFacts";
import { Stack as StackObjects } from "../../commands/status/stack";
import type { KubernetesObject } from "../../components/kubernetesObject";
import { kubectl } from "../../demo/cluster";
import { render } from "../../stacks/render";
import { readSettings } from "../../stacks/settings";
import { type Drift, emptiedCa, happen, seen, states, unseen, unseenTrigger } from "./driftList";
import { operation, staging } from "./staging";
import { measured } from "./support";

const all = [...seen, ...unseen];

/** What `npm run status` has to say, line by line. */
async function statusProblems(): Promise<string[]> {
    const cluster = new KubeConfig();
    cluster.loadFromDefault();
    const objects = new StackObjects("staging", await render(readSettings("staging")));
    const links = judge(objects, await readFacts(cluster, objects));
    return links.flatMap(({ name, problems }) => problems.map(({ problem, todo }) => `${name}: ${problem} → ${todo}`));
}

/** Notes the objects that an update creates or changes. */
function changing(objects: string[]): (event: EngineEvent) => void {
    return ({ resourcePreEvent }) => {
        const { op, new: state } = resourcePreEvent?.metadata ?? {};
        if (op !== "create" && op !== "update") return;
        objects.push(title(state!.inputs as unknown as KubernetesObject));
    };
}

/** Notes what a preview has to do, and because of what. */
function planned(steps: string[]): (event: EngineEvent) => void {
    return ({ resourcePreEvent }) => {
        const { op, urn, diffs, detailedDiff } = resourcePreEvent?.metadata ?? {};
        if (op === undefined || op === "same") return;
        steps.push(`${op} ${urn}: ${JSON.stringify({ diffs, detailedDiff })}`);
    };
}

describe("drift", function () {
    this.timeout(10 * 60_000);

    let stack: Stack;
    let untouched: Map<Drift, string>;
    let drifted: Map<Drift, string>;
    let refreshed: Map<Drift, string>;
    let problems: string[];
    let withoutRefresh: PreviewResult;
    const todo: string[] = [];
    const changed: string[] = [];

    // One update for all of them.
    before(async () => {
        stack = await staging();
        untouched = await states(all);
        for (const drift of all) await happen(drift);
        drifted = await states(all);
        problems = await statusProblems();
        withoutRefresh = await stack.preview({ ...operation, onEvent: planned(todo) });
        await measured(`up --refresh, with ${all.length} drifts`, () =>
            stack.up({ ...operation, refresh: true, onEvent: changing(changed) }),
        );
        refreshed = await states(all);
    });

    after(async () => {
        for (const { undone } of unseen) await kubectl(...undone!);
        expect(await states(unseen)).to.deep.equal(new Map(unseen.map((drift) => [drift, untouched.get(drift)])));
    });

    it("is none for an up without a refresh", () => {
        expect(todo).to.deep.equal([]);
        expect(Object.keys(withoutRefresh.changeSummary)).to.deep.equal(["same"]);
    });

    for (const drift of seen) {
        it(`is undone by up --refresh: ${drift.what}`, () => {
            expect(drifted.get(drift)).not.to.equal(untouched.get(drift));
            expect(refreshed.get(drift)).to.equal(untouched.get(drift));
        });
    }

    for (const drift of unseen) {
        it(`is left by up --refresh: ${drift.what}`, () => {
            expect(drifted.get(drift)).not.to.equal(untouched.get(drift));
            expect(refreshed.get(drift)).to.equal(drifted.get(drift));
        });
    }

    it("makes up --refresh change the objects on which it sees any, and no others", () => {
        expect(changed).to.have.members(seen.map(({ object }) => object));
    });

    it("is named by npm run status where an object is gone, works otherwise, or is told to stop", () => {
        const named = all.filter(({ object }) => problems.some((problem) => problem.includes(object)));
        expect(named.map(({ what }) => what)).to.deep.equal(
            all.filter(({ inStatus }) => inStatus).map(({ what }) => what),
        );
    });

    it("is undone by its controller where that has written the field: the CA of a webhook's clients", async () => {
        const ca = await kubectl(...emptiedCa.shown);
        await happen(emptiedCa);
        const deadline = Date.now() + 60_000;
        while ((await kubectl(...emptiedCa.shown)) !== ca && Date.now() < deadline);
        expect(await kubectl(...emptiedCa.shown)).to.equal(ca);
    });

    it("isn't seen by preview --refresh in what up --refresh has left, nor in another trigger of the EventListener", async () => {
        await happen(unseenTrigger);
        try {
            const { changeSummary } = await stack.preview({ ...operation, refresh: true });
            expect(Object.keys(changeSummary)).to.deep.equal(["same"]);
            expect(await kubectl(...unseenTrigger.shown)).to.match(/ stranger$/);
            const about = (await statusProblems()).find((problem) => problem.includes(`${unseenTrigger.object}: spec`));
            expect(about).to.include("kubectl -n default edit eventlistener.triggers.tekton.dev flux-event-listener");
        } finally {
            await kubectl(...unseenTrigger.undone!);
        }
    });
});
