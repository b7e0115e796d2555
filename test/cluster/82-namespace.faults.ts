import { expect } from "chai";
import { catchUpLabels } from "../../components/catchUp";
import { callReceiver, prepareRepository, push, runName } from "../../demo/chain";
import { condition, kubectl, until } from "../../demo/cluster";
import { operation, output, staging } from "./staging";

describe("the chain, in a namespace of its own", function () {
    this.timeout(10 * 60_000);

    after(async () => {
        await (await staging()).destroy(operation);
        await kubectl("delete", "namespace", "ci");
    });

    it("runs where Pod Security restricted is enforced", async () => {
        await kubectl("create", "namespace", "ci");
        await kubectl("label", "namespace", "ci", "pod-security.kubernetes.io/enforce=restricted");
        await prepareRepository();
        const stack = await staging();
        await stack.setConfig("namespace", { value: "ci" });
        await stack.up(operation);
        await callReceiver(await output(stack, "receiverPath"));

        const name = runName(await push("In a namespace of its own"));
        const { object } = await until(
            "/apis/tekton.dev/v1/namespaces/ci/pipelineruns",
            (run) =>
                run.metadata.name === name && ["True", "False"].includes(condition(run, "Succeeded")?.status ?? ""),
            { timeout: 120, what: `the end of PipelineRun ci/${name}` },
        );
        expect(condition(object, "Succeeded")?.status).to.equal("True");
        const labels = [
            "eventlistener=flux-event-listener",
            `app=${catchUpLabels.app}`,
            `tekton.dev/pipelineRun=${name}`,
        ];
        for (const label of labels) {
            expect(await kubectl("-n", "ci", "get", "pods", "-l", label, "-o", "name"), label).to.include("pod/");
        }
    });
});
