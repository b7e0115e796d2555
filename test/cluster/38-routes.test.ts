import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { execa } from "execa";
import { restrictedContainer } from "../../components/restricted";
import { callReceiver, push } from "../../demo/chain";
import { type ApiObject, kubectl, list } from "../../demo/cluster";
import { fetching, pushing } from "./meanwhile";
import { operation, output, staging } from "./staging";
import { measured, noteFigure } from "./support";

/** A pipeline that takes a commit, and something that is the same in every run. */
function pipeline(name: string): object {
    const params = ["commit", "image"].map((param) => ({ name: param, type: "string" }));
    const echo = {
        name: "echo",
        image: "alpine",
        imagePullPolicy: "IfNotPresent",
        command: ["echo"],
        args: ["$(params.commit)"],
        securityContext: restrictedContainer,
    };
    const task = { params, steps: [echo] };
    const passed = params.map((param) => ({ name: param.name, value: `$(params.${param.name})` }));
    return {
        apiVersion: "tekton.dev/v1",
        kind: "Pipeline",
        metadata: { name, namespace: "default" },
        spec: { params, tasks: [{ name: "echo", params: passed, taskSpec: task }] },
    };
}

async function setRoutes(stack: Stack, routes: readonly object[]): Promise<void> {
    const value = { value: JSON.stringify(routes), objectValue: routes, secret: false };
    await stack.setAllConfigJson(JSON.stringify({ "flux-to-tekton:routes": value }));
}

/** What a commit started, by its route: which pipeline, with which image, as whom. */
async function started(commit: string): Promise<Record<string, string>> {
    const runs = await list("pipelineruns", "-n", "default");
    const ofCommit = runs.filter(({ metadata }) => metadata.name.endsWith(`-run-${commit.slice(0, 20)}`));
    return Object.fromEntries(ofCommit.map((run) => [routeOf(run), descriptionOf(run)]));
}

function routeOf({ metadata }: ApiObject): string {
    const { "flux-to-tekton/route": route } = metadata.labels as Record<string, string>;
    expect(metadata.name.startsWith(`${route}-run-`), `${metadata.name} is of route ${route}`).to.equal(true);
    return route!;
}

function descriptionOf({ spec }: ApiObject): string {
    const { pipelineRef, params, taskRunTemplate } = spec as {
        pipelineRef: { name: string };
        params: { name: string; value: string }[];
        taskRunTemplate: { serviceAccountName: string };
    };
    const image = params.find(({ name }) => name === "image")?.value ?? "no image";
    return `${pipelineRef.name} with ${image} as ${taskRunTemplate.serviceAccountName}`;
}

/** Waits until a commit has started a run on this many routes. */
async function all(commit: string, routes: number): Promise<Record<string, string>> {
    const deadline = Date.now() + 60_000;
    for (;;) {
        const runs = await started(commit);
        if (Object.keys(runs).length >= routes || Date.now() > deadline) return runs;
        await new Promise((resolve) => setTimeout(resolve, 500));
    }
}

describe("several routes", function () {
    this.timeout(5 * 60_000);
    this.bail(true);

    let stack: Stack;
    const account = "flux-notification-run";
    const routes = (image: string): object[] => [
        { name: "build" },
        { name: "scan" },
        { name: "release", pipeline: { name: "release", params: ["commit"], values: { image } } },
        {
            name: "deploy",
            pipeline: {
                ...{ name: "deploy", params: ["commit"], values: { image: "first" } },
                serviceAccountName: "deployer",
            },
        },
    ];

    before(async () => {
        stack = await staging();
        await callReceiver(await output(stack, "receiverPath"));
        const deployer = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "deployer" } };
        const objects = { apiVersion: "v1", kind: "List", items: [pipeline("release"), pipeline("deploy"), deployer] };
        await execa("kubectl", ["apply", "-f", "-"], { input: JSON.stringify(objects) });
    });
    after(async () => {
        await stack.removeConfig("flux-to-tekton:routes");
        await measured("up: back to one route", () => stack.up(operation));
        await kubectl("delete", "pipelines/release", "pipelines/deploy", "serviceaccounts/deployer");
        await kubectl("delete", "pipelineruns", "-l", "flux-to-tekton/route in (build, scan, release, deploy)");
    });

    it("with the same settings share their TriggerTemplates", async () => {
        await setRoutes(stack, routes("first"));
        await measured("up: four routes in place of one", () => stack.up(operation));
        const templates = await list("triggertemplates", "-n", "default");
        expect(templates.map(({ metadata }) => metadata.name)).to.have.length(2);
        for (const { metadata } of templates)
            expect(metadata.name).to.match(/^flux-event-listener-[0-9a-f]{8}-template$/);
    });

    it("start each its own pipeline, with its own values, as its own account", async () => {
        const commit = await push("For four routes");
        expect(await measured("push → four PipelineRuns", () => all(commit, 4))).to.deep.equal({
            build: `flux-demo-pipeline with no image as ${account}`,
            scan: `flux-demo-pipeline with no image as ${account}`,
            release: `release with first as ${account}`,
            deploy: "deploy with first as deployer",
        });
    });

    it("never start another one's, also while one of them changes and commits arrive", async () => {
        const fetched = fetching();
        const pushes = pushing("While a route changes");
        await setRoutes(stack, routes("second"));
        const { summary } = await measured("up: one of two that shared has changed", () => stack.up(operation));
        await pushes.stop();
        const last = await push("After a route has changed");
        expect((await all(last, 4)).release).to.equal(`release with second as ${account}`);
        fetched.stop();
        expect(fetched.commits.size).to.be.greaterThan(1);
        for (const commit of fetched.commits) {
            const { release, ...others } = await all(commit, 4);
            expect(release, commit).to.match(/^release with (first|second) as flux-notification-run$/);
            expect(others, commit).to.deep.equal({
                build: `flux-demo-pipeline with no image as ${account}`,
                scan: `flux-demo-pipeline with no image as ${account}`,
                deploy: "deploy with first as deployer",
            });
        }
        // The shared template went, and each has its own.
        expect(summary.resourceChanges).to.deep.include({ create: 2, update: 1, delete: 1 });
        noteFigure(`${fetched.commits.size} revisions while a route changed, each with its four runs`);
    });
});
