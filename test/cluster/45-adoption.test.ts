import { join } from "node:path";
import { expect } from "chai";
import { openStack } from "../../stacks/automation";
import { failure, operation } from "./staging";

describe("a second stack on the same cluster", function () {
    this.timeout(5 * 60_000);

    it("is refused, with whose the first one is and what to do, and changes nothing", async () => {
        const folder = join(process.env.SANDBOX_STATE!, "stacks");
        const stack = await openStack("second", folder, { settings: "staging" });
        const message = await failure(stack.up(operation));
        expect(message).to.include("Namespace tekton-pipelines: of stack organization/flux-to-tekton/staging");
        expect(message).to.include("pulumi config set adopt true");
        const { resources } = (await stack.exportStack()).deployment as { resources?: { type: string }[] };
        expect((resources ?? []).map(({ type }) => type)).not.to.include("kubernetes:core/v1:Namespace");
        await stack.workspace.removeStack("second", { force: true });
    });
});
