import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import type { Facts } from "../../../commands/status/facts";
import { judge } from "../../../commands/status/judge";
import type { Link, LinkKind } from "../../../commands/status/link";
import { exitCode, toJson, toText } from "../../../commands/status/report";
import { Stack } from "../../../commands/status/stack";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { render } from "../../../stacks/render";
import { readSettings } from "../../../stacks/settings";
import { kubeconfigFor } from "../support/apiServer";
import { healthyCluster, minutesAgo, now, revision, run } from "../support/healthyCluster";
import { lockedReleases, of2020, today } from "../support/program";
import { mirror, releaseText } from "../support/releases";

type Fields = Record<string, unknown>;

/** The facts, with some objects changed, left out (undefined), or added. */
function changed(
    facts: Facts,
    kind: string,
    name: string,
    change: (object: KubernetesObject & { spec: Fields; status: Fields; data: Fields }) => object | undefined,
    ...more: KubernetesObject[]
): Facts {
    let found = false;
    const objects = facts.objects.flatMap((object) => {
        if (object.kind !== kind || object.metadata.name !== name) return [object];
        found = true;
        const result = change(structuredClone(object) as Parameters<typeof change>[0]);
        return result === undefined ? [] : [result as KubernetesObject];
    });
    expect(found, `${kind} ${name} of the simulated cluster`).to.equal(true);
    return { ...facts, objects: [...objects, ...more] };
}

const gone = (): undefined => undefined;
const spec =
    (fields: Fields) =>
    (object: KubernetesObject): object => ({ ...object, spec: { ...(object.spec as Fields), ...fields } });
const status =
    (fields: Fields) =>
    (object: KubernetesObject): object => ({ ...object, status: { ...(object.status as Fields), ...fields } });
const condition = (type: string, value: string, reason: string, message: string): Fields => ({
    conditions: [{ type, status: value, reason, message }],
});
const pod = (labels: Record<string, string>, namespace: string, status: Fields): KubernetesObject => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "the-pod", namespace, labels, creationTimestamp: minutesAgo(5) },
    status,
});

interface Case {
    readonly what: string;
    readonly facts: (healthy: Facts) => Facts;
    /** Every link that isn't ok, and how its first problem reads. */
    readonly links: Partial<Record<LinkKind, RegExp>>;
    readonly verdict?: "unknown";
    readonly todo?: RegExp;
    /** Further problems of the first link. */
    readonly others?: readonly RegExp[];
}

const unavailable = { observedGeneration: 1, availableReplicas: 0, unavailableReplicas: 1, updatedReplicas: 1 };

const cases: readonly Case[] = [
    {
        what: "a controller's image can't be pulled",
        facts: (healthy) =>
            changed(
                healthy,
                "Deployment",
                "source-controller",
                status(unavailable),
                pod({ app: "source-controller" }, "flux-system", {
                    containerStatuses: [
                        {
                            name: "manager",
                            image: "example.com/no:v1",
                            restartCount: 0,
                            ready: false,
                            state: { waiting: { reason: "ImagePullBackOff", message: "not found" } },
                        },
                    ],
                }),
            ),
        links: { controllers: /source-controller: pod the-pod can't pull example\.com\/no:v1: not found/ },
    },
    {
        what: "a controller crashes",
        facts: (healthy) => ({
            ...changed(
                healthy,
                "Deployment",
                "tekton-triggers-controller",
                status(unavailable),
                pod(
                    {
                        "app.kubernetes.io/name": "controller",
                        "app.kubernetes.io/component": "controller",
                        "app.kubernetes.io/instance": "default",
                        "app.kubernetes.io/part-of": "tekton-triggers",
                    },
                    "tekton-pipelines",
                    {
                        containerStatuses: [
                            {
                                name: "controller",
                                restartCount: 4,
                                ready: false,
                                state: { waiting: { reason: "CrashLoopBackOff" } },
                                lastState: { terminated: { reason: "Error", exitCode: 1 } },
                            },
                        ],
                    },
                ),
            ),
            lastWords: new Map([["tekton-pipelines/the-pod/controller", "no such flag"]]),
        }),
        links: { controllers: /crashes \(Error, code 1, 4 times\); its last words: no such flag/ },
    },
    {
        what: "a controller is scaled to 0",
        facts: (healthy) =>
            changed(healthy, "Deployment", "tekton-triggers-controller", (object) => ({
                ...object,
                spec: { ...object.spec, replicas: 0 },
            })),
        links: { controllers: /tekton-triggers-controller is scaled to 0/ },
    },
    {
        what: "half of a release is gone",
        facts: (healthy) => ({
            ...healthy,
            objects: healthy.objects.filter(
                ({ kind, metadata }) => kind !== "ConfigMap" || metadata.namespace !== "tekton-pipelines-resolvers",
            ),
        }),
        links: { controllers: /^ConfigMap tekton-pipelines-resolvers\/.* aren't there$/ },
        todo: /pulumi up --refresh --stack staging/,
    },
    {
        what: "a webhook configuration has lost its CA",
        facts: (healthy) =>
            changed(healthy, "ValidatingWebhookConfiguration", "validation.webhook.pipeline.tekton.dev", (object) => ({
                ...object,
                webhooks: (object.webhooks as { clientConfig: object }[]).map((webhook) => ({
                    ...webhook,
                    clientConfig: { ...webhook.clientConfig, caBundle: "" },
                })),
            })),
        links: { controllers: /validation\.webhook\.pipeline\.tekton\.dev has no caBundle/ },
        todo: /rollout restart deployment\/tekton-pipelines-webhook/,
    },
    {
        what: "nothing answers for a webhook",
        facts: (healthy) => changed(healthy, "EndpointSlice", "tekton-triggers-webhook", gone),
        links: { controllers: /no pod of Service tekton-pipelines\/tekton-triggers-webhook answers/ },
    },
    {
        what: "a ClusterInterceptor has no CA",
        facts: (healthy) =>
            changed(healthy, "ClusterInterceptor", "cel", ({ spec: { clientConfig, ...others }, ...object }) => ({
                ...object,
                spec: { ...others, clientConfig: { ...(clientConfig as object), caBundle: undefined } },
            })),
        links: { controllers: /ClusterInterceptor cel has no caBundle/ },
    },
    {
        what: "another version is installed",
        facts: (healthy) =>
            changed(healthy, "Deployment", "source-controller", (object) => ({
                ...object,
                metadata: { ...object.metadata, labels: { "app.kubernetes.io/version": "v2.8.8" } },
            })),
        links: { controllers: /^v2\.8\.8 is installed, and the stack has v2\.9\.4$/ },
        todo: /^pulumi up --stack staging$/,
    },
    {
        what: "the repository can't be fetched",
        facts: (healthy) =>
            changed(
                healthy,
                "GitRepository",
                "flux-system",
                status(condition("Ready", "False", "GitOperationFailed", "couldn't find remote ref")),
            ),
        links: { source: /isn't ready: GitOperationFailed: couldn't find remote ref/ },
    },
    {
        what: "a branch that there isn't is followed, and the status as a whole is still that of the branch before",
        facts: (healthy) =>
            changed(healthy, "GitRepository", "flux-system", (object) => ({
                ...object,
                metadata: { ...object.metadata, generation: 2 },
                spec: { ...object.spec, ref: { branch: "no-such" } },
                status: {
                    ...object.status,
                    observedGeneration: 1,
                    conditions: [
                        { type: "Ready", status: "False", reason: "Failed", message: "no ref", observedGeneration: 2 },
                    ],
                },
            })),
        links: { source: /spec\.ref\.branch is "no-such"/ },
        others: [/isn't ready: Failed: no ref/],
    },
    {
        what: "the repository is being fetched for the first time",
        facts: (healthy) =>
            changed(healthy, "GitRepository", "flux-system", (object) => ({
                ...object,
                status: condition("Ready", "Unknown", "Progressing", "building artifact"),
            })),
        links: { source: /isn't ready yet: Progressing/ },
        verdict: "unknown",
    },
    {
        what: "the source is suspended",
        facts: (healthy) => changed(healthy, "GitRepository", "flux-system", spec({ suspend: true })),
        links: { source: /is suspended$/ },
        todo: /kubectl -n flux-system patch gitrepository\.source\.toolkit\.fluxcd\.io flux-system/,
    },
    {
        what: "another branch is followed",
        facts: (healthy) => changed(healthy, "GitRepository", "flux-system", spec({ ref: { branch: "other" } })),
        links: { source: /spec\.ref\.branch is "other", and the stack has "main"/ },
    },
    {
        what: "the manifests can't be applied",
        facts: (healthy) =>
            changed(
                healthy,
                "Kustomization",
                "flux-system",
                status(condition("Ready", "False", "BuildFailed", "kustomization path not found")),
            ),
        links: { deployment: /BuildFailed: kustomization path not found/ },
    },
    {
        what: "the Receiver's token is gone",
        facts: (healthy) => changed(healthy, "Secret", "generic-receiver-token", gone),
        links: { receiver: /^Secret flux-system\/generic-receiver-token isn't there$/ },
    },
    {
        what: "the Receiver has not taken over a new token",
        facts: (healthy) =>
            changed(healthy, "Secret", "generic-receiver-token", (object) => ({ ...object, data: { token: "bmV3" } })),
        links: { receiver: /answers at the path of another token/ },
    },
    {
        what: "the Alert is suspended",
        facts: (healthy) => changed(healthy, "Alert", "tekton-alert", spec({ suspend: true })),
        links: { alert: /^Alert flux-system\/tekton-alert is suspended$/ },
    },
    {
        what: "the Alert listens to another source",
        facts: (healthy) =>
            changed(
                healthy,
                "Alert",
                "tekton-alert",
                spec({ eventSources: [{ kind: "GitRepository", name: "other", namespace: "flux-system" }] }),
            ),
        links: { alert: /spec\.eventSources\[0\]\.name is "other"/ },
    },
    {
        what: "the Provider is gone",
        facts: (healthy) => changed(healthy, "Provider", "tekton-el-provider", gone),
        links: { provider: /^Provider flux-system\/tekton-el-provider isn't there$/ },
    },
    {
        what: "the Provider posts elsewhere",
        facts: (healthy) => changed(healthy, "Provider", "tekton-el-provider", spec({ address: "http://elsewhere" })),
        links: {
            provider:
                /posts to http:\/\/elsewhere, and the EventListener is at http:\/\/el-flux-event-listener\.default/,
        },
    },
    {
        what: "the two Secrets don't agree",
        facts: (healthy) =>
            changed(healthy, "Secret", "flux-event-listener-token", (object) => ({
                ...object,
                data: { token: "b3RoZXI=" },
            })),
        links: { authentication: /don't hold the same token/ },
    },
    {
        what: "the listener's filter is emptied",
        facts: (healthy) => changed(healthy, "EventListener", "flux-event-listener", spec({ triggers: [] })),
        links: { listener: /spec\.triggers is \[\]/ },
    },
    {
        what: "the listener has no pods",
        facts: (healthy) =>
            changed(healthy, "Deployment", "el-flux-event-listener", (object) => ({
                ...object,
                spec: { ...object.spec, replicas: 0 },
            })),
        links: { listener: /^Deployment default\/el-flux-event-listener is scaled to 0$/ },
    },
    {
        what: "the listener may not create runs",
        facts: (healthy) =>
            changed(healthy, "Role", "flux-notifications-sa", (object) => ({
                ...object,
                rules: (object.rules as object[]).slice(0, 1),
            })),
        links: { listener: /^Role default\/flux-notifications-sa: rules is / },
    },
    {
        what: "the runs' ServiceAccount is gone",
        facts: (healthy) => changed(healthy, "ServiceAccount", "flux-notification-run", gone),
        links: { listener: /^ServiceAccount default\/flux-notification-run isn't there$/ },
    },
    {
        what: "the Pipeline is gone",
        facts: (healthy) => changed(healthy, "Pipeline", "flux-demo-pipeline", gone),
        links: { route: /^Pipeline default\/flux-demo-pipeline isn't there$/ },
    },
    {
        what: "the Pipeline asks for more than it is given",
        facts: (healthy) =>
            changed(healthy, "Pipeline", "flux-demo-pipeline", ({ spec: { params, ...others }, ...object }) => ({
                ...object,
                spec: { ...others, params: [...(params as object[]), { name: "image", type: "string" }] },
            })),
        links: { route: /spec\.params is .*/ },
    },
    {
        what: "a TriggerBinding is gone",
        facts: (healthy) => changed(healthy, "TriggerBinding", "flux-notification-binding", gone),
        links: { route: /^TriggerBinding default\/flux-notification-binding isn't there$/ },
    },
    {
        what: "a new revision has no run, a moment after it was fetched",
        facts: (healthy) =>
            changed(
                healthy,
                "GitRepository",
                "flux-system",
                status({
                    artifact: { revision: `main@sha1:${"f".repeat(40)}`, lastUpdateTime: minutesAgo(0.5) },
                }),
            ),
        links: { run: /has no run of main@sha1:ffffffffffff, which Flux fetched 30 s ago/ },
        verdict: "unknown",
    },
    {
        what: "a revision has no run",
        facts: (healthy) => changed(healthy, "PipelineRun", "flux-notification-run-0123456789abcdef0123", gone),
        links: { run: /has no run of main@sha1:0123456789ab, which Flux fetched 10 min ago/ },
        todo: /logs deployment\/el-flux-event-listener; Deployment default\/flux-catch-up sends it again/,
    },
    {
        what: "the run failed",
        facts: (healthy) =>
            changed(
                changed(
                    healthy,
                    "PipelineRun",
                    "flux-notification-run-0123456789abcdef0123",
                    status(condition("Succeeded", "False", "Failed", "Tasks Completed: 1")),
                ),
                "TaskRun",
                "flux-notification-run-0123456789abcdef0123-task",
                status(condition("Succeeded", "False", "Failed", '"step-echo" exited with code 1')),
            ),
        links: { run: /failed: task task-echo-message: Failed: "step-echo" exited with code 1/ },
        todo: /^tkn -n default pipelinerun logs flux-notification-run-0123456789abcdef0123$/,
    },
    {
        what: "an older run failed",
        facts: (healthy) => ({
            ...healthy,
            objects: [
                ...healthy.objects,
                { ...run("f".repeat(20)), status: condition("Succeeded", "False", "Failed", "") },
            ],
        }),
        links: {},
    },
    {
        what: "the catch-up has no pod",
        facts: (healthy) => changed(healthy, "Deployment", "flux-catch-up", status(unavailable)),
        links: { controllers: /flux-catch-up: 0 of 1 pods are available/ },
    },
    {
        what: "the run history is suspended",
        facts: (healthy) => changed(healthy, "CronJob", "flux-run-history", spec({ suspend: true })),
        links: { schedule: /^CronJob default\/flux-run-history is suspended$/ },
    },
    {
        what: "the run history fails",
        facts: (healthy) =>
            changed(healthy, "CronJob", "flux-run-history", status({ lastScheduleTime: minutesAgo(1) })),
        links: { schedule: /failed when it was due last, 1 min ago/ },
    },
    {
        what: "the run history is at work",
        facts: (healthy) =>
            changed(healthy, "CronJob", "flux-run-history", status({ lastScheduleTime: minutesAgo(0), active: [{}] })),
        links: {},
    },
    {
        what: "an object may not be read",
        facts: (healthy) => ({
            ...changed(healthy, "Alert", "tekton-alert", gone),
            unreadable: new Map([["Alert flux-system/tekton-alert", "alerts is forbidden"]]),
        }),
        links: { alert: /can't be read: alerts is forbidden/ },
        verdict: "unknown",
    },
    {
        what: "runs may not be read",
        facts: (healthy) => ({
            ...healthy,
            unreadable: new Map([["PipelineRuns default", "pipelineruns is forbidden"]]),
        }),
        links: { run: /can't be read: pipelineruns is forbidden/ },
        verdict: "unknown",
    },
];

describe("npm run status", () => {
    let stack: Stack;
    let healthy: Facts;
    before(async function () {
        for (const { files } of [today, of2020].flatMap(lockedReleases)) {
            files.forEach(({ name }) => releaseText(this, name));
        }
        this.timeout(60_000);
        stack = new Stack("staging", await render(readSettings("staging", { releaseMirror: mirror! })));
        healthy = healthyCluster(stack);
    });

    const bad = (links: readonly Link[]): Link[] => links.filter(({ verdict }) => verdict !== "ok");

    it("finds every link of a cluster that is well, in the order of the chain", () => {
        const links = judge(stack, healthy);
        expect(bad(links)).to.deep.equal([]);
        expect([...new Set(links.map(({ link }) => link))]).to.deep.equal([
            ...["controllers", "source", "deployment", "receiver", "alert", "provider", "authentication", "listener"],
            ...["route", "run", "schedule"],
        ]);
        expect(exitCode(links)).to.equal(0);
    });

    it("says the last revision, and the last run with its time", () => {
        const links = judge(stack, healthy);
        const of = (kind: LinkKind): Link => links.find(({ link }) => link === kind)!;
        expect(of("source").revision).to.equal(revision);
        expect(of("source").detail).to.equal("main@sha1:0123456789ab, 10 min ago");
        expect(of("run").revision).to.equal(revision);
        expect(of("run").detail).to.equal(
            "flux-notification-run-0123456789abcdef0123, main@sha1:0123456789ab: Succeeded 8 min ago, in 4 s",
        );
    });

    it("knows the shapes of the releases of 2020", async () => {
        const fluxComponents =
            '["source-controller","kustomize-controller","helm-controller","notification-controller"]';
        const config = { ...of2020.config, releaseMirror: mirror!, fluxComponents };
        const then = new Stack("legacy", await render(readSettings("staging", config)));
        const links = judge(then, healthyCluster(then));
        expect(bad(links)).to.deep.equal([]);
        expect(links.filter(({ link }) => ["route", "run"].includes(link)).map(({ name }) => name)).to.deep.equal([
            "flux-notification",
            "route flux-notification",
        ]);
    });

    it("tells routes apart that share a template, which is the first one's to tell of", async () => {
        const routes = JSON.stringify([{ name: "flux-notification" }, { name: "scan" }]);
        const two = new Stack("staging", await render(readSettings("staging", { routes, releaseMirror: mirror! })));
        const facts = healthyCluster(two);
        const names = (links: readonly Link[]): string[] =>
            links.filter(({ link }) => ["route", "run"].includes(link)).map(({ name }) => name);
        expect(names(judge(two, facts))).to.deep.equal([
            ...["flux-notification", "scan"],
            ...["route flux-notification", "route scan"],
        ]);
        expect(bad(judge(two, facts)).map(({ name, problems }) => [name, problems[0]!.problem])).to.deep.equal([
            ["route scan", "route scan has no run of main@sha1:0123456789ab, which Flux fetched 10 min ago"],
        ]);
        const template = two.of("TriggerTemplate")[0]!.metadata.name;
        const broken = bad(judge(two, changed(facts, "TriggerTemplate", template, gone)));
        expect(broken.map(({ name, problems }) => [name, problems[0]!.problem])).to.deep.include([
            "flux-notification",
            `TriggerTemplate default/${template} isn't there`,
        ]);
    });

    for (const written of ["2026-11-23 11:57:00.123456789 +0000 UTC m=+12.3", "2026-11-23T13:57:00.1234+02:00"]) {
        it(`says when the Receiver was called last: ${written}`, () => {
            const facts = changed(healthy, "GitRepository", "flux-system", ({ metadata, ...object }) => ({
                ...object,
                metadata: { ...metadata, annotations: { "reconcile.fluxcd.io/requestedAt": written } },
            }));
            const receiver = judge(stack, facts).find(({ link }) => link === "receiver")!;
            expect(receiver.detail).to.equal("last asked for a fetch 3 min ago");
        });
    }

    for (const { what, facts, links: expected, verdict = "broken", todo, others = [] } of cases) {
        it(`names the right link, and no other: ${what}`, () => {
            const links = judge(stack, facts(healthy));
            expect(bad(links).map(({ link }) => link)).to.deep.equal(Object.keys(expected));
            for (const { link, problems, verdict: judged } of bad(links)) {
                expect(problems[0]!.problem).to.match(expected[link]!);
                expect(judged).to.equal(verdict);
                if (todo !== undefined) expect(problems[0]!.todo).to.match(todo);
            }
            others.forEach((other, index) => {
                expect(bad(links)[0]!.problems[index + 1]!.problem).to.match(other);
            });
            if (bad(links).length > 0) expect(exitCode(links)).to.equal(verdict === "broken" ? 1 : 2);
        });
    }

    describe("as a command", function () {
        this.timeout(60_000);
        const command = (...args: string[]): ReturnType<typeof execa<{ reject: false }>> =>
            execa(process.execPath, ["-r", "./scripts/typescript.cjs", "commands/status.ts", ...args], {
                cwd: join(__dirname, "../../.."),
                env: { RELEASE_MIRROR: mirror, KUBECONFIG: "/dev/null" },
                reject: false,
            });

        it("explains itself, with its exit codes", async () => {
            const { exitCode, stdout } = await command("--help");
            expect(exitCode).to.equal(0);
            expect(stdout).to.include("--stack <stack>").and.include("Exit code: 0 if every link holds");
        });

        const faults: [what: string, args: string[], message: RegExp][] = [
            ["no stack", [], /required option '--stack <stack>'/],
            ["an unknown stack", ["--stack", "stagin"], /no stack "stagin".*Did you mean staging\?/],
            [
                "a cluster that doesn't answer",
                ["--stack", "staging", "--config", `kubernetes:kubeconfig=${kubeconfigFor("http://127.0.0.1:1")}`],
                /can't be reached at http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/,
            ],
        ];
        for (const [what, args, message] of faults) {
            it(`can't tell, and says why: ${what}`, async () => {
                const { exitCode, stdout, stderr } = await command(...args);
                expect(stderr).to.match(message);
                expect(stderr).not.to.match(/^ +at /m);
                expect(stdout).to.equal("");
                expect(exitCode).to.equal(2);
            });
        }
    });

    it("tells no secret, in either form", () => {
        const facts = changed(healthy, "Secret", "flux-event-listener-token", (object) => ({
            ...object,
            data: { token: Buffer.from("another-token").toString("base64") },
        }));
        const status = {
            stack: "staging",
            cluster: { server: "https://example.com", kubernetes: "1.36" },
            time: now,
            links: judge(stack, facts),
        };
        const values = facts.objects
            .filter(({ kind }) => kind === "Secret")
            .flatMap(({ data }) => Object.values(data as Record<string, string>))
            .flatMap((value) => [value, Buffer.from(value, "base64").toString()]);
        expect(values).to.include("another-token");
        for (const report of [toText(status, false), toJson(status)]) {
            for (const value of values) expect(report).not.to.include(value);
        }
    });

    it("fits a screen, with what is wrong and what to do below the link", () => {
        const facts = changed(healthy, "Alert", "tekton-alert", spec({ suspend: true }));
        const text = toText(
            {
                stack: "staging",
                cluster: { server: "https://example.com", kubernetes: "1.36" },
                time: now,
                links: judge(stack, facts),
            },
            false,
        );
        const lines = text.split("\n");
        expect(lines.length).to.be.lessThan(24);
        const at = lines.findIndex((line) => line.startsWith("✖ alert"));
        expect(lines[at + 1]).to.match(/^ +Alert flux-system\/tekton-alert is suspended$/);
        expect(lines[at + 2]).to.match(/^ +→ kubectl -n flux-system patch alert\.notification\.toolkit\.fluxcd\.io /);
        expect(lines.at(-1)).to.match(/^1 of \d+ links is broken\.$/);
    });
});
