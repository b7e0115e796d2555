import type { Stack, UpResult } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { callReceiver, prepareRepository, push, runName, runOf } from "../../demo/chain";
import { type ApiObject, condition, kubectl, list, until } from "../../demo/cluster";
import { every, fetching, losingCas, pushing } from "./meanwhile";
import { emptied, operation, output } from "./staging";
import { left, measured, noteFigure } from "./support";

interface Tekton {
    readonly pipelines: string;
    readonly triggers: string;
}
const older: Tekton = { pipelines: "v1.12.2", triggers: "v0.36.0" };
const newer: Tekton = { pipelines: "v1.15.0", triggers: "v0.37.0" };

async function choose(stack: Stack, { pipelines, triggers }: Tekton): Promise<void> {
    await stack.setConfig("tektonPipelinesVersion", { value: pipelines });
    await stack.setConfig("tektonTriggersVersion", { value: triggers });
}

/** Versions of Tekton's images that containers run, with those in their arguments. */
async function runningVersions(): Promise<string[]> {
    const deployments = await list("deployments", "--all-namespaces");
    const images = JSON.stringify(deployments).matchAll(/tektoncd\/(\w+)\/[\w-]+:(v[\d.]+)@/g);
    return [...new Set([...images].map(([, project, version]) => `${project} ${version}`))].sort();
}

/** Waits until the EventListener's pods are those of a version: Triggers' controller replaces them after its own start. */
async function listenerOf({ triggers }: Tekton): Promise<void> {
    await until(
        "/apis/apps/v1/namespaces/default/deployments",
        ({ metadata, spec }) =>
            metadata.name === "el-flux-event-listener" && JSON.stringify(spec).includes(`:${triggers}@`),
        { timeout: 180, what: `the EventListener's Deployment of Triggers ${triggers}` },
    );
    await kubectl("rollout", "status", "deployment/el-flux-event-listener", "--timeout=180s");
}

async function pipelineRuns(): Promise<ApiObject[]> {
    return list("pipelineruns", "-n", "default");
}

/** All runs, once those of these names are there, and all have ended; or as they are after four minutes. */
async function endedRuns(names: readonly string[]): Promise<ApiObject[]> {
    const deadline = Date.now() + 240_000;
    for (;;) {
        const runs = await pipelineRuns();
        const ended = runs.every((run) => ["True", "False"].includes(condition(run, "Succeeded")?.status ?? ""));
        const complete = names.every((name) => runs.some(({ metadata }) => metadata.name === name));
        if ((ended && complete) || Date.now() > deadline) return runs;
        await new Promise((resolve) => setTimeout(resolve, 1000));
    }
}

/** Whether the catch-up started a run: the API server has no commit's message to give it. */
function isByCatchUp(run: ApiObject): boolean {
    return JSON.stringify(run.spec).includes("stored artifact for revision");
}

describe("Tekton", function () {
    this.timeout(15 * 60_000);
    this.bail(true);

    let stack: Stack;

    before(async () => {
        await prepareRepository();
        stack = await emptied();
        // They are all counted in the end.
        await stack.setConfig("runHistory", { value: "false" });
        await choose(stack, older);
        await measured("up, from empty, with the Tekton before today's", () => stack.up(operation));
        await callReceiver(await output(stack, "receiverPath"));
        await runOf(await push("Before any upgrade"));
    });

    const steps = [
        ["upgrade", newer],
        ["downgrade", older],
    ] as const;
    for (const [what, version] of steps) {
        describe(`${what} while commits arrive`, () => {
            let up: UpResult;
            let pushed: number;
            let fetched: ReturnType<typeof fetching>;
            let losing: ReturnType<typeof losingCas>;

            before(async () => {
                fetched = fetching();
                losing = losingCas();
                const pushes = pushing(what);
                try {
                    await choose(stack, version);
                    up = await measured(`${what} of Tekton, a push every ${every} s`, () => stack.up(operation));
                    await measured(`${what}: the EventListener's pods, after up`, () => listenerOf(version));
                } finally {
                    pushed = (await pushes.stop()).size;
                    await runOf(await push(`${what}, done`));
                    fetched.stop();
                    losing.stop();
                }
            });

            it("updates objects, and replaces or deletes none", () => {
                expect(up.summary.resourceChanges).to.have.all.keys("same", "update");
            });

            it("runs the programs of that version, and no others", async () => {
                expect(await runningVersions()).to.deep.equal([
                    `pipeline ${version.pipelines}`,
                    `triggers ${version.triggers}`,
                ]);
            });

            it("leaves every webhook's client its CA all the time", () => {
                expect(losing.states()).to.be.greaterThan(50, "states seen");
                expect([...losing.objects]).to.deep.equal([]);
            });

            it("makes a run of each revision that Flux saw, and each succeeds", async () => {
                const names = [...fetched.commits].map(runName);
                const runs = await endedRuns(names);
                const made = runs.filter(({ metadata }) => names.includes(metadata.name));
                const caughtUp = made.filter(isByCatchUp).length;
                noteFigure(
                    `${what}: ${pushed} pushes, ${names.length} revisions seen by Flux, ${made.length - caughtUp} runs by events, ${caughtUp} by the catch-up`,
                );
                expect(made.map(({ metadata }) => metadata.name)).to.have.members(names);
                const failed = made.filter((run) => condition(run, "Succeeded")?.status !== "True");
                expect(
                    failed.map((run) => `${run.metadata.name}: ${condition(run, "Succeeded")?.message}`),
                ).to.deep.equal([]);
            });

            it("leaves nothing to do", async () => {
                const { summary } = await stack.up(operation);
                expect(Object.keys(summary.resourceChanges!)).to.deep.equal(["same"]);
            });
        });
    }

    describe("afterwards", () => {
        it("is destroyed, and leaves nothing", async () => {
            await callReceiver(undefined);
            await measured("destroy, after the upgrade and the way back", () => stack.destroy(operation));
            expect(await left()).to.deep.equal([]);
        });
    });
});
