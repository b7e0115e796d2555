import { expect } from "chai";
import { openStack } from "../../stacks/automation";
import { failure, folder, operation } from "./staging";
import { inventory, measured } from "./support";

describe("the stack legacy-2020, on a cluster that is too new", function () {
    this.timeout(5 * 60_000);

    it("is refused with each release's reason, and changes nothing", async () => {
        const before = await lasting();
        const stack = await openStack("legacy-2020", folder);
        const message = await measured("refusal of releases that don't suit the cluster", () =>
            failure(stack.up(operation)),
        );
        for (const release of ["tekton-pipelines v0.18.1", "tekton-triggers v0.10.1", "flux v0.5.6"]) {
            expect(message).to.include(`${release} needs 1.21 or older`);
        }
        const { resources } = (await stack.exportStack()).deployment as { resources?: { type: string }[] };
        expect((resources ?? []).filter(({ type }) => type !== "pulumi:pulumi:Stack")).to.deep.equal([]);
        expect(await lasting()).to.deep.equal(before);
        await stack.workspace.removeStack("legacy-2020", { force: true });
    });
});

/** What is on the cluster, but for the jobs that come at their times. */
async function lasting(): Promise<string[]> {
    return (await inventory()).filter((object) => !/^(Job|Pod) /.test(object));
}
