import type { EngineEvent, Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import type { KubernetesObject } from "../../components/kubernetesObject";
import { callReceiver, prepareRepository } from "../../demo/chain";
import { kubectl, list } from "../../demo/cluster";
import { type Drift, happen, seen, states } from "./driftList";
import { startLongRun } from "./longRun";
import { every, fetching, losingCas, pushing } from "./meanwhile";
import { naiveStack } from "./naive";
import { emptied, operation } from "./staging";
import { left, measured, noteFigure } from "./support";

/** Tries that its first up gets, as who runs it would give it. */
const tries = 4;
/** Ours takes two minutes on a busy machine; one whose pod lacks a ConfigMap that was refused waits ten for it. */
const upDeadline = 300_000;
/** Ours takes a minute and a half on a busy machine; one that hangs waits ten minutes for each of its ConfigMaps. */
const destroyDeadline = 240_000;

const older = { "tekton-pipelines": "v1.12.2", "tekton-triggers": "v0.36.0" } as const;
const newer = { "tekton-pipelines": "v1.15.0", "tekton-triggers": "v0.37.0" } as const;

/** Of the drifts that a refresh sees, those on objects that the naive program has, too. */
const drifts = seen.filter(({ object }) => !object.startsWith("Secret "));

/**
 * The program that one would write first, in the situations in which the tests of the real one put that: where it always
 * passed, they would prove nothing. What it does is measured, and noted in docs/reliability.md.
 */
describe("the naive program, on the same cluster", function () {
    this.timeout(30 * 60_000);
    this.bail(true);

    let stack: Stack;
    before(async () => {
        await emptied();
        await prepareRepository();
        await callReceiver(undefined);
    });

    it("comes up, if need be in several tries", async () => {
        stack = await naiveStack("naive", older);
        for (let attempt = 1; attempt <= tries; attempt++) {
            const signal = AbortSignal.timeout(upDeadline);
            const end = await attempted(`up, try ${attempt}`, stack.up({ ...operation, signal }));
            if (end === succeeded) return;
            if (attempt === 2) await renewInterceptors();
        }
        expect.fail(`not in ${tries} tries`);
    });

    it("takes the CA from webhooks while it upgrades Tekton", async () => {
        const fetched = fetching();
        const losing = losingCas();
        const replaced = new Set<string>();
        const pushes = pushing("naive upgrade");
        let titles: ReadonlyMap<string, string>;
        try {
            stack = await naiveStack("naive", newer);
            await attempted(
                `upgrade, a push every ${every} s`,
                stack.up({ ...operation, onEvent: noteReplaced(replaced) }),
            );
        } finally {
            titles = await pushes.stop();
            fetched.stop();
            losing.stop();
        }
        noteFigure(`the naive program: upgrade: ${replaced.size} objects replaced: ${[...replaced].join(", ")}`);
        noteFigure(`the naive program: upgrade: without a CA for a moment: ${[...losing.objects].join(", ")}`);
        await noteRuns([...fetched.commits].flatMap((commit) => titles.get(commit) ?? []));
        expect([...losing.objects]).not.to.deep.equal([]);
    });

    it("undoes the same drift as ours", async () => {
        const untouched = await states(drifts);
        for (const drift of drifts) await happen(drift);
        await attempted(`up --refresh, with ${drifts.length} drifts`, stack.up({ ...operation, refresh: true }));
        const after = await states(drifts);
        const undone = (drift: Drift): boolean => after.get(drift) === untouched.get(drift);
        for (const drift of drifts) {
            noteFigure(`the naive program: ${undone(drift) ? "restored" : "not restored"}: ${drift.what}`);
        }
        expect(drifts.filter((drift) => !undone(drift))).to.deep.equal([]);
    });

    // What becomes of that is a race: it is noted, and no test.
    after(async () => {
        stack = await naiveStack("naive", newer);
        await startLongRun();
        const signal = AbortSignal.timeout(destroyDeadline);
        const end = await attempted("destroy, with a PipelineRun running", stack.destroy({ ...operation, signal }));
        if (end !== succeeded) await removed(stack);
    });
});

/** Interceptors that started before their Secret was there never have a key, and nothing but a person starts them anew. */
async function renewInterceptors(): Promise<void> {
    const labels = "app.kubernetes.io/name=core-interceptors";
    await kubectl("-n", "tekton-pipelines", "delete", "pods", "-l", labels, "--ignore-not-found");
    noteFigure("the naive program: the interceptors' pod deleted by hand, after the second try");
}

const succeeded = "succeeded";

/** How an operation of the naive program ends; its errors are noted, without the engine's report around them. */
async function attempted(what: string, action: Promise<unknown>): Promise<string> {
    const title = `the naive program: ${what}`;
    const end = await measured(title, () =>
        action.then(
            () => succeeded,
            (reason: Error) => reason.message,
        ),
    );
    console.log(`${title}: ${end}`);
    const errors = end.matchAll(/^.*(failed calling|conflict with|timed out|denied|aborted|not initialized).*$/gim);
    const lines = [...new Set([...errors].map(([line]) => line.trim().slice(0, 300)))];
    noteFigure(`${title}: ${end === succeeded ? end : ["failed", ...lines.slice(0, 6)].join("\n        ")}`);
    return end;
}

/** Notes the objects that an update replaces. */
function noteReplaced(objects: Set<string>): (event: EngineEvent) => void {
    return ({ resourcePreEvent }) => {
        const { op, new: state } = resourcePreEvent?.metadata ?? {};
        if (op !== "replace" && op !== "create-replacement") return;
        const { kind, metadata } = state!.inputs as unknown as KubernetesObject;
        objects.add(`${kind} ${metadata.name}`);
    };
}

/** Notes how many of these commits, by their titles, have a run; waits for them a minute at most. */
async function noteRuns(titles: readonly string[]): Promise<void> {
    const deadline = Date.now() + 60_000;
    for (;;) {
        const messages = (await list("pipelineruns", "-n", "default")).map(({ spec }) => JSON.stringify(spec));
        const made = titles.filter((title) => messages.some((message) => message.includes(`'${title}'`)));
        if (made.length === titles.length || Date.now() > deadline) {
            return noteFigure(
                `the naive program: upgrade: ${titles.length} revisions seen by Flux, ${made.length} with a run`,
            );
        }
    }
}

/** Removes what a destroy may hang on, and then all. */
async function removed(stack: Stack): Promise<void> {
    await stack.cancel().catch(() => undefined);
    await kubectl("delete", "validatingwebhookconfigurations,mutatingwebhookconfigurations", "--all");
    await stack.destroy({ ...operation, refresh: true });
    await kubectl("delete", "pipelineruns,taskruns", "--all").catch(() => undefined);
    expect(await left()).to.deep.equal([]);
}
