import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";

const root = join(__dirname, "../../..");
/** A step that takes a minute, and says when it has begun. */
const program = `
    const { endInterrupted, runSteps } = require("./sandbox/steps");
    const task = () => new Promise((resolve) => { setTimeout(resolve, 60_000); process.send("begun"); });
    runSteps([{ title: "Wait", task }], () => endInterrupted("Go on with: npm run it"));
`;

describe("steps", function () {
    this.timeout(30_000);

    it("end at Ctrl-C with exit code 130, and say in their last line what comes next", async () => {
        const steps = execa(process.execPath, ["-r", "./scripts/typescript.cjs", "-e", program], {
            cwd: root,
            ipc: true,
            reject: false,
        });
        expect(await steps.getOneMessage()).to.equal("begun");
        steps.kill("SIGINT");
        const { exitCode, stderr } = await steps;
        expect(exitCode).to.equal(130);
        expect(stderr.trimEnd().split("\n").at(-1)).to.equal("Interrupted. Go on with: npm run it");
    });
});
