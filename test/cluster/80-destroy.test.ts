import { expect } from "chai";
import { list } from "../../demo/cluster";
import { operation, staging } from "./staging";
import { baseline, inventory, measured } from "./support";

describe("the stack", function () {
    this.timeout(12 * 60_000);
    this.bail(true);

    it("is destroyed, and leaves nothing behind but what Flux deployed", async () => {
        const stack = await staging();
        await measured("destroy", () => stack.destroy(operation));
        const empty = await baseline();
        // What the garbage collector still has to do: pods of the runs, whose owners are gone.
        const deadline = Date.now() + 120_000;
        let left: string[];
        do left = (await inventory()).filter((object) => !empty.includes(object));
        while (left.length > 0 && Date.now() < deadline);
        expect(left).to.deep.equal([]);
        expect((await list("configmaps", "-n", "default")).map(({ metadata }) => metadata.name)).to.include("greeting");
    });
});
