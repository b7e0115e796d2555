import { expect } from "chai";
import { callReceiver, push, runName, runOf } from "../../demo/chain";
import { kubectl, list } from "../../demo/cluster";
import { runs } from "./listener";
import { output, staging } from "./staging";
import { measured } from "./support";

/** Runs the catch-up now rather than at its next time. */
async function catchUp(name: string): Promise<void> {
    await kubectl("create", "job", name, "--from=cronjob/flux-catch-up");
    await kubectl("wait", "--for=condition=complete", `job/${name}`, "--timeout=120s");
    await kubectl("delete", "job", name);
}

async function scale(namespace: string, deployment: string, replicas: number): Promise<void> {
    await kubectl("-n", namespace, "scale", `deployment/${deployment}`, `--replicas=${replicas}`);
    await kubectl("-n", namespace, "rollout", "status", `deployment/${deployment}`, "--timeout=180s");
}

/** Waits until Flux has fetched a commit. */
async function fetched(commit: string): Promise<void> {
    await kubectl(
        ...["-n", "flux-system", "wait", "gitrepository/flux-system", "--timeout=180s"],
        `--for=jsonpath={.status.artifact.revision}=main@sha1:${commit}`,
    );
}

describe("nothing is lost", function () {
    this.timeout(10 * 60_000);

    before(async () => callReceiver(await output(await staging(), "receiverPath")));

    it("makes the run of a commit that came while the listener was gone", async () => {
        await scale("tekton-pipelines", "tekton-triggers-controller", 0);
        await scale("default", "el-flux-event-listener", 0);
        const message = "While the listener is gone";
        const commit = await push(message);
        await fetched(commit);
        await scale("tekton-pipelines", "tekton-triggers-controller", 1);
        await scale("default", "el-flux-event-listener", 1);
        await catchUp("catch-up-listener");
        await measured("run of a commit that came while the listener was gone", () => runOf(commit));
    });

    it("makes the run of a commit whose event was lost, once, however often it is repeated", async () => {
        await scale("flux-system", "notification-controller", 0);
        const commit = await push("Lost");
        // Nobody is there to call for it; Flux finds it at its interval, and its event reaches nobody.
        await fetched(commit);
        await eventGivenUp();
        await scale("flux-system", "notification-controller", 1);
        expect(await runs()).not.to.include(runName(commit));

        await catchUp("catch-up-1");
        await runOf(commit);
        const before = await runs();
        await catchUp("catch-up-2");
        const next = await runOf(await push("After the repetition"));
        expect((await runs()).filter((name) => !before.includes(name))).to.deep.equal([next.name]);
    });
});

/** Waits until the source-controller has given an event up: it says so. */
async function eventGivenUp(): Promise<void> {
    const deadline = Date.now() + 180_000;
    while (Date.now() < deadline) {
        const log = await kubectl("-n", "flux-system", "logs", "deployment/source-controller", "--tail=50");
        if (/giving up after/.test(log)) return;
        await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    const [pod] = await list("pods", "-n", "flux-system", "-l", "app=source-controller");
    throw new Error(`the source-controller (${pod?.metadata.name}) didn't give the event up`);
}
