import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { execa } from "execa";
import { inRegistries, registryOf } from "../../components/imageReference";
import type { KubernetesObject } from "../../components/kubernetesObject";
import { imagesIn } from "../../components/release";
import { callReceiver, prepareRepository, push, runOf, succeeded } from "../../demo/chain";
import { condition, list, until } from "../../demo/cluster";
import { addNames, forgetNames } from "../../sandbox/images/images";
import { imageStore } from "../../sandbox/sandbox";
import { openStack } from "../../stacks/automation";
import { folder as stacks, operation } from "./staging";
import { baseline, left, measured } from "./support";

const root = resolve(__dirname, "../..");
const ownRegistry = "registry.air-gap.test";

/**
 * Nothing can be downloaded inside the sandbox. What the first half of the test makes with `npm run releases`, where the
 * manifests are at hand, is all that the second half has: the folder, and the listed images under one's own names.
 */
describe("a cluster without Internet", function () {
    this.timeout(12 * 60_000);
    this.bail(true);

    const environment = { ...process.env };
    let work: string;
    let mirror: string;
    let emptyCache: string;
    let imageRegistries: Record<string, string>;
    let names: string[] = [];
    let stack: Stack;

    before(async () => {
        await baseline();
        await prepareRepository();
        work = await mkdtemp(join(tmpdir(), "air-gap-"));
        [mirror, emptyCache] = [join(work, "mirror"), join(work, "cache")];
    });
    after(async () => {
        process.env = environment;
        await forgetNames(names, imageStore(console.log));
        await rm(work, { recursive: true, force: true });
    });

    it("gets a folder of manifests, and a list of images that are copied to a registry of one's own", async () => {
        const command = ["mirror", mirror, "--stack", "staging", "--images"];
        await measured("npm run releases -- mirror FOLDER --stack staging --images", () =>
            execa(process.execPath, ["-r", "./scripts/typescript.cjs", "commands/releases.ts", ...command], {
                cwd: root,
            }),
        );
        const images = readFileSync(join(mirror, "images.txt"), "utf8").trim().split("\n");
        imageRegistries = Object.fromEntries(
            images.map(registryOf).map((registry) => [registry, `${ownRegistry}/${registry}`]),
        );
        const copies = new Map(images.map((image) => [image, inRegistries(image, imageRegistries)]));
        names = await addNames(copies, imageStore(console.log));
        expect(names.join("\n")).to.include("/eventlistenersink-").and.include("/library/alpine:latest");
    });

    it("comes up from that folder, with an empty cache", async () => {
        delete process.env.RELEASE_MIRROR;
        process.env.XDG_CACHE_HOME = emptyCache;
        stack = await openStack("air-gap", stacks, { settings: "staging" });
        await stack.setConfig("flux-to-tekton:releaseMirror", { value: mirror });
        for (const [registry, copy] of Object.entries(imageRegistries)) {
            await stack.setConfig(`flux-to-tekton:imageRegistries["${registry}"]`, { value: copy }, true);
        }
        const { summary, stdout } = await measured("up, air-gapped", () => stack.up(operation));
        expect(summary.result).to.equal("succeeded");
        expect(stdout).not.to.include("imageRegistries has no entry");
        const manifests = join(emptyCache, "flux-to-tekton", "releases");
        expect(existsSync(manifests) ? readdirSync(manifests) : []).to.deep.equal([]);
    });

    it("runs the pipeline for a commit", async () => {
        const { receiverPath } = await stack.outputs();
        await callReceiver(receiverPath!.value as string);
        const run = await runOf(await push("Pushed on an island"));
        await succeeded(run.name);
        await callReceiver(undefined);
    });

    it("runs a step with a script in a folder of its own, which takes images that Tekton gets as arguments", async () => {
        const step = {
            name: "say",
            image: inRegistries("alpine", imageRegistries),
            imagePullPolicy: "IfNotPresent",
            workingDir: "/workspace/folder",
            script: "#!/bin/sh\npwd",
        };
        const taskRun = {
            apiVersion: "tekton.dev/v1",
            kind: "TaskRun",
            metadata: { name: "island-script", namespace: "default" },
            spec: { taskSpec: { steps: [step] } },
        };
        await execa("kubectl", ["create", "-f", "-"], { input: JSON.stringify(taskRun) });
        const { object } = await until(
            "/apis/tekton.dev/v1/namespaces/default/taskruns",
            (one) =>
                one.metadata.name === "island-script" &&
                ["True", "False"].includes(condition(one, "Succeeded")?.status ?? ""),
            { timeout: 120, what: "the end of TaskRun island-script" },
        );
        expect(condition(object, "Succeeded")).to.include({ status: "True" });
        const images = await imagesOfCluster();
        for (const program of ["entrypoint", "workingdirinit", "chainguard/busybox", "eventlistenersink"]) {
            expect(images.filter((image) => image.includes(program))).not.to.deep.equal([], program);
        }
        await execa("kubectl", ["delete", "taskrun", "island-script"]);
    });

    it("names no image of any other registry", async () => {
        const images = await imagesOfCluster();
        expect(images.filter((image) => !image.startsWith(`${ownRegistry}/`))).to.deep.equal([]);
        expect(images.length).to.be.greaterThan(10);
    });

    it("is left empty by destroy", async () => {
        await measured("destroy, air-gapped", () => stack.destroy(operation));
        expect(await left()).to.deep.equal([]);
        await stack.workspace.removeStack("air-gap");
    });
});

/** What everything but the cluster's own DNS asks for; what containerd calls it in a status is another matter. */
async function imagesOfCluster(): Promise<string[]> {
    const objects = await list("pods,deployments,cronjobs,pipelines.tekton.dev", "--all-namespaces");
    const specs = objects
        .filter(({ metadata }) => metadata.namespace !== "kube-system")
        .map(({ apiVersion, kind, metadata, spec }) => ({ apiVersion, kind, metadata: { name: metadata.name }, spec }));
    return imagesIn(specs as KubernetesObject[]);
}
