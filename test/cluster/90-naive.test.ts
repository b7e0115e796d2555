import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import { expect } from "chai";
import { loadRelease, lockedRelease, readLock } from "../../components/release";
import { openStack } from "../../stacks/automation";
import { measured } from "./support";

/**
 * The program that one would write first: the release's manifest as one ConfigGroup, in no order. It is what the tests
 * of the real one stand against: where it passed, they would prove nothing.
 */
describe("the naive program, on the same cluster", function () {
    this.timeout(15 * 60_000);

    it("fails its first up: the release's webhooks refuse its own configuration before they serve", async () => {
        const lock = readLock(process.env.RELEASE_LOCK);
        const release = await loadRelease(lockedRelease("tekton-pipelines", "v1.15.0", lock), {
            mirror: process.env.RELEASE_MIRROR,
        });
        const folder = await mkdtemp(join(tmpdir(), "naive-"));
        const file = join(folder, "release.yaml");
        await writeFile(file, release.files[0]!.text);
        const program = async (): Promise<void> => {
            new k8s.yaml.v2.ConfigGroup("tekton-pipelines", { files: [file] });
        };
        const stack = await openStack("naive", folder, { settings: "staging", program });
        const error = await measured("the naive program: up until it has failed", () =>
            stack.up().then(
                () => undefined,
                (reason: Error) => reason.message,
            ),
        );
        expect(error).to.include('failed calling webhook "config.webhook.pipeline.tekton.dev"');
    });
});
