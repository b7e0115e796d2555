import { RunError } from "@pulumi/pulumi";
import { expect } from "chai";
import { createHash } from "node:crypto";
import { eventOverlays } from "../../../components/triggerChain/cel";
import { startApiServer } from "../support/apiServer";
import { outputOf, type RegisteredObject, Registrations, resolve, simulate } from "../support/engine";
import { chainObjects, loadProgram, of2020, type ProgramRun, runProgram, today } from "../support/program";
import { mirror } from "../support/releases";

/** The objects that both generations have in the same shape. */
const everywhere = [
    "v1 Secret flux-system/generic-receiver-token",
    "v1 ServiceAccount default/flux-notifications-sa",
    "rbac.authorization.k8s.io/v1 Role default/flux-notifications-sa",
    "rbac.authorization.k8s.io/v1 RoleBinding default/flux-notifications-sa",
    "rbac.authorization.k8s.io/v1 ClusterRole default-flux-notifications-sa",
    "rbac.authorization.k8s.io/v1 ClusterRoleBinding default-flux-notifications-sa",
    "v1 ServiceAccount default/flux-notification-run",
];

/** The objects that only today's have: in 2020 a Provider could send no header. */
const sinceThen = [
    "v1 Secret flux-system/tekton-el-provider-headers",
    "v1 Secret default/flux-event-listener-token",
    "networking.k8s.io/v1 NetworkPolicy default/el-flux-event-listener",
    "v1 ServiceAccount default/flux-catch-up",
    "rbac.authorization.k8s.io/v1 Role flux-system/default-flux-catch-up-0",
    "rbac.authorization.k8s.io/v1 RoleBinding flux-system/default-flux-catch-up-0",
    "rbac.authorization.k8s.io/v1 Role default/flux-catch-up",
    "rbac.authorization.k8s.io/v1 RoleBinding default/flux-catch-up",
    "apps/v1 Deployment default/flux-catch-up",
    "v1 ServiceAccount default/flux-run-history",
    "rbac.authorization.k8s.io/v1 Role default/flux-run-history",
    "rbac.authorization.k8s.io/v1 RoleBinding default/flux-run-history",
    "rbac.authorization.k8s.io/v1 Role flux-system/default-flux-run-history-0",
    "rbac.authorization.k8s.io/v1 RoleBinding flux-system/default-flux-run-history-0",
    "batch/v1 CronJob default/flux-run-history",
];

const expected = {
    [today.title]: [
        ...everywhere,
        ...sinceThen,
        "source.toolkit.fluxcd.io/v1 GitRepository flux-system/flux-system",
        "kustomize.toolkit.fluxcd.io/v1 Kustomization flux-system/flux-system",
        "notification.toolkit.fluxcd.io/v1 Receiver flux-system/generic-receiver",
        "notification.toolkit.fluxcd.io/v1beta3 Provider flux-system/tekton-el-provider",
        "notification.toolkit.fluxcd.io/v1beta3 Alert flux-system/tekton-alert",
        "tekton.dev/v1 Pipeline default/flux-demo-pipeline",
        "triggers.tekton.dev/v1beta1 EventListener default/flux-event-listener",
        "triggers.tekton.dev/v1beta1 TriggerBinding default/flux-notification-binding",
        "triggers.tekton.dev/v1beta1 TriggerTemplate default/flux-notification-template",
    ],
    [of2020.title]: [
        ...everywhere,
        "source.toolkit.fluxcd.io/v1beta1 GitRepository flux-system/flux-system",
        "kustomize.toolkit.fluxcd.io/v1beta1 Kustomization flux-system/flux-system",
        "notification.toolkit.fluxcd.io/v1beta1 Receiver flux-system/generic-receiver",
        "notification.toolkit.fluxcd.io/v1beta1 Provider flux-system/tekton-el-provider",
        "notification.toolkit.fluxcd.io/v1beta1 Alert flux-system/tekton-alert",
        "tekton.dev/v1beta1 Pipeline default/flux-demo-pipeline",
        "triggers.tekton.dev/v1alpha1 EventListener default/flux-event-listener",
        "triggers.tekton.dev/v1alpha1 TriggerBinding default/flux-notification-binding",
        "triggers.tekton.dev/v1alpha1 TriggerTemplate default/flux-notification-template",
    ],
};

for (const releases of [today, of2020]) {
    describe(`the program, with ${releases.title}`, () => {
        let run: ProgramRun;
        before(async function () {
            run = await runProgram(this, releases);
        });
        const of = (kind: string, name?: string): RegisteredObject => run.resources.object(kind, name);

        it("is made of these components", () => {
            const components = run.resources.filter(({ custom }) => !custom);
            expect(components.map(({ type, name }) => `${type} ${name}`)).to.have.members([
                "flux-to-tekton:tekton:TektonPipelines tekton-pipelines",
                "flux-to-tekton:tekton:TektonTriggers tekton-triggers",
                "flux-to-tekton:flux:Flux flux",
                "flux-to-tekton:flux:FluxSync flux-sync",
                "flux-to-tekton:tekton:DemoPipeline demo-pipeline",
                "flux-to-tekton:triggers:TriggerChain trigger-chain",
                "flux-to-tekton:triggers:ListenerAccess trigger-chain-access",
                "flux-to-tekton:triggers:RunAccount trigger-chain-runs",
                "flux-to-tekton:notifications:Alerting alerting",
                "flux-to-tekton:notifications:WebhookToken webhook-token",
                "flux-to-tekton:notifications:Receiver receiver",
                ...(releases === today
                    ? [
                          "flux-to-tekton:notifications:EventAuthentication event-authentication",
                          "flux-to-tekton:triggers:CatchUp catch-up",
                          "flux-to-tekton:tekton:RunHistory run-history",
                          "flux-to-tekton:triggers:ListenerNetworkPolicy trigger-chain-network-policy",
                      ]
                    : []),
            ]);
        });

        it("creates these objects of its own, in the API versions that the releases serve", () => {
            const objects = chainObjects(run).map(({ apiVersion, kind, metadata: { namespace, name } }) =>
                [apiVersion, kind, namespace === undefined ? name : `${namespace}/${name}`].join(" "),
            );
            expect(objects).to.have.members(expected[releases.title]!);
        });

        it("creates nothing else but the releases' objects, tokens, the provider, and what frees Flux's objects", () => {
            const tokens = releases === today ? ["the Receiver's", "the events'"] : ["the Receiver's"];
            const others = run.resources.filter(({ custom, type }) => custom && !type.startsWith("kubernetes:"));
            expect(others.map(({ type }) => type)).to.have.members([
                "pulumi:providers:kubernetes",
                "pulumi-nodejs:dynamic/release:FinalizerRemoval",
                ...tokens.map(() => "random:index/randomPassword:RandomPassword"),
            ]);
        });

        it("registers each object under the type of its API version and kind", () => {
            for (const { type, inputs } of run.resources.objects()) {
                const group = inputs.apiVersion.includes("/") ? inputs.apiVersion : `core/${inputs.apiVersion}`;
                expect(type).to.equal(`kubernetes:${group}:${inputs.kind}`);
            }
        });

        it("sends events to the address that the EventListener reports", () => {
            expect(of("Provider").inputs.spec).to.deep.equal({
                type: "generic",
                address: "http://address-of-the-status:1234",
                ...(releases === today ? { secretRef: { name: outputOf("tekton-el-provider-headers") } } : {}),
            });
        });

        it("exports versions, addresses and names", async () => {
            const { versions, eventListenerUrl, receiverPath, names } = run.outputs;
            expect(versions).to.deep.equal({
                tektonPipelines: releases.config.tektonPipelinesVersion,
                tektonTriggers: releases.config.tektonTriggersVersion,
                flux: releases.config.fluxVersion,
            });
            expect((await resolve(eventListenerUrl)).value).to.equal("http://address-of-the-status:1234");
            expect(await resolve(receiverPath)).to.deep.equal({ value: "/hook/path-of-the-status", secret: true });
            expect((await resolve(names.pipeline!)).value).to.equal(outputOf("flux-demo-pipeline"));
        });

        it("names PipelineRuns by revision, and gives them an account without rights", () => {
            const { resourcetemplates } = of("TriggerTemplate").inputs.spec as { resourcetemplates: object[] };
            expect(resourcetemplates).to.have.length(1);
            const serviceAccountName = outputOf("flux-notification-run");
            expect(resourcetemplates[0])
                .to.have.property("metadata")
                .that.deep.equals({
                    name: "flux-notification-run-$(tt.params.run)",
                    labels: { "flux-to-tekton/route": "flux-notification" },
                });
            expect(resourcetemplates[0])
                .to.have.property("spec")
                .that.deep.includes(
                    releases === today ? { taskRunTemplate: { serviceAccountName } } : { serviceAccountName },
                );
        });

        it("makes PipelineRuns in the version of the Pipeline", () => {
            expect(of("TriggerTemplate").inputs).to.have.nested.property(
                "spec.resourcetemplates[0].apiVersion",
                of("Pipeline").inputs.apiVersion,
            );
        });
    });
}

describe("an EventListener", () => {
    const source =
        `body.involvedObject.kind == 'GitRepository' && body.involvedObject.name == '${outputOf("flux-system")}' && ` +
        "body.involvedObject.namespace == 'flux-system' && body.severity == 'info'";
    const proven =
        "header.canonical('X-Flux-Event-Token')" +
        `.compareSecret('token', '${outputOf("flux-event-listener-token")}', 'default')`;
    const cel = (filter: string, added: object[]): object => ({
        ref: { name: "cel" },
        params: [
            { name: "filter", value: filter },
            { name: "overlays", value: added },
        ],
    });

    it("of today names its interceptors, gives them parameters, and takes events and their repetition", async function () {
        const { resources } = await runProgram(this, today);
        const { resources: workload, ...spec } = resources.object("EventListener").inputs.spec as { resources: object };
        expect(spec).to.deep.equal({
            serviceAccountName: outputOf("flux-notifications-sa"),
            triggers: [
                {
                    name: "flux-notification-trigger",
                    bindings: [{ ref: outputOf("flux-notification-binding") }],
                    interceptors: [
                        cel(
                            "(header.canonical('Gotk-Component') == 'source-controller' || " +
                                "header.canonical('Gotk-Component') == 'flux-to-tekton-catch-up' && " +
                                "has(body.runNamePrefixes) && 'flux-notification-run-' in body.runNamePrefixes) && " +
                                `${source} && has(body.metadata) && has(body.metadata.revision) && ${proven}`,
                            eventOverlays("v1").filter(({ key }) => ["message", "run"].includes(key)),
                        ),
                    ],
                    template: { ref: outputOf("flux-notification-template") },
                },
            ],
        });
        expect(workload).to.have.nested.property("kubernetesResource.replicas", 1);
    });

    it("of 2020 has its interceptor inline, names its template, and asks for no proof", async function () {
        const { resources } = await runProgram(this, of2020);
        const added = eventOverlays("2020").filter(({ key }) => ["message", "run"].includes(key));
        expect(resources.object("EventListener").inputs.spec).to.deep.equal({
            serviceAccountName: outputOf("flux-notifications-sa"),
            triggers: [
                {
                    name: "flux-notification-trigger",
                    bindings: [{ ref: outputOf("flux-notification-binding") }],
                    interceptors: [
                        {
                            cel: {
                                filter: `header.canonical('Gotk-Component') == 'source-controller' && ${source} && body.message.startsWith('Fetched revision: ')`,
                                overlays: added,
                            },
                        },
                    ],
                    template: { name: outputOf("flux-notification-template") },
                },
            ],
        });
    });
});

describe("waiting", () => {
    const conditions = async (test: Mocha.Context, releases: typeof today): Promise<Record<string, unknown>> => {
        const { resources } = await runProgram(test, releases);
        return Object.fromEntries(
            ["EventListener", "Receiver", "GitRepository", "Kustomization", "Provider", "Alert"].map((kind) => [
                kind,
                resources.object(kind).inputs.metadata.annotations?.["pulumi.com/waitFor"],
            ]),
        );
    };
    const ready = "condition=Ready";
    const listening = '["jsonpath={.status.address.url}","condition=Available"]';
    const request = createHash("sha256").update("random-of-webhook-token-token").digest("hex").slice(0, 16);

    it("is today for addresses, a listener that is Available, and Ready; not for Provider and Alert, which have no status", async function () {
        expect(await conditions(this, today)).to.deep.equal({
            EventListener: listening,
            Receiver: `["jsonpath={.status.webhookPath}","jsonpath={.status.lastHandledReconcileAt}=${request}"]`,
            GitRepository: ready,
            Kustomization: ready,
            Provider: undefined,
            Alert: undefined,
        });
    });

    it("was in 2020 for the Receiver's url and for a listener that is Available", async function () {
        expect(await conditions(this, of2020)).to.deep.equal({
            EventListener: listening,
            Receiver: "jsonpath={.status.url}",
            GitRepository: ready,
            Kustomization: ready,
            Provider: undefined,
            Alert: undefined,
        });
    });
});

describe("the program, with what can't work", () => {
    const gitUrl = "https://git.example.com/fleet-infra.git";
    const faults: [what: string, config: Record<string, unknown>, message: RegExp][] = [
        ["a wrong config", { gitUrl: "git@host:path" }, /gitUrl: "git@host:path"/],
        ["a release that isn't in the mirror", { gitUrl, releaseMirror: "/no/such/mirror" }, /\/no\/such\/mirror/],
        [
            "a feature flag that there isn't",
            { gitUrl, releaseMirror: mirror, tektonFeatureFlags: { "set-securty-context": "true" } },
            /tektonFeatureFlags: .*"set-securty-context"; did you mean set-security-context\?/,
        ],
        ["a cluster that is too old", { gitUrl, releaseMirror: mirror }, /runs Kubernetes 1\.20, .*needs 1\.28/s],
    ];
    for (const [what, config, message] of faults) {
        it(`says so without a stack trace, and registers nothing: ${what}`, async function () {
            if ("releaseMirror" in config && config.releaseMirror === undefined) this.skip();
            const server = await startApiServer(what.includes("cluster") ? "20" : "36");
            const resources = new Registrations();
            try {
                const run = simulate({ ...config, "kubernetes:kubeconfig": server.kubeconfig }, loadProgram(), {
                    resources,
                });
                const error: unknown = await run.then(() => undefined).catch((reason: unknown) => reason);
                // Pulumi shows the message alone of this kind of error.
                expect(RunError.isInstance(error)).to.equal(true);
                expect((error as Error).message).to.match(message);
                expect(resources).to.have.length(0);
            } finally {
                await server.close();
            }
        });
    }
});
