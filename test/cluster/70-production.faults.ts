import { expect } from "chai";
import type { Stack } from "@pulumi/pulumi/automation";
import { callReceiver, prepareRepository, push, runName } from "../../demo/chain";
import { condition, kubectl, list, until } from "../../demo/cluster";
import { openStack } from "../../stacks/automation";
import { folder, operation, output } from "./staging";
import { left, measured, record } from "./support";

const pipelineRuns = "/apis/tekton.dev/v1/namespaces/ci/pipelineruns";

/** With what the sandbox has in place of a Git host and an ingress, and without the controller that it can't build. */
describe("the stack production", function () {
    this.timeout(12 * 60_000);
    this.bail(true);
    let stack: Stack;

    before(async () => {
        await prepareRepository();
        stack = await openStack("production", folder);
        await stack.setAllConfig({
            gitUrl: { value: "http://git.sandbox.test/fleet-infra.git" },
            gitPath: { value: "./staging-cluster" },
        });
        const { value } = await stack.getConfig("fluxComponents");
        await stack.removeConfig(`fluxComponents[${JSON.parse(value).indexOf("helm-controller")}]`, true);
        await stack.removeConfig("receiverIngressNamespace");
    });

    it("comes up from empty on the first try", async () => {
        const { summary } = await measured("production: up, from empty", () => stack.up(operation));
        expect(Object.keys(summary.resourceChanges!)).to.deep.equal(["create"]);
    });

    it("listens with two pods, in a namespace of its own that enforces Pod Security restricted", async () => {
        const namespace = JSON.parse(await kubectl("get", "namespace", "ci", "-o", "json")) as {
            metadata: { labels: Record<string, string> };
        };
        expect(namespace.metadata.labels).to.include({ "pod-security.kubernetes.io/enforce": "restricted" });
        await kubectl("-n", "ci", "rollout", "status", "deployment/el-flux-event-listener", "--timeout=120s");
        const pods = await list("pods", "-n", "ci", "-l", "eventlistener=flux-event-listener");
        expect(pods.filter((pod) => condition(pod, "Ready")?.status === "True")).to.have.length(2);
        const budget = await kubectl("-n", "ci", "get", "pdb", "-o", "jsonpath={.items[0].status.disruptionsAllowed}");
        expect(budget).to.equal("1");
    });

    it("runs a commit's pipeline there, under that Pod Security", async () => {
        await callReceiver(await output(stack, "receiverPath"));
        const name = runName(await push("To production"));
        const pushed = Date.now();
        const { object, at } = await until(
            pipelineRuns,
            (run) => run.metadata.name === name && run.status?.completionTime !== undefined,
            { timeout: 180, what: `the end of PipelineRun ${name}` },
        );
        expect(condition(object, "Succeeded")).to.include({ status: "True" });
        record("production: push → Succeeded, by the Receiver", at - pushed);
    });

    it("has CronJobs that this Pod Security lets run", async () => {
        for (const { metadata } of await list("cronjobs", "-n", "ci")) {
            await kubectl("-n", "ci", "create", "job", metadata.name, `--from=cronjob/${metadata.name}`);
            await kubectl("-n", "ci", "wait", "--for=condition=complete", `job/${metadata.name}`, "--timeout=120s");
        }
    });

    it("has nothing to do in a second up", async () => {
        const { summary } = await stack.up(operation);
        expect(Object.keys(summary.resourceChanges!)).to.deep.equal(["same"]);
    });

    it("is destroyed with its runs, and leaves nothing behind but what Flux deployed", async () => {
        await measured("production: destroy", () => stack.destroy(operation));
        expect(await left()).to.deep.equal([]);
        await callReceiver(undefined);
        await stack.workspace.removeStack("production");
    });
});
