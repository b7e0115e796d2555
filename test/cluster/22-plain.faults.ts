import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { execa } from "execa";
import { callReceiver, push, receiverAddress } from "../../demo/chain";
import { type ApiObject, condition, kubectl, list, until } from "../../demo/cluster";
import { plainListener, ready } from "./faults";
import { anyCommit, event, post, reaches, restarts, rightHeader, runs } from "./listener";
import { createPlainChain, deletePlainChain, plainAddress } from "./plainChain";
import { plainName, plainNamespace, plainTokenSecret, plainToken } from "./plainManifests";
import { output, staging } from "./staging";
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
import { noteFigure } from "./support";
import { may, questions } from "./whoMay";

/** What 20-nobodyIn does to the stack's chain, done to the plain one: otherwise it would show nothing. */
describe("the plain chain", function () {
    this.timeout(10 * 60_000);
    // Each is a fact of its own.
    this.bail(false);

    let address: string;
    before(async () => {
        await createPlainChain();
        address = await plainAddress();
    });
    after(deletePlainChain);

    const plainRuns = (): Promise<string[]> => runs(plainNamespace);

    /** The runs that have come since, once there are as many as expected, or after half a minute. */
    async function newRuns(before: readonly string[], expected: number): Promise<string[]> {
        const deadline = Date.now() + 30_000;
        for (;;) {
            const found = (await plainRuns()).filter((name) => !before.includes(name));
            if (found.length >= expected || Date.now() > deadline) return found;
        }
    }

    it("makes a run of an event that anybody posts: only the component and the kind have to be right", async () => {
        const proof = await rightHeader();
        const before = await plainRuns();
        for (const { event, headers } of [...notFromTheSource(proof), ...unproven(proof)]) {
            await post(address, event, headers);
        }
        expect(await newRuns(before, unproven(proof).length)).to.have.length(unproven(proof).length);
    });

    it("makes two runs of an event that comes twice", async () => {
        const before = await plainRuns();
        const twice = event(anyCommit());
        await post(address, twice);
        await post(address, twice);
        expect(await newRuns(before, 2)).to.have.length(2);
    });

    it("makes no run of malformed JSON and 10 MB, and isn't restarted", async () => {
        const before = await plainRuns();
        const restartsBefore = await restarts(plainNamespace);
        await postJunk(address);
        await post(address, event(anyCommit()));
        expect(await newRuns(before, 2)).to.have.length(1);
        expect(await restarts(plainNamespace)).to.equal(restartsBefore);
    });

    it("answers any pod", async () => {
        expect(await reaches(address, "default", { app: "stranger" })).to.equal(true);
    });

    for (const { account, verb, resource, namespace, plain } of questions(plainNamespace)) {
        if (plain === undefined) continue;
        const name = { listener: "flux-notifications-sa", run: "default", catchUp: "", runHistory: "" }[account];
        it(`${plain ? "lets" : "doesn't let"} ${name} ${verb} ${resource} in ${namespace}`, async () => {
            expect(await may(`${plainNamespace}:${name}`, verb, resource, namespace)).to.equal(plain);
        });
    }

    it("gives its runs a token of the API server's, where the stack's have none", async () => {
        const mounted = async (namespace: string): Promise<string[]> =>
            (await list("pods", "-n", namespace, "-l", "tekton.dev/pipelineRun"))
                .flatMap(({ spec }) => (spec as { volumes: { name: string }[] }).volumes)
                .map(({ name }) => name)
                .filter((name) => name.startsWith("kube-api-access-"));
        expect(await mounted(plainNamespace)).to.have.length.greaterThan(0);
        expect(await mounted("default")).to.deep.equal([]);
    });

    describe("at a commit whose message a stranger wrote", () => {
        const [variables, results, ...texts] = strangersMessages;

        before(async () => callReceiver(await output(await staging(), "receiverPath")));

        /** Pushes a commit; returns its run. */
        async function runAt(message: string): Promise<string> {
            const before = await plainRuns();
            await push(message);
            const found = await newRuns(before, 1);
            expect(found).to.have.length(1);
            return found[0]!;
        }

        it("substitutes Tekton's variables in it", async () => {
            const run = await runAt(variables);
            const log = await logOf(run);
            expect(log).not.to.include(variables);
            // In which order Tekton replaces parameters is by chance.
            expect(log).to.match(new RegExp(`stored artifact for commit '.* \\$${run}'`));
        });

        it("makes no run at all where it names a task's result", async () => {
            const before = await plainRuns();
            await push(results);
            expect(await newRuns(before, 1)).to.deep.equal([]);
            const log = await kubectl("-n", plainNamespace, "logs", "deployment/el-flux-event-listener", "--tail=20");
            expect(log).to.include("cannot use result expressions in [tasks.none.results.none]");
        });

        for (const text of texts)
            it(`has it as text in the log: ${JSON.stringify(text.slice(0, 30))}`, async () => {
                expect(await logOf(await runAt(text))).to.include(
                    `[task-echo-message : echo-message] ${fluxMessage(text)}`,
                );
            });

        it("has lines and quotes in an event as text in the log, too", async () => {
            const before = await plainRuns();
            const { headers, body } = event(anyCommit());
            await post(address, { headers, body: { ...body, message: linesMessage } });
            const [run] = await newRuns(before, 1);
            expect(await logOf(run!)).to.include(linesLog);
        });
    });

    it("rotates the Receiver's token by hand alone, and its listener has none", async () => {
        const secret = JSON.stringify(plainToken());
        const oldPath = await receiverPath();
        // What its author's script does a second time.
        const again = await execa("kubectl", ["create", "-f", "-"], { input: secret, reject: false });
        expect(again.stderr).to.include("already exists");
        await kubectl("-n", "flux-system", "delete", "secret", plainTokenSecret);
        await execa("kubectl", ["create", "-f", "-"], { input: secret });
        // The Receiver looks at its Secret every ten minutes, or when it is asked to.
        await sleep(20_000);
        const receiver = await receiverAddress();
        expect(await post(receiver + oldPath, { headers: {}, body: {} })).to.equal(200);
        const at = `reconcile.fluxcd.io/requestedAt=${Date.now()}`;
        await kubectl("-n", "flux-system", "annotate", "receiver", plainName, at);
        while ((await receiverPath()) === oldPath) await sleep(200);
        expect(await post(receiver + oldPath, { headers: {}, body: {} })).to.equal(404);
        expect(await post(receiver + (await receiverPath()), { headers: {}, body: {} })).to.equal(200);
        const before = await plainRuns();
        await post(address, event(anyCommit()));
        expect(await newRuns(before, 1)).to.have.length(1);
    });

    describe("in a namespace that enforces Pod Security restricted", () => {
        before(() => kubectl("label", "namespace", plainNamespace, "pod-security.kubernetes.io/enforce=restricted"));

        it("has its listener, to which Tekton Triggers gives a security context", async () => {
            await kubectl("-n", plainNamespace, "delete", "pod", "-l", plainListener.label);
            await ready(plainListener);
        });

        it("has no run that succeeds: its steps are refused", async () => {
            const before = await plainRuns();
            await post(address, event(anyCommit()));
            const [run] = await newRuns(before, 1);
            const end = await ended(run!);
            expect(end.status).to.equal("False");
            const [task] = await list("taskruns", "-n", plainNamespace, "-l", `tekton.dev/pipelineRun=${run}`);
            expect(condition(task!, "Succeeded")?.message).to.match(/violates PodSecurity .*"step-echo-message"/);
        });

        // Here, where they have no pods: a thousand would be too many for one node.
        it("makes runs of a thousand forged posts in a row, and isn't restarted", async () => {
            const before = await plainRuns();
            const restartsBefore = await restarts(plainNamespace);
            await flood(address, 1000);
            const made = (await settledRuns()) - before.length;
            noteFigure(`plain chain: ${made} runs of 1,000 forged posts`);
            expect(made).to.be.greaterThan(900);
            expect(await restarts(plainNamespace)).to.equal(restartsBefore);
        });
    });

    /** How many runs there are, once none has come for ten seconds. */
    async function settledRuns(): Promise<number> {
        for (let count = -1; ; await sleep(10_000)) {
            const now = (await plainRuns()).length;
            if (now === count) return now;
            count = now;
        }
    }

    async function receiverPath(): Promise<string> {
        return kubectl("-n", "flux-system", "get", "receiver", plainName, "-o", "jsonpath={.status.webhookPath}");
    }

    /** A run's condition Succeeded, once it has ended. */
    async function ended(run: string): Promise<{ status: string; reason: string; message: string }> {
        const succeeded = (object: ApiObject): ReturnType<typeof condition> => condition(object, "Succeeded");
        const { object } = await until(
            `/apis/tekton.dev/v1/namespaces/${plainNamespace}/pipelineruns`,
            (one) => one.metadata.name === run && ["True", "False"].includes(succeeded(one)?.status ?? ""),
            { timeout: 180, what: `the end of PipelineRun ${run}` },
        );
        return succeeded(object)!;
    }

    /** What a run has written, once it has succeeded. */
    async function logOf(run: string): Promise<string> {
        const end = await ended(run);
        expect(end.status, end.message).to.equal("True");
        return (await execa("tkn", ["-n", plainNamespace, "pipelinerun", "logs", run])).stdout;
    }
});
