import { expect } from "chai";
import { objectId, parseManifest } from "../../../components/release";
import type { Registered, RegisteredObject, Registrations } from "../support/engine";
import { simulateStack } from "../support/fixture";
import { of2020, runProgram, today } from "../support/program";
import { releaseText } from "../support/releases";

const waitFor = "pulumi.com/waitFor";

/** The objects of the three releases, of these kinds. */
function released(resources: Registrations, kinds: RegExp): RegisteredObject[] {
    return ["tekton-pipelines", "tekton-triggers", "flux"]
        .flatMap((component) => resources.within(component).objects())
        .filter(({ inputs }) => kinds.test(inputs.kind));
}

const webhookConfigurations = /WebhookConfiguration$/;

/** Fails naming the pair that breaks the order. */
function expectOrder(resources: Registrations, later: readonly Registered[], earlier: readonly Registered[]): void {
    expect(later, "later").not.to.be.empty;
    expect(earlier, "earlier").not.to.be.empty;
    for (const after of later) {
        for (const before of earlier) {
            expect(resources.waitsFor(after, before), `${after.name} waits for ${before.name}`).to.equal(true);
            expect(resources.waitsFor(before, after), `${before.name} waits for ${after.name}`).to.equal(false);
        }
    }
}

/** The hand-written releases always; the real ones where they can be had. */
const runs: [title: string, run: (test: Mocha.Context) => Promise<{ resources: Registrations }>][] = [
    ["hand-written releases", () => simulateStack()],
    [today.title, (test) => runProgram(test, today)],
];

for (const [title, run] of runs) {
    describe(`order of installation: ${title}`, () => {
        let resources: Registrations;
        before(async function () {
            ({ resources } = await run(this));
        });
        const within = (component: string, kinds: RegExp): RegisteredObject[] =>
            resources
                .within(component)
                .objects()
                .filter(({ inputs }) => kinds.test(inputs.kind));

        it("puts a release's definitions and foundations before its workloads", () => {
            for (const component of ["tekton-pipelines", "tekton-triggers", "flux"]) {
                const foundations = within(component, /^(CustomResourceDefinition|ConfigMap|Service|ServiceAccount)$/);
                expectOrder(resources, within(component, /^Deployment$/), foundations);
            }
        });

        it("registers a webhook configuration once who answers it is ready, and waits for no other controller", () => {
            for (const component of ["tekton-pipelines", "tekton-triggers"]) {
                const configurations = within(component, webhookConfigurations);
                const isServer = ({ name }: Registered): boolean => name.endsWith("-webhook");
                expectOrder(resources, configurations, within(component, /^Deployment$/).filter(isServer));
                for (const other of within(component, /^Deployment$/).filter((one) => !isServer(one))) {
                    for (const configuration of configurations) {
                        expect(
                            resources.waitsFor(configuration, other),
                            `${configuration.name}, ${other.name}`,
                        ).to.equal(false);
                    }
                }
            }
        });

        it("waits until each webhook has the CA of who answers it", () => {
            for (const { name, inputs } of released(resources, webhookConfigurations)) {
                const { webhooks } = inputs as unknown as { webhooks: unknown[] };
                const conditions = webhooks.map((_, index) => `jsonpath={.webhooks[${index}].clientConfig.caBundle}`);
                expect(JSON.parse(inputs.metadata.annotations?.[waitFor] ?? "null"), name).to.include.members(
                    conditions,
                );
            }
        });

        it("waits until a webhook configuration has its labels: before an update it had a CA, and those of another version", () => {
            for (const { name, inputs } of released(resources, webhookConfigurations)) {
                const labels = Object.entries(inputs.metadata.labels ?? {}) as [string, string][];
                const conditions = labels.map(([key, value]) => `jsonpath={.metadata.labels["${key}"]}=${value}`);
                expect(JSON.parse(inputs.metadata.annotations?.[waitFor] ?? "null"), name).to.include.members(
                    conditions,
                );
            }
        });

        it("has the configuration in place before a webhook could refuse it", () => {
            for (const component of ["tekton-pipelines", "tekton-triggers"]) {
                const configurations = within(component, webhookConfigurations);
                expectOrder(resources, configurations, within(component, /^ConfigMap$/));
            }
        });

        it("creates the demonstration's pipeline once the webhooks of Tekton Pipelines serve", () => {
            const webhooks = within("tekton-pipelines", webhookConfigurations);
            expectOrder(resources, [resources.object("Pipeline")], webhooks);
        });

        it("creates the chain's triggers once the webhooks and interceptors of Tekton Triggers serve", () => {
            const kinds = ["EventListener", "TriggerBinding", "TriggerTemplate"];
            const triggers = resources.objects().filter(({ inputs }) => kinds.includes(inputs.kind));
            expectOrder(resources, triggers, [
                ...within("tekton-pipelines", webhookConfigurations),
                ...within("tekton-triggers", webhookConfigurations),
                ...within("tekton-triggers", /^(ClusterInterceptor|Deployment)$/),
            ]);
        });

        it("creates Flux's custom resources once its controllers are ready", () => {
            const inFlux = ["GitRepository", "Kustomization", "Receiver", "Provider", "Alert"].map((kind) =>
                resources.object(kind),
            );
            expectOrder(resources, inFlux, within("flux", /^Deployment$/));
        });

        it("creates the chain's accounts and Secrets, and the listener's roles and policy, beside the controllers", () => {
            const own = ["webhook-token", "event-authentication", "trigger-chain", "catch-up", "run-history"];
            const small = own.flatMap((component) =>
                within(component, component === "trigger-chain" ? /Role|Account|Policy/ : /^(ServiceAccount|Secret)$/),
            );
            expect(small).to.have.length(12);
            const home = resources.object("Namespace", "flux-system");
            for (const object of small) {
                if (object.inputs.metadata.namespace === "flux-system") expectOrder(resources, [object], [home]);
                for (const component of ["tekton-pipelines", "tekton-triggers", "flux"]) {
                    for (const other of within(component, /^(Deployment|CustomResourceDefinition)$/)) {
                        expect(resources.waitsFor(object, other), `${object.name}, ${other.name}`).to.equal(false);
                    }
                }
            }
        });

        it("creates a ClusterInterceptor before a webhook could judge it, and before its server, which gives it a CA", () => {
            const interceptors = within("tekton-triggers", /^ClusterInterceptor$/);
            expectOrder(resources, interceptors, within("tekton-triggers", /^CustomResourceDefinition$/));
            const server = within("tekton-triggers", /^Deployment$/).filter(
                ({ inputs }) => inputs.metadata.name === "tekton-triggers-core-interceptors",
            );
            expectOrder(resources, server, interceptors);
            // The listener crashes while one has no CA.
            expectOrder(resources, [resources.object("EventListener")], server);
            for (const interceptor of interceptors) {
                for (const webhook of within("tekton-triggers", webhookConfigurations)) {
                    expect(resources.waitsFor(interceptor, webhook), `${interceptor.name}, ${webhook.name}`).to.equal(
                        false,
                    );
                }
            }
        });

        it("lets the three releases' foundations be created side by side", () => {
            const pipelines = within("tekton-pipelines", /^(ConfigMap|Deployment)$/);
            const others = [...within("tekton-triggers", /^ConfigMap$/), ...within("flux", /^Deployment$/)];
            for (const other of others) {
                for (const pipeline of pipelines) {
                    expect(resources.waitsFor(other, pipeline), `${other.name}, ${pipeline.name}`).to.equal(false);
                }
            }
        });

        it("creates what lives in a namespace after it, and removes it with it", () => {
            const objects = released(resources, /./).filter(({ inputs }) => inputs.metadata.namespace !== undefined);
            expect(objects).not.to.be.empty;
            for (const object of objects) {
                const { namespace } = object.inputs.metadata;
                const home = resources.objects().find(({ inputs }) => objectId(inputs) === `Namespace ${namespace}`);
                expect(home, `${object.name}'s namespace`).not.to.equal(undefined);
                expect(object.dependsOn, object.name).to.include(home!.urn);
                // Controllers are removed by themselves: Flux's, for its finalizers to be removed once they are gone, and
                // Tekton's, for its webhooks to end while all else is removed.
                const isController = object.inputs.kind === "Deployment";
                expect(object.deletedWith, object.name).to.equal(isController ? "" : home!.urn);
            }
        });

        it("removes Flux's finalizers between its controllers and its definitions", () => {
            const removal = resources.named("flux-finalizers");
            expectOrder(resources, within("flux", /^Deployment$/), [removal]);
            expectOrder(resources, [removal], within("flux", /^CustomResourceDefinition$/));
        });

        it("leaves Flux's custom resources to its namespace only: their finalizer is removed once its controllers are gone", () => {
            const own = resources.objects().filter(({ inputs }) => /tekton|toolkit/.test(inputs.apiVersion));
            expect(own).to.have.length.greaterThan(8);
            const home = resources.object("Namespace", "flux-system").urn;
            const left = own.filter(({ deletedWith }) => deletedWith === home);
            expect(left).not.to.deep.equal([]);
            for (const { name, inputs } of left) expect(inputs.apiVersion, name).to.match(/\.toolkit\.fluxcd\.io\//);
        });

        it("leaves to Tekton Triggers' own removal what its webhook, which may be dead, would have to admit", () => {
            const judged = resources
                .objects()
                .filter(({ inputs }) => /^(ClusterInterceptor|TriggerBinding|TriggerTemplate)$/.test(inputs.kind));
            expect(judged).to.have.length.greaterThan(2);
            const definition = "CustomResourceDefinition";
            for (const { name, inputs, deletedWith } of judged) {
                const release =
                    inputs.kind === "ClusterInterceptor"
                        ? resources.object(definition, "clusterinterceptors.triggers.tekton.dev")
                        : resources.named("tekton-triggers");
                expect(deletedWith, name).to.equal(release.urn);
            }
        });

        it("doesn't wait for the endpoints of Services whose pods come later", () => {
            const services = released(resources, /^Service$/);
            expect(services).not.to.be.empty;
            for (const { name, inputs } of services) {
                expect(inputs.metadata.annotations, name).to.include({ "pulumi.com/skipAwait": "true" });
            }
        });

        it("waits for every workload", () => {
            for (const { name, inputs } of released(resources, /^Deployment$/)) {
                expect(inputs.metadata.annotations ?? {}, name).not.to.have.property("pulumi.com/skipAwait");
            }
        });
    });
}

describe("release", () => {
    it("is registered completely, each object once", async function () {
        const { resources } = await runProgram(this, today);
        const manifests = {
            "tekton-pipelines": ["tekton-pipelines-v1.15.0.yaml"],
            "tekton-triggers": ["tekton-triggers-v0.37.0.yaml", "tekton-triggers-interceptors-v0.37.0.yaml"],
            // What `flux bootstrap` writes.
            flux: ["flux-v2.9.4.gotk-components.yaml"],
        };
        for (const [component, files] of Object.entries(manifests)) {
            const expected = files.flatMap((file) => parseManifest(releaseText(this, file), file)).map(objectId);
            const registered = resources
                .within(component)
                .objects()
                .map(({ inputs }) => objectId(inputs));
            expect(registered, component).to.have.members(expected);
        }
    });

    it("waits for the webhooks of 2020 too", async function () {
        const { resources } = await runProgram(this, of2020);
        const configurations = released(resources, webhookConfigurations);
        expectOrder(
            resources,
            [resources.object("Pipeline"), resources.object("EventListener")],
            configurations.filter(({ name }) => name.startsWith("tekton-pipelines")),
        );
    });

    it("gives controllers, webhooks and listeners the configured time to become ready", async () => {
        const { resources } = await simulateStack({ readyTimeout: "90s" });
        const waiting = [
            ...released(resources, /^Deployment$|WebhookConfiguration$/),
            ...["EventListener", "GitRepository", "Kustomization"].map((kind) => resources.object(kind)),
        ];
        // Pulumi's own notation.
        for (const { name, createTimeout } of waiting) expect(createTimeout, name).to.match(/^(90s|1m30s)$/);
    });

    it("keeps the descriptions of definitions unless told otherwise", async () => {
        const { resources } = await simulateStack();
        expect(resources.object("CustomResourceDefinition", "pipelines.tekton.dev").inputs).to.have.nested.property(
            "spec.versions[0].schema.openAPIV3Schema.description",
            "a text for kubectl explain",
        );
    });

    it("leaves out the descriptions of definitions, and no field of that name", async () => {
        const { resources } = await simulateStack({ crdDescriptions: false });
        const definitions = released(resources, /^CustomResourceDefinition$/);
        expect(definitions).to.have.length(3);
        for (const { inputs } of definitions) {
            expect(inputs)
                .to.have.nested.property("spec.versions[0].schema.openAPIV3Schema")
                .that.deep.equals({
                    type: "object",
                    properties: { spec: { type: "object", properties: { description: { type: "string" } } } },
                });
        }
    });
});
