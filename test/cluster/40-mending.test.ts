import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { failure, folder, operation, staging } from "./staging";

describe("an update that fails", function () {
    this.timeout(12 * 60_000);
    this.bail(true);

    let stack: Stack;
    before(async () => {
        stack = await staging();
    });

    it("names the repository that can't be read, and goes on once it can", async () => {
        const settings = await readFile(join(folder, "Pulumi.staging.yaml"), "utf8");
        await stack.setConfig("gitUrl", { value: "http://git.sandbox.test/no-such.git" });
        await stack.setConfig("readyTimeout", { value: "20s" });
        const error = await failure(stack.up(operation));
        expect(error)
            .to.include("flux-sync-repository")
            .and.to.match(/no-such|not found/);
        await stack.setConfig("gitUrl", { value: /gitUrl: (.*)/.exec(settings)![1]! });
        const mended = await stack.up(operation);
        expect(mended.summary.result).to.equal("succeeded");
    });

    it("names the controller that doesn't become ready, and why, and goes on once it does", async () => {
        await stack.setConfig("fluxRegistry", { value: "no-such-registry.invalid/fluxcd" });
        const error = await failure(stack.up(operation));
        expect(error)
            .to.include("source-controller")
            .and.to.match(/ErrImagePull|ImagePullBackOff/);
        await stack.removeConfig("fluxRegistry");
        await stack.setConfig("readyTimeout", { value: "5m" });
        const mended = await stack.up(operation);
        expect(mended.summary.result).to.equal("succeeded");
    });
});
