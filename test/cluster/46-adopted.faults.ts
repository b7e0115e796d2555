import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { execa } from "execa";
import { callReceiver, prepareRepository, push, repository, runOf, succeeded } from "../../demo/chain";
import { kubectl, list } from "../../demo/cluster";
import { commit } from "../../sandbox/git/repository";
import { apply, installTekton } from "./byKubectl";
import { emptied, failure, operation, output } from "./staging";
import { left, measured, noteFigure } from "./support";

const files = ["gotk-components", "gotk-sync"].map((name) => `${name}.yaml`);
const folder = "staging-cluster/flux-system";

/**
 * Flux as `flux bootstrap git` does: its manifests in Git, the controllers, and the source and Kustomization by which
 * Flux applies itself. The manifests are those of `npm run sync-manifests`, which are the same as the command's.
 */
async function bootstrapFlux(): Promise<void> {
    const manifests = await mkdtemp(join(tmpdir(), "adopted-"));
    try {
        const command = ["run", "sync-manifests", "--", "--stack", "staging", "--output", manifests];
        await execa("npm", [...command, "--config", "syncOwner=git"]);
        const texts = await Promise.all(files.map((name) => readFile(join(manifests, folder, name), "utf8")));
        await inGit("Add Flux", [...texts, JSON.stringify({ resources: files })]);
        for (const text of texts) await apply(text);
    } finally {
        await rm(manifests, { recursive: true });
    }
    await kubectl("-n", "flux-system", "wait", "--for=condition=Ready", "kustomization/flux-system", "--timeout=240s");
}

/** Commits Flux's manifests and their kustomization.yaml, or takes them out. */
async function inGit(message: string, texts: readonly (string | null)[]): Promise<void> {
    const changes = [...files, "kustomization.yaml"].map((name, index) => [`${folder}/${name}`, texts[index] ?? null]);
    await commit({ url: process.env.SANDBOX_GIT_URL + repository, message, files: Object.fromEntries(changes) });
}

/** Tekton's pods that this program has asked for readiness more often than upstream does: a rolling update, once. */
const asked = /^tekton-(events-controller|pipelines-controller|pipelines-webhook|triggers-core-interceptors)-/;

/** The controllers' pods, but those that are ending, and how often their containers have started, by pod. */
async function pods(): Promise<string[]> {
    const all = await Promise.all(
        ["tekton-pipelines", "tekton-pipelines-resolvers", "flux-system"].map((namespace) =>
            list("pods", "-n", namespace),
        ),
    );
    const staying = all.flat().filter(({ metadata }) => !("deletionTimestamp" in metadata));
    return staying.map(({ metadata, status }) => {
        const containers = (status?.containerStatuses ?? []) as readonly { restartCount: number }[];
        return `${metadata.name} ${containers.map(({ restartCount }) => restartCount).join()}`;
    });
}

/** Each object's generation, and who has written its fields. */
async function written(): Promise<string[]> {
    const kinds = "namespaces,customresourcedefinitions,deployments,services,configmaps,clusterroles,gitrepositories";
    const objects = await list(kinds, "--all-namespaces", "--show-managed-fields");
    return objects.map(({ kind, metadata }) => {
        const managers = (metadata.managedFields as readonly { manager: string }[]).map(({ manager }) => manager);
        return `${kind} ${metadata.name} ${String(metadata.generation)} ${managers.join()}`;
    });
}

describe("a cluster that kubectl has put Tekton on, and flux bootstrap Flux", function () {
    this.timeout(10 * 60_000);
    this.bail(true);

    let stack: Stack;
    before(async () => {
        stack = await emptied();
        await prepareRepository();
        await callReceiver(undefined);
        await Promise.all([installTekton(), bootstrapFlux()]);
    });
    after(async () => {
        await inGit("Flux is gone", []);
        await stack.removeConfig("adopt");
        await stack.removeConfig("syncOwner");
    });

    it("is refused with each part that is there, and nothing changes", async () => {
        const before = await written();
        const message = await measured("up, refused: the releases are there", () => failure(stack.up(operation)));
        for (const part of [
            "tekton-pipelines v1.15.0: ",
            "tekton-triggers v0.37.0: ",
            "flux v2.9.4: ",
            "Namespace tekton-pipelines: not made by this program",
            "Namespace tekton-pipelines-resolvers: not made by this program",
            "Namespace flux-system: not made by this program",
            "pulumi config set adopt true",
        ]) {
            expect(message).to.include(part);
        }
        const after = await written();
        expect(after).to.have.members(before);
        expect(after.filter((object) => object.includes("pulumi"))).to.deep.equal([]);
    });

    it("is adopted where the config says so, and no pod but those with another probe is replaced or restarted", async () => {
        const before = await pods();
        await stack.setConfig("adopt", { value: "true" });
        await stack.setConfig("syncOwner", { value: "git" });
        const { summary } = await measured("up, adopting the releases", () => stack.up(operation));
        expect(summary.result).to.equal("succeeded");
        const after = await pods();
        noteFigure(`adopted: ${before.filter((pod) => after.includes(pod)).length} of ${before.length} pods as before`);
        expect(after).to.have.length(before.length);
        const same = after.filter((pod) => before.includes(pod));
        expect(same).to.have.members(before.filter((pod) => !asked.test(pod)));
        expect(before.filter((pod) => asked.test(pod))).to.have.length(4);
    });

    it("runs a commit", async () => {
        await callReceiver(await output(stack, "receiverPath"));
        const run = await runOf(await push("After the adoption"));
        await succeeded(run.name);
        await callReceiver(undefined);
    });

    it("has nothing left to do, also after a refresh", async () => {
        const { summary } = await stack.up({ ...operation, refresh: true });
        expect(Object.keys(summary.resourceChanges!)).to.deep.equal(["same"]);
    });

    it("is destroyed, and nothing is left", async () => {
        await measured("destroy, of what was adopted", () => stack.destroy(operation));
        expect(await left()).to.deep.equal([]);
    });
});
