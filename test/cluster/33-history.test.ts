import { expect } from "chai";
import { execa } from "execa";
import { catchUpLabels } from "../../components/catchUp";
import { restrictedContainer, restrictedPod } from "../../components/restricted";
import { defaultRunHistoryImage } from "../../components/runHistory";
import { callReceiver, push, runName, runOf } from "../../demo/chain";
import { condition, kubectl, until } from "../../demo/cluster";
import { event, listenerAddress, post, rightHeader, runs } from "./listener";
import { output, staging } from "./staging";
import { measured } from "./support";

const pipelineRuns = "/apis/tekton.dev/v1/namespaces/default/pipelineruns";

/** Runs the CronJob's job now, with these limits in place of the stack's. */
async function removeOldRuns(name: string, limit: number, age = 0): Promise<void> {
    const made = ["create", "job", name, "--from=cronjob/flux-run-history", "--dry-run=client", "-o", "json"];
    const job = JSON.parse(await kubectl(...made)) as {
        spec: { template: { spec: { containers: [{ image: string; env: { name: string; value: string }[] }] } } };
    };
    const [container] = job.spec.template.spec.containers;
    expect(container.image).to.equal(defaultRunHistoryImage);
    const routes = container.env.find((variable) => variable.name === "ROUTES")!;
    expect(routes.value).to.equal("flux-notification 50 0 gitrepositories flux-system flux-system");
    routes.value = `flux-notification ${limit} ${age} gitrepositories flux-system flux-system`;
    await execa("kubectl", ["create", "-f", "-"], { input: JSON.stringify(job) });
    await kubectl("wait", "--for=condition=complete", `job/${name}`, "--timeout=120s");
    await kubectl("delete", "job", name);
}

/** Its image is on the node, and nowhere else: a pull would fail, and the node would then ask for it at each use. */
const wait = {
    name: "wait",
    image: "alpine",
    imagePullPolicy: "IfNotPresent",
    command: ["sleep"],
    args: ["600"],
    securityContext: restrictedContainer,
};

/** A run of the route that hasn't ended, and won't while the tests go on. */
async function createRunning(name: string): Promise<void> {
    const run = {
        apiVersion: "tekton.dev/v1",
        kind: "PipelineRun",
        metadata: { name, namespace: "default", labels: { "flux-to-tekton/route": "flux-notification" } },
        spec: {
            taskRunTemplate: { podTemplate: { securityContext: restrictedPod } },
            pipelineSpec: {
                tasks: [
                    {
                        name: "wait",
                        taskSpec: { steps: [wait] },
                    },
                ],
            },
        },
    };
    await execa("kubectl", ["create", "-f", "-"], { input: JSON.stringify(run) });
    await until(
        pipelineRuns,
        (one) => one.metadata.name === name && condition(one, "Succeeded")?.reason === "Running",
        { timeout: 60, what: `PipelineRun ${name}` },
    );
    await kubectl("wait", "--for=condition=Ready", "pod", "-l", `tekton.dev/pipelineRun=${name}`, "--timeout=60s");
}

describe("runs don't pile up", function () {
    this.timeout(5 * 60_000);
    const running = "flux-notification-run-that-goes-on";
    const cancelled = '{"spec":{"status":"Cancelled"}}';
    let current: string;
    let made: string[];

    before(async () => {
        await callReceiver(await output(await staging(), "receiverPath"));
        current = (await runOf(await push("The current revision"))).name;
        await createRunning(running);
        // Of revisions that no repository has, so that the current one's run isn't the newest: as after a reset.
        const [address, proof] = [await listenerAddress(), await rightHeader()];
        made = [];
        for (const digit of ["1", "2", "3", "4"]) {
            const commit = `33${digit}`.padEnd(40, digit);
            await post(address, event(commit), proof);
            made.push((await runOf(commit)).name);
            if (digit === "4") await kubectl("patch", "pipelinerun", runName(commit), "--type=merge", "-p", cancelled);
            // The next is to be of another second.
            await new Promise((resolve) => setTimeout(resolve, 1000));
        }
        const ends = await Promise.all([current, ...made].map(ended));
        expect(ends).to.deep.equal(["True", "True", "True", "True", "False"]);
    });
    after(async () => {
        await kubectl("delete", "pipelinerun", running, "--ignore-not-found");
    });

    /** Waits until a run has ended; tells its condition Succeeded. */
    async function ended(name: string): Promise<string> {
        const { object } = await until(
            pipelineRuns,
            (run) => run.metadata.name === name && run.status?.completionTime !== undefined,
            { timeout: 180, what: `the end of PipelineRun ${name}` },
        );
        return condition(object, "Succeeded")!.status;
    }

    it("removes all but the newest by count, and keeps a running one and the current revision's", async () => {
        expect(await runs()).to.have.length.greaterThan(6);
        await measured("run history: pod started, runs listed and removed", () => removeOldRuns("run-history-1", 2));
        expect(await runs()).to.have.members([made[3], made[2], running, current]);
    });

    it("removes by age, and keeps the newest though it failed", async () => {
        await removeOldRuns("run-history-2", 50, 1);
        expect(await runs()).to.have.members([made[3], running, current]);
    });

    it("leaves nothing that the catch-up would start again", async () => {
        // Made anew, it looks whether the current revision has its run; of others it knows nothing.
        await kubectl("delete", "pod", "-l", `app=${catchUpLabels.app}`, "--force", "--grace-period=0");
        await kubectl("rollout", "status", "deployment/flux-catch-up", "--timeout=60s");
        const deadline = Date.now() + 30_000;
        let log: string;
        do log = await kubectl("logs", "deployment/flux-catch-up");
        while (!log.includes(`${current} is there`) && Date.now() < deadline);
        expect(log).to.include(`${current} is there`).and.not.include("sent ");
        const next = await runOf(await push("After the removal"));
        expect(await runs()).to.have.members([made[3], running, current, next.name]);
    });

    it("takes a run's pods along", async () => {
        const owners = await kubectl(
            ...["get", "pods", "-l", "tekton.dev/pipelineRun"],
            ...["-o", "jsonpath={.items[*].metadata.labels.tekton\\.dev/pipelineRun}"],
        );
        expect(owners.split(" ")).not.to.include.members([made[0]]);
    });
});
