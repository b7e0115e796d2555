import { createHash } from "node:crypto";
import { expect } from "chai";
import { catchUpLabels } from "../../components/catchUp";
import { execa } from "execa";
import { callReceiver, push, receiverAddress, runName, runOf, succeeded } from "../../demo/chain";
import { list } from "../../demo/cluster";
import { anyCommit, event, listenerAddress, post, reaches, rightHeader, runs, runsAfter } from "./listener";
import { operation, output, staging } from "./staging";
import { record } from "./support";

/** How often the listener has been started anew. */
async function restarts(): Promise<number> {
    const [pod] = await list("pods", "-n", "default", "-l", "eventlistener=flux-event-listener");
    const [container] = pod!.status!.containerStatuses as { restartCount: number }[];
    return container!.restartCount;
}

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
        const header = Object.keys(proof)[0]!;
        const refused: [ReturnType<typeof event>, Record<string, string>][] = [
            [event(anyCommit()), {}],
            [event(anyCommit()), { [header]: "" }],
            [event(anyCommit()), { [header]: "x".repeat(43) }],
            [event(anyCommit()), { [header]: proof[header]!.slice(0, -1) }],
            [event(anyCommit(), { component: "kustomize-controller" }), proof],
            [event(anyCommit(), { component: "flux-to-tekton-catch-up" }), proof],
            [event(anyCommit(), { kind: "Bucket" }), proof],
        ];
        for (const [forged, headers] of refused) expect(await post(address, forged, headers)).to.be.lessThan(500);
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
        const { headers } = event(anyCommit());
        await post(address, { headers, body: "{" }, proof);
        await post(address, { headers, body: JSON.stringify({ padding: "x".repeat(10_000_000) }) }, proof).catch(
            () => 0,
        );
        const start = Date.now();
        for (let batch = 0; batch < 100; batch++) {
            await Promise.all(Array.from({ length: 10 }, () => post(address, event(anyCommit())).catch(() => 0)));
        }
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

    const may: [account: string, verb: string, resource: string, namespace: string, allowed: boolean][] = [
        ["flux-notifications-sa", "create", "pipelineruns.tekton.dev", "default", true],
        ["flux-notifications-sa", "list", "triggerbindings.triggers.tekton.dev", "default", true],
        ["flux-notifications-sa", "delete", "pipelineruns.tekton.dev", "default", false],
        ["flux-notifications-sa", "create", "pipelineruns.tekton.dev", "kube-system", false],
        ["flux-notifications-sa", "get", "secrets", "default", false],
        ["flux-notifications-sa", "list", "secrets", "flux-system", false],
        ["flux-notifications-sa", "impersonate", "serviceaccounts", "default", false],
        ["flux-notifications-sa", "create", "pods", "default", false],
        ["flux-notification-run", "create", "pipelineruns.tekton.dev", "default", false],
        ["flux-notification-run", "get", "secrets", "default", false],
        ["flux-notification-run", "list", "pods", "default", false],
        ["flux-catch-up", "watch", "gitrepositories.source.toolkit.fluxcd.io/flux-system", "flux-system", true],
        ["flux-catch-up", "get", "pipelineruns.tekton.dev", "default", true],
        ["flux-catch-up", "watch", "gitrepositories.source.toolkit.fluxcd.io", "flux-system", false],
        ["flux-catch-up", "get", "secrets", "flux-system", false],
        ["flux-catch-up", "create", "pipelineruns.tekton.dev", "default", false],
        ["flux-run-history", "delete", "pipelineruns.tekton.dev", "default", true],
        ["flux-run-history", "create", "pipelineruns.tekton.dev", "default", false],
        ["flux-run-history", "delete", "pipelineruns.tekton.dev", "kube-system", false],
        ["flux-run-history", "get", "secrets", "default", false],
    ];
    for (const [account, verb, resource, namespace, allowed] of may) {
        it(`${allowed ? "lets" : "doesn't let"} ${account} ${verb} ${resource} in ${namespace}`, async () => {
            const user = `system:serviceaccount:default:${account}`;
            const { stdout } = await execa(
                "kubectl",
                ["auth", "can-i", verb, resource, "--namespace", namespace, "--as", user],
                { reject: false },
            );
            expect(stdout.trim()).to.equal(allowed ? "yes" : "no");
        });
    }

    it("takes a commit's message as text, whatever a stranger writes into it", async () => {
        await callReceiver(await output(await staging(), "receiverPath"));
        const messages = [
            "$(params.namespace) $(context.pipelineRun.name)",
            "$(tasks.none.results.none) $(uid) $(tt.params.x)",
            "$(touch /tmp/x) `id` ; exit 1 && true | false > x",
            `"quoted" 'twice' \\ \\n %s {"json": [1]} <b>&amp;`,
            "A subject\n\nand a body $(params.namespace)\n`id`\n",
            "x".repeat(65_536),
        ];
        // Of several lines Flux takes the first; no event of it has two, but nothing says that none ever will.
        const lines = anyCommit();
        const { headers, body } = event(lines);
        await post(address, { headers, body: { ...body, message: 'two\n"lines"\n' } }, await rightHeader());
        for (const message of messages) {
            const commit = await push(message);
            const pushed = Date.now();
            const run = await runOf(commit);
            record(`push → PipelineRun, ${message.slice(0, 12)}…`, run.at - pushed);
            await succeeded(run.name);
            const { stdout } = await execa("tkn", ["pipelinerun", "logs", run.name]);
            // Flux shortens a subject to its first 50 characters; and Tekton would substitute what stands in $(…).
            const [subject] = message.split("\n") as [string];
            const text = subject.length > 50 ? `${subject.slice(0, 50)}...` : subject;
            expect(stdout).to.include(
                `[task-echo-message : echo-message] stored artifact for commit '${text.replaceAll("$(", "$ (")}'`,
            );
        }
        await succeeded(runName(lines));
        const { stdout } = await execa("tkn", ["pipelinerun", "logs", runName(lines)]);
        expect(stdout).to.include('[task-echo-message : echo-message] two\n[task-echo-message : echo-message] "lines"');
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
    });
});
