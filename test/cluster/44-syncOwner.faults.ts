import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack, UpResult } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { execa } from "execa";
import { repository } from "../../demo/chain";
import { kubectl, until } from "../../demo/cluster";
import { commit } from "../../sandbox/git/repository";
import { operation, staging } from "./staging";

const kustomizations = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations";
const files = ["gotk-components", "gotk-sync", "kustomization"].map(
    (name) => `staging-cluster/flux-system/${name}.yaml`,
);

describe("a stack that leaves Flux to Git", function () {
    this.timeout(5 * 60_000);
    this.bail(true);

    let stack: Stack;
    before(async () => {
        stack = await staging();
    });

    /** Commits what the command writes for these settings. */
    const commitManifests = async (message: string, ...settings: string[]): Promise<string> => {
        const folder = await mkdtemp(join(tmpdir(), "sync-owner-"));
        try {
            const command = ["run", "sync-manifests", "--", "--stack", "staging", "--output", folder];
            await execa("npm", [...command, "--config", "syncOwner=git", ...settings]);
            const contents = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
            return await push(message, Object.fromEntries(files.map((file, index) => [file, contents[index]!])));
        } finally {
            await rm(folder, { recursive: true });
        }
    };
    const push = async (message: string, changes: Record<string, string | null>): Promise<string> =>
        commit({ url: process.env.SANDBOX_GIT_URL + repository, message, files: changes });

    /** Asks Flux to look at once, as by a webhook. */
    const look = async (): Promise<void> => {
        const request = `reconcile.fluxcd.io/requestedAt=${Date.now()}`;
        await kubectl("-n", "flux-system", "annotate", "--overwrite", "gitrepository", "flux-system", request);
    };
    /** Waits until Flux has applied a commit. */
    const applied = async (sha: string): Promise<Record<string, unknown>> => {
        await look();
        const { object } = await until(
            kustomizations,
            ({ metadata, status }) =>
                metadata.name === "flux-system" && status?.lastAppliedRevision === `main@sha1:${sha}`,
            { timeout: 90, what: `Flux's application of ${sha}` },
        );
        return object.status!;
    };
    const logLevel = async (): Promise<string> => {
        const args = "jsonpath={.spec.template.spec.containers[0].args}";
        const text = await kubectl("-n", "flux-system", "get", "deployment", "notification-controller", "-o", args);
        return /--log-level=(\w+)/.exec(text)![1]!;
    };
    const changes = ({ summary }: UpResult): string[] => Object.keys(summary.resourceChanges!);

    it("has Flux apply itself from the files that are committed, and nothing changes by it", async () => {
        await stack.setConfig("syncOwner", { value: "git" });
        expect(changes(await stack.up(operation))).to.deep.equal(["same"]);
        const pods = ["-n", "flux-system", "get", "pods", "-o", "name"];
        const before = await kubectl(...pods);
        const { inventory } = await applied(await commitManifests("Flux keeps itself"));
        const entries = (inventory as { entries: { id: string }[] }).entries.map(({ id }) => id);
        expect(entries).to.include.members([
            "flux-system_source-controller_apps_Deployment",
            "flux-system_flux-system_kustomize.toolkit.fluxcd.io_Kustomization",
        ]);
        expect(await kubectl(...pods)).to.equal(before);
    });

    it("is changed by a commit, and an up leaves that alone, with a refresh while its pods start, and after it", async () => {
        const sha = await commitManifests("More to read", "fluxLogLevel=debug");
        await look();
        await until(
            "/apis/apps/v1/namespaces/flux-system/deployments",
            ({ metadata, spec }) =>
                metadata.name === "notification-controller" && JSON.stringify(spec).includes("--log-level=debug"),
            { timeout: 90, what: "the new log level" },
        );
        await stack.up({ ...operation, refresh: true });
        await applied(sha);
        expect(await logLevel()).to.equal("debug");
        expect(changes(await stack.up({ ...operation, refresh: true }))).to.deep.equal(["same"]);
        expect(await logLevel()).to.equal("debug");
    });

    it("comes back to Pulumi, without Flux pruning itself when its files leave Git", async () => {
        const { inventory } = await applied(
            await push("Pulumi keeps Flux", Object.fromEntries(files.map((file) => [file, null]))),
        );
        expect(JSON.stringify(inventory)).not.to.include("source-controller");
        await stack.removeConfig("syncOwner");
        await stack.up({ ...operation, refresh: true });
        expect(await logLevel()).to.equal("info");
        expect(changes(await stack.up(operation))).to.deep.equal(["same"]);
    });
});
