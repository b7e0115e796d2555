import { createHash } from "node:crypto";
import { expect } from "chai";
import { catchUpLabels } from "../../components/catchUp";
import { execa } from "execa";
import { callReceiver, push, receiverAddress, runName, runOf, succeeded } from "../../demo/chain";
import { anyCommit, event, listenerAddress, post, reaches, restarts, rightHeader, runs, runsAfter } from "./listener";
import { operation, output, staging } from "./staging";
import {
    flood,
    fluxMessage,
    linesLog,
    linesMessage,
    notFromTheSource,
    postJunk,
    strangersMessages,
    unproven,
} from "./strangers";
import { record } from "./support";
import { type Account, may, questions } from "./whoMay";

const accounts: Readonly<Record<Account, string>> = {
    listener: "flux-notifications-sa",
    run: "flux-notification-run",
    catchUp: "flux-catch-up",
    runHistory: "flux-run-history",
};

describe("nobody gets in", function () {
    this.timeout(10 * 60_000);

    let address: string;
    let proof: Record<string, string>;
    before(async () => {
        address = await listenerAddress();
        proof = await rightHeader();
    });

    it("makes a run only of an event with the right header, component and kind", async () => {
        const before = await runs();
        for (const { event, headers } of [...unproven(proof), ...notFromTheSource(proof)])
            expect(await post(address, event, headers)).to.be.lessThan(500);
        const marker = anyCommit();
        const after = await runsAfter(address, proof, marker);
        expect(after.filter((name) => !before.includes(name))).to.deep.equal([runName(marker)]);
    });

    it("makes one run of an event that comes twice", async () => {
        const twice = event(anyCommit());
        const before = await runs();
        await post(address, twice, proof);
        await post(address, twice, proof);
        const after = await runsAfter(address, proof, anyCommit());
        expect(after.length - before.length).to.equal(2);
    });

    it("survives what isn't an event: malformed JSON, 10 MB, 1,000 forged posts", async () => {
        const before = await runs();
        const restartsBefore = await restarts();
        await postJunk(address, proof);
        const start = Date.now();
        await flood(address, 1000);
        record("1,000 forged posts, none a run", Date.now() - start);
        const marker = anyCommit();
        const after = await runsAfter(address, proof, marker);
        expect(after.filter((name) => !before.includes(name))).to.deep.equal([runName(marker)]);
        expect(await restarts()).to.equal(restartsBefore);
    });

    it("lets only Flux and the catch-up reach the listener", async () => {
        const flux = { app: "notification-controller" };
        // Side by side: whoever isn't let in tries for half a minute.
        const answers = await Promise.all([
            reaches(address, "default", { app: "stranger" }),
            reaches(address, "flux-system", { app: "stranger" }),
            reaches(address, "default", flux),
            reaches(address, "flux-system", flux),
            reaches(address, "default", catchUpLabels),
        ]);
        expect(answers).to.deep.equal([false, false, false, true, true]);
    });

    for (const { account, verb, resource, namespace, chain } of questions("default")) {
        it(`${chain ? "lets" : "doesn't let"} ${accounts[account]} ${verb} ${resource} in ${namespace}`, async () => {
            expect(await may(`default:${accounts[account]}`, verb, resource, namespace)).to.equal(chain);
        });
    }

    it("takes a commit's message as text, whatever a stranger writes into it", async () => {
        await callReceiver(await output(await staging(), "receiverPath"));
        const lines = anyCommit();
        const { headers, body } = event(lines);
        await post(address, { headers, body: { ...body, message: linesMessage } }, await rightHeader());
        for (const message of strangersMessages) {
            const commit = await push(message);
            const pushed = Date.now();
            const run = await runOf(commit);
            record(`push → PipelineRun, ${message.slice(0, 12)}…`, run.at - pushed);
            await succeeded(run.name);
            const { stdout } = await execa("tkn", ["pipelinerun", "logs", run.name]);
            // Tekton would substitute what stands in $(…).
            expect(stdout).to.include(
                `[task-echo-message : echo-message] ${fluxMessage(message).replaceAll("$(", "$ (")}`,
            );
        }
        await succeeded(runName(lines));
        const { stdout } = await execa("tkn", ["pipelinerun", "logs", runName(lines)]);
        expect(stdout).to.include(linesLog);
    });

    it("rotates every token by a config value: a new path, the old one not found, and no commit missed", async () => {
        const stack = await staging();
        const oldPath = await output(stack, "receiverPath");
        const oldProof = await rightHeader();
        await stack.setConfig("tokenRotation", { value: createHash("sha1").update(oldPath).digest("hex").slice(0, 8) });
        await stack.up(operation);
        const newPath = await output(stack, "receiverPath");
        expect(newPath).not.to.equal(oldPath);
        expect(await rightHeader()).not.to.deep.equal(oldProof);

        const receiver = await receiverAddress();
        expect(await post(receiver + oldPath, { headers: {}, body: {} })).to.equal(404);
        expect(await post(receiver + newPath, { headers: {}, body: {} })).to.equal(200);

        await callReceiver(newPath);
        const message = "After the rotation";
        await succeeded((await runOf(await push(message))).name);
        const before = await runs();
        await post(address, event(anyCommit()), oldProof);
        const marker = anyCommit();
        const after = await runsAfter(address, await rightHeader(), marker);
        expect(after.filter((name) => !before.includes(name))).to.deep.equal([runName(marker)]);
        // The stack is opened with the config of the checkout: what comes next would find something to do.
        await (await staging()).up(operation);
    });
});
