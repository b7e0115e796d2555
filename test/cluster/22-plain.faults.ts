import { expect } from "chai";
import { list } from "../../demo/cluster";
import { anyCommit, event, listenerAddress, post, reaches } from "./listener";
import { createPlainChain, deletePlainChain, plainRoute } from "./plainChain";
import { noteFigure } from "./support";

/** What 20-nobodyIn does to the stack's chain, done to the plain one: otherwise it would show nothing. */
describe("the plain chain", function () {
    this.timeout(5 * 60_000);

    let address: string;
    before(async () => {
        await createPlainChain();
        address = await listenerAddress("plain-listener");
    });
    after(deletePlainChain);

    const runs = async (): Promise<number> =>
        (await list("pipelineruns", "-n", "default", "-l", `flux-to-tekton/route=${plainRoute}`)).length;

    /** How many runs there are once there are as many as expected, or after half a minute. */
    async function runsWithin(expected: number): Promise<number> {
        const deadline = Date.now() + 30_000;
        for (;;) {
            const found = await runs();
            if (found >= expected || Date.now() > deadline) return found;
        }
    }

    it("makes a run of an event that anybody posts", async () => {
        const before = await runs();
        await post(address, event(anyCommit()));
        expect(await runsWithin(before + 1)).to.equal(before + 1);
    });

    it("makes two runs of an event that comes twice", async () => {
        const before = await runs();
        const twice = event(anyCommit());
        await post(address, twice);
        await post(address, twice);
        expect(await runsWithin(before + 2)).to.equal(before + 2);
    });

    it("makes runs of forged posts in a row", async () => {
        const before = await runs();
        await Promise.all(Array.from({ length: 20 }, () => post(address, event(anyCommit())).catch(() => 0)));
        const made = (await runsWithin(before + 20)) - before;
        noteFigure(`plain chain: ${made} runs of 20 forged posts`);
        expect(made).to.be.greaterThan(0);
    });

    it("answers any pod", async () => {
        expect(await reaches(address, "default", { app: "stranger" })).to.equal(true);
    });
});
