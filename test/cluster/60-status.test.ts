import { join } from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import { expect } from "chai";
import { execa } from "execa";
import { judge } from "../../commands/status/judge";
import type { Link } from "../../commands/status/link";
import { readFacts } from "../../commands/status/readFacts";
import { toText } from "../../commands/status/report";
import { Stack } from "../../commands/status/stack";
import { callReceiver, push, runOf, succeeded } from "../../demo/chain";
import { kubectl } from "../../demo/cluster";
import { render } from "../../stacks/render";
import { readSettings } from "../../stacks/settings";
import { output, staging } from "./staging";
import { measured } from "./support";

/** A link, and how one of its problems reads. */
type Expected = readonly (readonly [link: string, problem: RegExp])[];

const flux = ["-n", "flux-system"];
const tekton = ["-n", "tekton-pipelines"];
const webhooks = ["validatingwebhookconfiguration", "validation.webhook.pipeline.tekton.dev"];

describe("npm run status, for the stack staging", function () {
    this.timeout(4 * 60_000);
    this.bail(true);

    let stack: Stack;
    const cluster = new KubeConfig();

    before(async () => {
        cluster.loadFromDefault();
        stack = new Stack("staging", await render(readSettings("staging")));
        await callReceiver(await output(await staging(), "receiverPath"));
        await succeeded((await runOf(await push("Before anything is broken"))).name);
    });

    async function links(): Promise<Link[]> {
        return judge(stack, await readFacts(cluster, stack));
    }

    /** Waits until these links, and no others, aren't ok. */
    async function until(expected: Expected): Promise<void> {
        const deadline = Date.now() + 60_000;
        for (;;) {
            const all = await links();
            const bad = all.filter(({ verdict }) => verdict !== "ok");
            const isRight =
                bad.length === expected.length &&
                bad.every(
                    ({ link, verdict, problems }, index) =>
                        verdict === "broken" &&
                        link === expected[index]![0] &&
                        problems.some(({ problem }) => expected[index]![1].test(problem)),
                );
            if (isRight) return;
            if (Date.now() > deadline) {
                const names = expected.map(([link, problem]) => `${link}: ${problem.source}`).join("\n");
                const report = {
                    stack: "staging",
                    cluster: { server: "", kubernetes: "" },
                    time: new Date(),
                    links: all,
                };
                throw new Error(`expected these broken links:\n${names || "none"}\n\n${toText(report, false)}`);
            }
        }
    }

    const patch = (...args: string[]): Promise<string> =>
        kubectl(...args.slice(0, -1), "--type=merge", "-p", args.at(-1)!);

    async function status(...options: string[]): Promise<{ exitCode?: number; stdout: string }> {
        const command = ["-r", "./scripts/typescript.cjs", "commands/status.ts", "--stack", "staging"];
        return execa(process.execPath, [...command, ...options], { cwd: join(__dirname, "../.."), reject: false });
    }

    /** An object as it can be created again. */
    async function saved(...object: string[]): Promise<string> {
        const { metadata, ...fields } = JSON.parse(await kubectl("get", ...object, "-o", "json"));
        const { name, namespace, annotations, labels } = metadata;
        return JSON.stringify({ ...fields, status: undefined, metadata: { name, namespace, annotations, labels } });
    }

    const create = (manifest: string): unknown => execa("kubectl", ["create", "-f", "-"], { input: manifest });

    it("finds that every link holds, and says the last revision and run", async () => {
        await until([]);
        const { exitCode, stdout } = await measured("status", () => status("--json"));
        expect(exitCode).to.equal(0);
        const { verdict, links: all } = JSON.parse(stdout) as { verdict: string; links: Link[] };
        expect(verdict).to.equal("ok");
        const of = (kind: string): Link => all.find(({ link }) => link === kind)!;
        expect(of("source").revision).to.match(/^main@sha1:[0-9a-f]{40}$/);
        expect(of("run").revision).to.equal(of("source").revision);
        expect(of("run").detail).to.match(/Succeeded \d+ (s|min) ago, in \d+ s$/);
        expect(of("receiver").detail).to.match(/last asked for a fetch \d+ (s|min) ago/);
        expect(stdout).not.to.include(await output(await staging(), "receiverPath"));
    });

    it("names a source that can't be fetched", async () => {
        const source = [...flux, "gitrepository", "flux-system"];
        await patch("patch", ...source, '{"spec":{"ref":{"branch":"no-such-branch"}}}');
        await until([["source", /isn't ready: .*no-such-branch/]]);
        await patch("patch", ...source, '{"spec":{"ref":{"branch":"main"}}}');
        await until([]);
    });

    it("names a Receiver whose token is gone", async () => {
        const token = await saved(...flux, "secret", "generic-receiver-token");
        await kubectl(...flux, "delete", "secret", "generic-receiver-token");
        await until([["receiver", /^Secret flux-system\/generic-receiver-token isn't there$/]]);
        await create(token);
        await until([]);
    });

    it("names a suspended Alert, a Provider with a wrong address, and twins that don't agree", async () => {
        const alert = [...flux, "alert", "tekton-alert"];
        const provider = [...flux, "provider", "tekton-el-provider"];
        const address = await kubectl("get", ...provider, "-o", "jsonpath={.spec.address}");
        const secret = ["secret", "flux-event-listener-token"];
        const token = await kubectl("get", ...secret, "-o", "jsonpath={.data.token}");

        await patch("patch", ...alert, '{"spec":{"suspend":true}}');
        await until([["alert", /is suspended$/]]);
        expect((await status()).exitCode).to.equal(1);
        await patch("patch", ...alert, '{"spec":{"suspend":null}}');

        await patch("patch", ...provider, '{"spec":{"address":"http://nowhere.invalid"}}');
        await until([["provider", /posts to http:\/\/nowhere\.invalid, and the EventListener is at http/]]);
        await patch("patch", ...provider, `{"spec":{"address":"${address}"}}`);

        await patch("patch", ...secret, '{"data":{"token":"bm90IHRoZSB0b2tlbg=="}}');
        await until([["authentication", /don't hold the same token/]]);
        await patch("patch", ...secret, `{"data":{"token":"${token}"}}`);
        await until([]);
    });

    it("names a listener that may create no runs, and a Pipeline that is gone", async () => {
        const role = ["role", "flux-notifications-sa"];
        const rules = await kubectl("get", ...role, "-o", "jsonpath={.rules}");
        await patch("patch", ...role, '{"rules":[]}');
        await until([["listener", /^Role default\/flux-notifications-sa: rules is /]]);
        await patch("patch", ...role, `{"rules":${rules}}`);

        const pipeline = await saved("pipeline", "flux-demo-pipeline");
        await kubectl("delete", "pipeline", "flux-demo-pipeline");
        await until([["route", /^Pipeline default\/flux-demo-pipeline isn't there$/]]);
        await create(pipeline);
        await until([]);
    });

    it("names a run that failed, with its task", async () => {
        const path = "/spec/tasks/0/taskSpec/steps/0/command";
        const command = (value: string): string => JSON.stringify([{ op: "replace", path, value: [value] }]);
        await kubectl("patch", "pipeline", "flux-demo-pipeline", "--type=json", "-p", command("false"));
        await runOf(await push("With a Pipeline that fails"));
        await until([
            ["route", /command\[0\] is "false", and the stack has "echo"/],
            ["run", /failed: task task-echo-message: /],
        ]);
        await kubectl("patch", "pipeline", "flux-demo-pipeline", "--type=json", "-p", command("echo"));
        await succeeded((await runOf(await push("With a Pipeline that works"))).name);
        await until([]);
    });

    it("names controllers that don't run, a webhook without its CA, and a listener without pods", async () => {
        const scale = (where: readonly string[], deployment: string, replicas: number): Promise<string> =>
            kubectl(...where, "scale", `deployment/${deployment}`, `--replicas=${replicas}`);
        const args = (...change: object[]): string[] => [
            ...[...flux, "patch", "deployment", "notification-controller", "--type=json", "-p"],
            JSON.stringify(change),
        ];
        const flag = "/spec/template/spec/containers/0/args/0";
        const container = "jsonpath={.spec.template.spec.containers[0]";
        const image = await kubectl(...flux, "get", "deployment", "kustomize-controller", "-o", `${container}.image}`);
        const ca = await kubectl("get", ...webhooks, "-o", "jsonpath={.webhooks[0].clientConfig.caBundle}");
        const setCa = (value: string): Promise<string> =>
            kubectl(
                ...["patch", ...webhooks, "--type=json", "-p"],
                JSON.stringify([{ op: "add", path: "/webhooks/0/clientConfig/caBundle", value }]),
            );

        // First of all those that would mend the rest.
        await Promise.all([
            scale(tekton, "tekton-triggers-controller", 0),
            scale(tekton, "tekton-pipelines-webhook", 0),
        ]);
        await Promise.all([
            kubectl(...tekton, "wait", "--for=delete", "pod", "-l", "app=tekton-triggers-controller", "--timeout=60s"),
            kubectl(...tekton, "wait", "--for=delete", "pod", "-l", "app=tekton-pipelines-webhook", "--timeout=60s"),
        ]);
        await Promise.all([
            scale([], "el-flux-event-listener", 0),
            setCa(""),
            kubectl(
                ...[...flux, "set", "image", "deployment/kustomize-controller"],
                "manager=no-such-registry.invalid/kustomize-controller:v1",
            ),
            kubectl(...args({ op: "add", path: flag, value: "--no-such-flag" })),
        ]);
        await until([
            ["controllers", /kustomize-controller.* can't pull no-such-registry\.invalid/],
            ["controllers", /validation\.webhook\.pipeline\.tekton\.dev has no caBundle/],
            ["controllers", /tekton-triggers-controller is scaled to 0/],
            ["listener", /^Deployment default\/el-flux-event-listener is scaled to 0$/],
        ]);
        await until([
            ["controllers", /notification-controller.* crashes .*; its last words: .*no-such-flag/],
            ["controllers", /tekton-pipelines-webhook answers/],
            ["controllers", /tekton-triggers-controller is scaled to 0/],
            ["listener", /^Deployment default\/el-flux-event-listener is scaled to 0$/],
        ]);

        await Promise.all([
            setCa(ca),
            kubectl(...flux, "set", "image", "deployment/kustomize-controller", `manager=${image}`),
            kubectl(...args({ op: "remove", path: flag })),
            scale(tekton, "tekton-triggers-controller", 1),
            scale(tekton, "tekton-pipelines-webhook", 1),
            scale([], "el-flux-event-listener", 1),
        ]);
        await until([]);
    });

    it("finds that every link holds again", async () => {
        const { exitCode, stdout } = await status();
        expect(stdout).to.match(/All \d+ links hold\.$/);
        expect(exitCode).to.equal(0);
    });
});
