import { expect } from "chai";
import { callReceiver, prepareRepository } from "../../demo/chain";
import { faults } from "./faultList";
import { type Outcome, Pushes } from "./faults";
import { createPlainChain, deletePlainChain } from "./plainChain";
import { operation, output, staging } from "./staging";

/** With the plain chain beside it, for comparison: the same pushes, and the same faults at the same time, meet both. */
describe("the chain, while something is away", function () {
    this.timeout(20 * 60_000);
    // Each fault has a figure of its own.
    this.bail(false);

    const outcomes: { readonly what: string; readonly chain: Outcome; readonly plain: Outcome }[] = [];

    before(async () => {
        await prepareRepository();
        const stack = await staging();
        await stack.up(operation);
        await callReceiver(await output(stack, "receiverPath"));
        await createPlainChain();
    });
    after(async () => {
        console.log(table());
        await deletePlainChain();
        await (await staging()).destroy(operation);
    });

    faults.forEach(({ what, happens }, index) => {
        it(what, async () => {
            const pushes = new Pushes(`${index + 1}. ${what}`.slice(0, 40));
            await happens(pushes);
            const { chain, plain } = await pushes.outcomes(120, 30);
            outcomes.push({ what, chain, plain });
            console.log(`      ${row(outcomes.at(-1)!)}`);
            expect({ once: chain.once }).to.deep.equal({ once: chain.seen });
        });
    });

    it("has lost none where the plain chain loses some: otherwise these faults would show nothing", () => {
        expect(outcomes.reduce((sum, { plain }) => sum + plain.never, 0)).to.be.greaterThan(0);
    });

    function table(): string {
        const head = [
            "what happens",
            "pushes",
            "revisions that Flux saw",
            "runs",
            "slowest",
            "plain chain: runs, lost",
        ];
        return [`| ${head.join(" | ")} |`, `| ${head.map(() => "---").join(" | ")} |`, ...outcomes.map(row)].join("\n");
    }

    function row({ what, chain, plain }: (typeof outcomes)[number]): string {
        const several = ({ often }: Outcome): string => (often > 0 ? `, ${often} several` : "");
        const ours = `one each: ${chain.once}${several(chain)}`;
        const theirs = `${plain.once}${several(plain)}, ${plain.never} lost`;
        const cells = [what, chain.pushed, chain.seen, ours, `${(chain.slowest / 1000).toFixed(1)} s`, theirs];
        return `| ${cells.join(" | ")} |`;
    }
});
