import { expect } from "chai";
import { list } from "../../demo/cluster";
import { operation, staging } from "./staging";
import { left, measured } from "./support";

describe("the stack", function () {
    this.timeout(12 * 60_000);
    this.bail(true);

    it("is destroyed, and leaves nothing behind but what Flux deployed", async () => {
        const stack = await staging();
        await measured("destroy", () => stack.destroy(operation));
        expect(await left()).to.deep.equal([]);
        expect((await list("configmaps", "-n", "default")).map(({ metadata }) => metadata.name)).to.include("greeting");
    });
});
