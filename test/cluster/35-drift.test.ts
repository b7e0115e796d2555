import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { kubectl } from "../../demo/cluster";
import { operation, staging } from "./staging";

/** What someone does to the cluster, and how to see that it is undone: a kubectl command and what it prints then. */
interface Drift {
    readonly what: string;
    readonly done: readonly string[];
    readonly seen: readonly string[];
    readonly undone: string | RegExp;
}

const filter = "jsonpath={.spec.triggers[0].interceptors[0].params[0].value}";

const drifts: readonly Drift[] = [
    {
        what: "the EventListener's filter is emptied",
        done: [
            ...["patch", "eventlistener", "flux-event-listener", "--type=json", "-p"],
            `[{"op":"replace","path":"/spec/triggers/0/interceptors/0/params/0/value","value":"true"}]`,
        ],
        seen: ["get", "eventlistener", "flux-event-listener", "-o", filter],
        undone: /compareSecret/,
    },
    {
        what: "the listener's Secret is deleted",
        done: ["delete", "secret", "flux-event-listener-token"],
        seen: ["get", "secret", "flux-event-listener-token", "-o", "name"],
        undone: "secret/flux-event-listener-token",
    },
    {
        what: "a webhook configuration is deleted",
        done: ["delete", "validatingwebhookconfiguration", "validation.webhook.pipeline.tekton.dev"],
        seen: ["get", "validatingwebhookconfiguration", "validation.webhook.pipeline.tekton.dev", "-o", "name"],
        undone: /validation\.webhook\.pipeline\.tekton\.dev/,
    },
    {
        what: "the Alert is deleted",
        done: ["-n", "flux-system", "delete", "alert", "tekton-alert"],
        seen: ["-n", "flux-system", "get", "alert", "tekton-alert", "-o", "name"],
        undone: "alert.notification.toolkit.fluxcd.io/tekton-alert",
    },
    {
        what: "a controller gets another log level",
        done: [
            ...["-n", "tekton-pipelines", "patch", "configmap", "config-logging", "--type=merge", "-p"],
            `{"data":{"loglevel.controller":"debug"}}`,
        ],
        seen: [
            "-n",
            "tekton-pipelines",
            "get",
            "configmap",
            "config-logging",
            "-o",
            "jsonpath={.data.loglevel\\.controller}",
        ],
        undone: "info",
    },
];

describe("drift", function () {
    this.timeout(10 * 60_000);

    let stack: Stack;
    before(async () => {
        stack = await staging();
        for (const { done } of drifts) await kubectl(...done);
        await stack.up({ ...operation, refresh: true });
    });

    for (const { what, seen, undone } of drifts) {
        it(`is undone by up --refresh: ${what}`, async () => {
            const now = await kubectl(...seen);
            if (typeof undone === "string") expect(now).to.equal(undone);
            else expect(now).to.match(undone);
        });
    }

    it("leaves nothing to do", async () => {
        const { changeSummary } = await stack.preview(operation);
        expect(Object.keys(changeSummary)).to.deep.equal(["same"]);
    });
});
