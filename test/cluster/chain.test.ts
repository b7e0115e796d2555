import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stack, UpResult } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { execa } from "execa";
import { callReceiver, prepareRepository, push, runOf, succeeded } from "../../demo/chain";
import { kubectl, list, until } from "../../demo/cluster";
import { openStack } from "../../stacks/automation";
import { explainCluster, inventory, measured, printFigures, record } from "./support";

const folder = join(process.env.SANDBOX_STATE!, "stacks");
const minutes = 60_000;

describe("the stack staging, on a real cluster", function () {
    // Generous: the machines are slow and noisy, and every wait ends by its condition.
    this.timeout(12 * minutes);
    // A story: each chapter needs the ones before.
    this.bail(true);

    let stack: Stack;
    let baseline: string[];
    let up: UpResult;

    before(async () => {
        baseline = await inventory();
        await prepareRepository();
        stack = await openStack("staging", folder);
    });

    afterEach(async function () {
        if (this.currentTest?.state === "failed") console.log(await explainCluster());
    });

    after(printFigures);

    it("comes up from empty on the first try", async () => {
        up = await measured("up, from empty", () => stack.up({ parallel: 32 }));
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
        await push(message);
        const pushed = Date.now();
        const run = await runOf(message);
        record("push → PipelineRun, by the Receiver", run.at - pushed);
        const end = await succeeded(run.name);
        record("push → Succeeded, by the Receiver", end.at - pushed);

        const { stdout } = await execa("tkn", ["pipelinerun", "logs", "--last"]);
        expect(stdout.split("\n").filter((line) => line !== "")).to.deep.equal([
            "[task-echo-message : echo-pipeline] notification from flux-system/flux-system",
            `[task-echo-message : echo-message] stored artifact for commit '${message}'`,
        ]);
    });

    it("starts a PipelineRun for a commit, by Flux's own interval", async () => {
        await callReceiver(undefined);
        const message = "Found by polling";
        await push(message);
        const pushed = Date.now();
        const run = await runOf(message, 240);
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
        const { summary } = await measured("up, nothing to do", () => stack.up({ parallel: 32 }));
        expect(Object.keys(summary.resourceChanges!)).to.deep.equal(["same"]);
    });

    it("finds nothing changed in a refresh, and nothing to do after it", async () => {
        const refresh = await measured("refresh", () => stack.refresh({ parallel: 32 }));
        expect(Object.keys(refresh.summary.resourceChanges!)).to.deep.equal(["same"]);
        const preview = await measured("preview, nothing to do", () => stack.preview({ parallel: 32 }));
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

    it("names the repository that can't be read, and goes on once it can", async () => {
        const settings = await readFile(join(folder, "Pulumi.staging.yaml"), "utf8");
        await stack.setConfig("gitUrl", { value: "http://git.sandbox.test/no-such.git" });
        await stack.setConfig("readyTimeout", { value: "20s" });
        const error = await stack.up({ parallel: 32 }).then(
            () => undefined,
            (reason: Error) => reason.message,
        );
        expect(error)
            .to.include("flux-sync-repository")
            .and.to.match(/no-such|not found/);
        await stack.setConfig("gitUrl", { value: /gitUrl: (.*)/.exec(settings)![1]! });
        const mended = await stack.up({ parallel: 32 });
        expect(mended.summary.result).to.equal("succeeded");
    });

    it("names the controller that doesn't become ready, and why, and goes on once it does", async () => {
        await stack.setConfig("fluxRegistry", { value: "no-such-registry.invalid/fluxcd" });
        const error = await stack.up({ parallel: 32 }).then(
            () => undefined,
            (reason: Error) => reason.message,
        );
        expect(error)
            .to.include("source-controller")
            .and.to.match(/ErrImagePull|ImagePullBackOff/);
        await stack.removeConfig("fluxRegistry");
        await stack.setConfig("readyTimeout", { value: "5m" });
        const mended = await stack.up({ parallel: 32 });
        expect(mended.summary.result).to.equal("succeeded");
    });

    it("is destroyed, and leaves nothing behind but what Flux deployed", async () => {
        await measured("destroy", () => stack.destroy({ parallel: 32 }));
        // What the garbage collector still has to do: pods of the runs, whose owners are gone.
        const deadline = Date.now() + 2 * minutes;
        let left: string[];
        do left = (await inventory()).filter((object) => !baseline.includes(object));
        while (left.length > 0 && Date.now() < deadline);
        expect(left).to.deep.equal([]);
        expect((await list("configmaps", "-n", "default")).map(({ metadata }) => metadata.name)).to.include("greeting");
    });
});
