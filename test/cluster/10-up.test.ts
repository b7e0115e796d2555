import type { Stack, UpResult } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { execa } from "execa";
import { callReceiver, prepareRepository, push, runOf, succeeded } from "../../demo/chain";
import { kubectl, list, until } from "../../demo/cluster";
import { folder, operation, staging } from "./staging";
import { measured, record } from "./support";

describe("the stack staging, on a real cluster", function () {
    this.timeout(12 * 60_000);
    this.bail(true);

    let stack: Stack;
    let up: UpResult;

    before(async () => {
        await prepareRepository();
        // The chain's namespace enforces the strictest of Kubernetes' Pod Security Standards, in the whole story.
        await kubectl("label", "namespace", "default", "pod-security.kubernetes.io/enforce=restricted");
        stack = await staging();
    });

    it("comes up from empty on the first try", async () => {
        up = await measured("up, from empty", () => stack.up(operation));
        expect(up.summary.result).to.equal("succeeded");
        expect(Object.keys(up.summary.resourceChanges!)).to.deep.equal(["create"]);
    });

    it("exports where things are, and what tells the token only as a secret", async () => {
        const listener = JSON.parse(await kubectl("get", "eventlistener", "flux-event-listener", "-o", "json"));
        const receiver = JSON.parse(
            await kubectl("-n", "flux-system", "get", "receiver", "generic-receiver", "-o", "json"),
        );
        expect(up.outputs.eventListenerUrl!.value).to.equal(listener.status.address.url);
        expect(up.outputs.receiverPath).to.deep.equal({ value: receiver.status.webhookPath, secret: true });
        const provider = JSON.parse(
            await kubectl("-n", "flux-system", "get", "provider", "tekton-el-provider", "-o", "json"),
        );
        expect(provider.spec.address).to.equal(listener.status.address.url);
    });

    it("starts a PipelineRun for a commit, by the Receiver", async () => {
        await callReceiver(up.outputs.receiverPath!.value as string);
        const message = "Called by the Receiver";
        const commit = await push(message);
        const pushed = Date.now();
        const run = await runOf(commit);
        record("push → PipelineRun, by the Receiver", run.at - pushed);
        const end = await succeeded(run.name);
        record("push → Succeeded, by the Receiver", end.at - pushed);

        const { stdout } = await execa("tkn", ["pipelinerun", "logs", run.name]);
        expect(stdout.split("\n").filter((line) => line !== "")).to.deep.equal([
            "[task-echo-message : echo-pipeline] notification from flux-system/flux-system",
            `[task-echo-message : echo-message] stored artifact for commit '${message}'`,
        ]);
    });

    it("has pods that Pod Security restricted admits: of the listener, the catch-up and the run", async () => {
        const enforced = "jsonpath={.metadata.labels.pod-security\\.kubernetes\\.io/enforce}";
        expect(await kubectl("get", "namespace", "default", "-o", enforced)).to.equal("restricted");
        const pods = await list("pods", "-n", "default");
        for (const label of ["eventlistener", "app", "tekton.dev/pipelineRun"]) {
            const labelled = pods.filter(({ metadata }) => label in (metadata.labels as object));
            expect(labelled, label).to.have.length.greaterThan(0);
        }
    });

    it("starts a PipelineRun for a commit, by Flux's own interval", async () => {
        await callReceiver(undefined);
        const message = "Found by polling";
        const commit = await push(message);
        const pushed = Date.now();
        const run = await runOf(commit, 240);
        record("push → PipelineRun, by polling at 1 min", run.at - pushed);
        await succeeded(run.name);
    });

    it("deploys what the commit changed", async () => {
        await until(
            "/api/v1/namespaces/default/configmaps",
            ({ metadata, data }) =>
                metadata.name === "greeting" && (data as Record<string, string>).greeting === "Found by polling",
            { timeout: 180, what: "the ConfigMap greeting" },
        );
    });

    it("has nothing to do in a second up", async () => {
        const { summary } = await measured("up, nothing to do", () => stack.up(operation));
        expect(Object.keys(summary.resourceChanges!)).to.deep.equal(["same"]);
    });

    it("finds nothing changed in a refresh, and nothing to do after it", async () => {
        const refresh = await measured("refresh", () => stack.refresh(operation));
        expect(Object.keys(refresh.summary.resourceChanges!)).to.deep.equal(["same"]);
        const preview = await measured("preview, nothing to do", () => stack.preview(operation));
        expect(Object.keys(preview.changeSummary)).to.deep.equal(["same"]);
    });

    it("keeps every token out of state and log in clear", async () => {
        const encoded = await kubectl(
            ...["-n", "flux-system", "get", "secret", "generic-receiver-token", "-o", "jsonpath={.data.token}"],
        );
        const token = Buffer.from(encoded, "base64").toString();
        expect(token).to.match(/^[A-Za-z0-9]{43}$/);
        // Not exportStack(), which decrypts.
        const { stdout: state } = await execa("pulumi", ["stack", "export", "--stack", "staging"], { cwd: folder });
        expect(state).to.include("generic-receiver-token");
        const path = up.outputs.receiverPath!.value as string;
        for (const secret of [token, encoded, path]) {
            expect(state).not.to.include(secret);
            expect(up.stdout + up.stderr).not.to.include(secret);
        }
    });
});
