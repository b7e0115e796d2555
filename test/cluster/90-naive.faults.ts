import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { loadRelease, lockedRelease, readLock } from "../../components/release";
import { kubectl } from "../../demo/cluster";
import { openStack } from "../../stacks/automation";
import { emptied } from "./staging";
import { left, measured } from "./support";

/** Tries that the naive program gets: what it loses are races, and now and then it is lucky. */
const tries = 3;
/** Ours takes about a minute and a half; one that hangs waits ten minutes for each of its ConfigMaps. */
const destroyDeadline = 240_000;

/**
 * The program that one would write first: the release's manifest as one ConfigGroup, in no order. It is what the tests
 * of the real one stand against: where it always passed, they would prove nothing.
 */
describe("the naive program, on the same cluster", function () {
    this.timeout(30 * 60_000);

    let last = 1;
    before(emptied);
    after(async () => {
        // They are what it hangs on.
        const webhooks = "validatingwebhookconfigurations,mutatingwebhookconfigurations";
        await kubectl("delete", webhooks, "--selector=app.kubernetes.io/part-of=tekton-pipelines");
        await (await naive(last)).destroy();
        expect(await left()).to.deep.equal([]);
    });

    it(`fails its first up, or can't be destroyed, in one of ${tries} tries: dead webhooks refuse`, async () => {
        const outcomes: string[] = [];
        for (last = 1; last <= tries; last++) {
            const stack = await naive(last);
            const up = await measured(`the naive program: up, try ${last}`, () => outcome(stack.up()));
            outcomes.push(`up: ${up}`);
            if (up.includes('failed calling webhook "config.webhook.pipeline.tekton.dev"')) return;

            const destroy = await measured(`the naive program: destroy, try ${last}`, () =>
                outcome(stack.destroy({ signal: AbortSignal.timeout(destroyDeadline) })),
            );
            outcomes.push(`destroy: ${destroy}`);
            if (destroy !== "succeeded") return;
        }
        expect.fail(`no try failed as it should have:\n${outcomes.join("\n")}`);
    });
});

/** The stack of a try, which holds the release and nothing else. */
async function naive(attempt: number): Promise<Stack> {
    const lock = readLock(process.env.RELEASE_LOCK);
    const release = await loadRelease(lockedRelease("tekton-pipelines", "v1.15.0", lock), {
        mirror: process.env.RELEASE_MIRROR,
    });
    const folder = join(process.env.SANDBOX_STATE!, "naive");
    const file = join(folder, "release.yaml");
    await mkdir(folder, { recursive: true });
    await writeFile(file, release.files[0]!.text);
    const program = async (): Promise<void> => {
        new k8s.yaml.v2.ConfigGroup("tekton-pipelines", { files: [file] });
    };
    return openStack(`naive-${attempt}`, folder, { settings: "staging", program });
}

async function outcome(action: Promise<unknown>): Promise<string> {
    return action.then(
        () => "succeeded",
        (reason: Error) => reason.message,
    );
}
