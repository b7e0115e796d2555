import type { EngineEvent } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { execa } from "execa";
import { operation, staging } from "./staging";
import { baseline, left, measured } from "./support";

/** Kills the engine: no time to write its state, to release its lock, or to finish a call. */
async function killEngine(): Promise<void> {
    const { stdout } = await execa("ps", ["--ppid", String(process.pid), "-o", "pid=,comm="], { reject: false });
    for (const line of stdout.split("\n")) {
        const [pid, command] = line.trim().split(/\s+/);
        if (command === "pulumi") process.kill(Number(pid), "SIGKILL");
    }
}

/** Calls once, when the first event comes that matches. */
function once(matches: (event: EngineEvent) => boolean, action: () => Promise<void>): (event: EngineEvent) => void {
    let done = false;
    return (event) => {
        if (done || !matches(event)) return;
        done = true;
        void action();
    };
}

const begins = (kind: string) => (event: EngineEvent) =>
    event.resourcePreEvent?.metadata.type.endsWith(`:${kind}`) ?? false;

describe("an operation that is killed", function () {
    this.timeout(12 * 60_000);

    it("leaves a stack that the next one completes, killed three times in an up and once in a destroy", async () => {
        await baseline();
        for (const kind of ["CustomResourceDefinition", "Deployment", "EventListener"]) {
            const stack = await staging();
            const outcome = await stack
                .up({ ...operation, onEvent: once(begins(kind), killEngine) })
                .then(() => "completed")
                .catch(() => "killed");
            expect(outcome, `up, at the first ${kind}`).to.equal("killed");
        }
        const up = await measured("up, after three that were killed", async () => (await staging()).up(operation));
        expect(up.summary.result).to.equal("succeeded");
        const again = await (await staging()).up(operation);
        expect(Object.keys(again.summary.resourceChanges!)).to.deep.equal(["same"]);

        const outcome = await (
            await staging()
        )
            .destroy({ ...operation, onEvent: once(begins("EventListener"), killEngine) })
            .then(() => "completed")
            .catch(() => "killed");
        expect(outcome, "destroy").to.equal("killed");
        await measured("destroy, after one that was killed", async () => (await staging()).destroy(operation));
        expect(await left()).to.deep.equal([]);
    });
});
