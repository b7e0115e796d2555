import type { EngineEvent, Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { execa } from "execa";
import { prepareRepository } from "../../demo/chain";
import { emptied, operation, staging } from "./staging";
import { left, measured } from "./support";

/**
 * Interrupts the engine: SIGINT is Ctrl-C, and it finishes what is under way; after SIGKILL there was no time to write its
 * state, to release its lock, or to finish a call.
 */
async function interrupt(signal: "SIGINT" | "SIGKILL"): Promise<void> {
    const { stdout } = await execa("ps", ["--ppid", String(process.pid), "-o", "pid=,comm="], { reject: false });
    for (const line of stdout.split("\n")) {
        const [pid, command] = line.trim().split(/\s+/);
        if (command === "pulumi") process.kill(Number(pid), signal);
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

describe("an operation that is interrupted", function () {
    this.timeout(20 * 60_000);

    it("leaves a stack that the next one completes, three times in an up and twice in a destroy", async () => {
        await emptied();
        await prepareRepository();
        for (const [kind, signal] of [
            ["CustomResourceDefinition", "SIGKILL"],
            ["Deployment", "SIGINT"],
            ["EventListener", "SIGKILL"],
        ] as const) {
            const onEvent = once(begins(kind), () => interrupt(signal));
            const outcome = await ended((await staging()).up({ ...operation, onEvent }));
            expect(outcome, `up, ${signal} at the first ${kind}`).to.equal("interrupted");
        }
        const up = await measured("up, after three that were interrupted", async () => (await staging()).up(operation));
        expect(up.summary.result).to.equal("succeeded");
        const again = await (await staging()).up(operation);
        expect(Object.keys(again.summary.resourceChanges!)).to.deep.equal(["same"]);

        for (const [kind, signal] of [
            ["EventListener", "SIGKILL"],
            ["Deployment", "SIGINT"],
        ] as const) {
            const onEvent = once(begins(kind), () => interrupt(signal));
            const stack = await staging();
            await ended(stack.destroy({ ...operation, onEvent }));
            // Not by its outcome: after a Ctrl-C the engine reports success, if all that was under way has succeeded.
            expect(await resources(stack), `left by a destroy, ${signal} at the first ${kind}`).to.be.greaterThan(0);
        }
        await measured("destroy, after two that were interrupted", async () => (await staging()).destroy(operation));
        expect(await left()).to.deep.equal([]);
    });
});

/** How many resources the stack's state has. */
async function resources(stack: Stack): Promise<number> {
    const { deployment } = (await stack.exportStack()) as { deployment: { resources?: unknown[] } };
    return deployment.resources?.length ?? 0;
}

async function ended(operation: Promise<unknown>): Promise<"completed" | "interrupted"> {
    return operation.then(
        () => "completed",
        () => "interrupted",
    );
}
