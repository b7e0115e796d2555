import { expect } from "chai";
import { demoPipelineParams } from "../../../components/demoPipeline";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import type { ClusterOutputs } from "../../../stacks/cluster";
import { forced, outputOf, propagation, type Registrations, resolve } from "../support/engine";
import { type Event, type Json, missedRevision, newRevision, withBody, withHeaders } from "../support/cel";
import { unknownValue as unknown } from "../../../stacks/simulation";
import { simulateStack } from "../support/fixture";
import { secretsOf, SimulatedListener } from "../support/listener";
import { restrictedViolations } from "../support/podSecurity";

/** The objects that the program writes itself. */
function chain(resources: Registrations): KubernetesObject[] {
    const fromReleases = ["tekton-pipelines", "tekton-triggers", "flux"].flatMap((name) => resources.within(name));
    const urns = new Set(fromReleases.map(({ urn }) => urn));
    return resources
        .objects()
        .filter(({ urn }) => !urns.has(urn))
        .map(({ inputs }) => inputs);
}

/** What a Secret with registries' credentials says. */
function dockerConfig(secret: ReturnType<Registrations["object"]>): unknown {
    expectField(secret, "type", "kubernetes.io/dockerconfigjson");
    expect(secret.secretInputs).to.deep.equal(["stringData"]);
    const { ".dockerconfigjson": text } = secret.inputs.stringData as Record<string, string>;
    return JSON.parse(text!);
}

/** An event of the source that the simulated cluster has under another name. */
function ofTheStack(event: Event): Event {
    const involvedObject = { ...(event.body.involvedObject as Json), name: outputOf("flux-system") };
    return withBody(event, { involvedObject });
}

/** An object's field, as chai's nested paths name it. */
function expectField(object: { inputs: KubernetesObject }, path: string, value: unknown): void {
    expect(object.inputs, `${object.inputs.kind} ${object.inputs.metadata.name}`)
        .to.have.nested.property(path)
        .that.deep.equals(value);
}

/** The environment of the catch-up's container. */
function catchUpEnvironment(resources: Registrations): Record<string, string> {
    const { template } = resources.object("Deployment", "flux-catch-up").inputs.spec as {
        template: { spec: { containers: [{ env: { name: string; value: string }[] }] } };
    };
    return Object.fromEntries(template.spec.containers[0].env.map(({ name, value }) => [name, value]));
}

describe("stack", () => {
    describe("wiring: each link is the other resource's output", () => {
        let resources: Registrations;
        let outputs: ClusterOutputs;
        before(async () => {
            ({ resources, outputs } = await simulateStack());
        });
        const of = (kind: string, name?: string): ReturnType<Registrations["object"]> => resources.object(kind, name);
        const synced = { kind: "GitRepository", name: outputOf("flux-system"), namespace: "flux-system" };

        it("Kustomization → GitRepository", () => {
            expectField(of("Kustomization"), "spec.sourceRef", { kind: synced.kind, name: synced.name });
        });
        it("Receiver → GitRepository", () => expectField(of("Receiver"), "spec.resources", [synced]));
        it("Receiver → the token's Secret", () => {
            expectField(of("Receiver"), "spec.secretRef", { name: outputOf("generic-receiver-token") });
        });
        it("Alert → GitRepository", () => expectField(of("Alert"), "spec.eventSources", [synced]));
        it("Alert → Provider", () => {
            expectField(of("Alert"), "spec.providerRef", { name: outputOf("tekton-el-provider") });
        });
        it("Provider → the address in the EventListener's status", () => {
            expectField(of("Provider"), "spec.address", "http://address-of-the-status:1234");
        });
        const filter = (): Chai.Assertion =>
            expect(of("EventListener").inputs).to.have.nested.property(
                "spec.triggers[0].interceptors[0].params[0].value",
            );
        it("CEL filter → GitRepository", () => {
            filter().that.includes(`body.involvedObject.name == '${synced.name}'`);
        });
        it("CEL filter → the listener's Secret", () => {
            filter().that.includes(`compareSecret('token', '${outputOf("flux-event-listener-token")}', 'default')`);
        });
        it("Provider → the sender's Secret", () => {
            expectField(of("Provider"), "spec.secretRef", { name: outputOf("tekton-el-provider-headers") });
        });
        it("TriggerTemplate → the runs' ServiceAccount", () => {
            const account = { serviceAccountName: outputOf("flux-notification-run") };
            expectField(of("TriggerTemplate"), "spec.resourcetemplates[0].spec.taskRunTemplate", account);
        });
        it("catch-up → GitRepository, and the address in the EventListener's status", () => {
            const [namespace, name] = [synced.namespace, synced.name];
            const env = catchUpEnvironment(resources);
            expect(env.SOURCES).to.equal(
                `GitRepository ${namespace} ${name} /apis/source.toolkit.fluxcd.io/v1/namespaces/${namespace}/gitrepositories flux-notification-run-`,
            );
            expect(env.LISTENER).to.equal("http://address-of-the-status:1234");
            const role = resources.object("Role", "default-flux-catch-up-0");
            expectField(role, "rules[0].resourceNames", [name]);
        });
        it("catch-up → the runs that the TriggerTemplate makes", () => {
            const env = catchUpEnvironment(resources);
            expect(env.RUNS).to.equal("/apis/tekton.dev/v1/namespaces/default/pipelineruns");
            const prefix = env.SOURCES!.split(" ").at(-1);
            const run = "spec.resourcetemplates[0].metadata.name";
            expectField(of("TriggerTemplate"), run, `${prefix}$(tt.params.run)`);
            const commit = "c".repeat(40);
            const [made] = new SimulatedListener(resources).runs(
                withHeaders(ofTheStack(withBody(newRevision, { metadata: { revision: `main@sha1:${commit}` } })), {
                    "X-Flux-Event-Token": "random-of-event-authentication-token",
                }),
            );
            expect(made!.metadata.name).to.equal(prefix + commit.slice(0, Number(env.RUN_DIGITS)));
        });
        it("catch-up → the listener's Secret", () => {
            const secret = { secretName: outputOf("flux-event-listener-token") };
            expectField(
                resources.object("Deployment", "flux-catch-up"),
                "spec.template.spec.volumes[0].secret",
                secret,
            );
        });
        it("run history → GitRepository", () => {
            const name = synced.name;
            const pod = "spec.jobTemplate.spec.template.spec";
            expectField(of("CronJob", "flux-run-history"), `${pod}.containers[0].env`, [
                { name: "ROUTES", value: `flux-notification 50 0 gitrepositories ${synced.namespace} ${name}` },
                { name: "NAMESPACE", value: "default" },
            ]);
            expectField(of("Role", "default-flux-run-history-0"), "rules[0].resourceNames", [name]);
        });
        it("NetworkPolicy → EventListener, before which it has to be there", () => {
            const labels = { eventlistener: of("EventListener").inputs.metadata.name };
            expectField(of("NetworkPolicy"), "spec.podSelector.matchLabels", labels);
            expect(resources.waitsFor(of("EventListener"), of("NetworkPolicy"))).to.equal(true);
        });
        it("EventListener → ServiceAccount", () => {
            expectField(of("EventListener"), "spec.serviceAccountName", outputOf("flux-notifications-sa"));
        });
        it("EventListener → TriggerBinding", () => {
            const bindings = [{ ref: outputOf("flux-notification-binding") }];
            expectField(of("EventListener"), "spec.triggers[0].bindings", bindings);
        });
        it("EventListener → TriggerTemplate", () => {
            const template = { ref: outputOf("flux-notification-template") };
            expectField(of("EventListener"), "spec.triggers[0].template", template);
        });
        it("TriggerTemplate → Pipeline", () => {
            const pipelineRef = { name: outputOf("flux-demo-pipeline") };
            expectField(of("TriggerTemplate"), "spec.resourcetemplates[0].spec.pipelineRef", pipelineRef);
        });
        it("TriggerTemplate → the parameters that binding and pipeline share", () => {
            const params = ["message", "repository", "namespace"];
            // And `run`, which the run is named by and the pipeline doesn't get.
            const named = [...params, "run"].map((name) => ({ name }));
            expectField(of("TriggerTemplate"), "spec.params", named);
            expectField(resources.object("TriggerBinding", "flux-notification-binding"), "spec.params", [
                { name: "message", value: "$(extensions.message)" },
                { name: "repository", value: "$(body.involvedObject.name)" },
                { name: "namespace", value: "$(body.involvedObject.namespace)" },
                { name: "run", value: "$(extensions.run)" },
            ]);
            const passed = params.map((name) => ({ name, value: `$(tt.params.${name})` }));
            expectField(of("TriggerTemplate"), "spec.resourcetemplates[0].spec.params", passed);
            const declared = of("Pipeline").inputs.spec as { params: { name: string }[] };
            expect(declared.params.map(({ name }) => name)).to.deep.equal(params);
        });
        it("outputs → status and names of the objects", async () => {
            expect((await resolve(outputs.eventListenerUrl)).value).to.equal("http://address-of-the-status:1234");
            expect((await resolve(outputs.receiverPath)).value).to.equal("/hook/path-of-the-status");
            const names: Record<string, string> = {};
            for (const [key, name] of Object.entries(outputs.names)) names[key] = (await resolve(name)).value;
            expect(names).to.deep.equal({
                source: outputOf("flux-system"),
                receiver: outputOf("generic-receiver"),
                alert: outputOf("tekton-alert"),
                provider: outputOf("tekton-el-provider"),
                eventListener: outputOf("flux-event-listener"),
                pipeline: outputOf("flux-demo-pipeline"),
            });
            expect(outputs.namespaces).to.deep.equal({ flux: "flux-system", chain: "default" });
        });
    });

    it("follows the configured repository, branch, folder and interval", async () => {
        const gitUrl = "https://git.example.com/other.git";
        const config = { gitUrl, gitBranch: "next", gitPath: "./clusters/one", gitInterval: "30s" };
        const { resources } = await simulateStack(config);
        const spec = { interval: "30s", ref: { branch: "next" }, url: gitUrl };
        expectField(resources.object("GitRepository"), "spec", spec);
        expectField(resources.object("Kustomization"), "spec.path", "./clusters/one");
    });

    for (const [gitDeletionPolicy, waitsForFlux] of [
        ["Orphan", false],
        ["WaitForTermination", true],
    ] as const) {
        it(`${waitsForFlux ? "waits" : "doesn't wait"} for Flux at a destroy with gitDeletionPolicy ${gitDeletionPolicy}`, async () => {
            const { resources } = await simulateStack({ gitDeletionPolicy });
            const namespace = resources.object("Namespace", "flux-system").urn;
            expect(resources.object("Kustomization").deletedWith).to.equal(waitsForFlux ? "" : namespace);
            for (const kind of ["GitRepository", "Receiver", "Provider", "Alert"]) {
                expect(resources.object(kind).deletedWith, kind).to.equal(namespace);
            }
        });
    }

    it("leaves what it deployed when the Kustomization goes", async () => {
        const { resources } = await simulateStack();
        expectField(resources.object("Kustomization"), "spec.deletionPolicy", "Orphan");
    });

    it("never gives a commit's text to a shell", async () => {
        const { resources } = await simulateStack();
        const { tasks } = resources.object("Pipeline").inputs.spec as {
            tasks: { taskSpec: { steps: { command: string[]; args: string[] }[] } }[];
        };
        expect(tasks[0]!.taskSpec.steps.map(({ command, args }) => [...command, ...args])).to.deep.equal([
            ["echo", "notification from $(params.namespace)/$(params.repository)"],
            ["echo", "$(params.message)"],
        ]);
        expect(JSON.stringify(tasks)).not.to.include('"script"');
    });

    it("has pipeline steps that Pod Security restricted takes", async () => {
        const { resources } = await simulateStack();
        const { tasks } = resources.object("Pipeline").inputs.spec as {
            tasks: { taskSpec: { stepTemplate: object; steps: object[] } }[];
        };
        for (const { stepTemplate, steps } of tasks.map(({ taskSpec }) => taskSpec)) {
            expect(steps).to.have.length(2);
            // A step is a container with the template's fields where it has none of its own.
            const containers = steps.map((step) => ({ ...stepTemplate, ...step }));
            expect(restrictedViolations({ containers })).to.deep.equal([]);
        }
    });

    describe("what else can be set", () => {
        it("is how Flux applies what it follows", async () => {
            const config = { syncInterval: "1h", syncTimeout: "2m", syncPrune: false };
            const { resources } = await simulateStack(config);
            expect(resources.object("Kustomization").inputs.spec).to.include({
                interval: "1h",
                timeout: "2m",
                prune: false,
            });
            expect((await simulateStack()).resources.object("Kustomization").inputs.spec).to.include({
                interval: "10m0s",
                prune: true,
            });
        });

        it("is who calls the Receiver, who then has to know the token", async () => {
            const { resources, outputs } = await simulateStack({ receiverType: "github", receiverEvents: ["push"] });
            expect(resources.object("Receiver").inputs.spec).to.deep.include({ type: "github", events: ["push"] });
            expect(await resolve(outputs.receiverToken!)).to.deep.equal({
                value: "random-of-webhook-token-token",
                secret: true,
            });
            const byDefault = await simulateStack();
            expect(byDefault.resources.object("Receiver").inputs.spec).to.include({ type: "generic" });
            expect(byDefault.resources.object("Receiver").inputs.spec).not.to.have.property("events");
            expect(byDefault.outputs).not.to.have.property("receiverToken");
        });

        it("is how long a delivery may take", async () => {
            const { resources } = await simulateStack({ providerTimeout: "30s" });
            expectField(resources.object("Provider"), "spec.timeout", "30s");
        });

        it("is what a listener's pod asks of its node", async () => {
            const listenerResources = { requests: { cpu: "1" }, limits: { cpu: "2", memory: "1Gi" } };
            const { resources } = await simulateStack({ listenerResources });
            const container = "spec.resources.kubernetesResource.spec.template.spec.containers[0]";
            expectField(resources.object("EventListener"), `${container}.resources`, listenerResources);
        });

        it("is a namespace that is made, with its Pod Security, and marked as this stack's", async () => {
            const config = { namespace: "ci", createNamespace: true, namespacePodSecurity: "baseline" };
            const { resources } = await simulateStack(config);
            const { metadata } = resources.object("Namespace", "ci").inputs;
            expect(metadata.labels).to.deep.equal({ "pod-security.kubernetes.io/enforce": "baseline" });
            expect(metadata.annotations).to.include({ "flux-to-tekton/stack": "organization/flux-to-tekton/test" });
            const without = chain(resources).filter(({ metadata: { namespace } }) => namespace === "ci");
            expect(without).to.deep.equal([]);
        });

        it("is the pipeline of each route; the demonstration's is made only where one starts it", async () => {
            const routes = [{ name: "a", pipeline: { name: "release" } }];
            const { resources, outputs } = await simulateStack({ routes });
            expect(chain(resources).filter(({ kind }) => kind === "Pipeline")).to.deep.equal([]);
            expect(outputs.names).not.to.have.property("pipeline");
            const both = await simulateStack({ routes: [...routes, { name: "b" }] });
            expect(both.resources.object("Pipeline").inputs.metadata.name).to.equal("flux-demo-pipeline");
        });
    });

    describe("what can be switched off", () => {
        const kinds = (resources: Registrations): string[] => chain(resources).map(({ kind }) => kind);

        it("is the authentication of events: then there is no Secret for it, and no header is asked for", async () => {
            const { resources } = await simulateStack({ authenticateEvents: false, catchUp: false });
            expect(resources.some(({ name }) => name.startsWith("event-authentication"))).to.equal(false);
            expect(resources.object("Provider").inputs.spec).not.to.have.property("secretRef");
            expect(JSON.stringify(resources.object("EventListener").inputs)).not.to.include("compareSecret");
            expect(new SimulatedListener(resources).runs(ofTheStack(newRevision))).to.have.length(1);
        });

        it("is the run history, and of what is made for it nothing is left", async () => {
            const { resources } = await simulateStack({ runHistory: false });
            expect(JSON.stringify(chain(resources))).not.to.include("run-history");
        });

        it("is the catch-up: then nothing follows the sources, and what it sends starts nothing", async () => {
            const { resources } = await simulateStack({ catchUp: false });
            expect(resources.some(({ name }) => name.startsWith("catch-up"))).to.equal(false);
            expect(kinds(resources).filter((kind) => kind === "TriggerBinding")).to.have.length(1);
            expect(resources.object("EventListener").inputs).to.have.nested.property("spec.triggers").with.length(1);
        });

        it("is the listener's NetworkPolicy", async () => {
            expect(kinds((await simulateStack()).resources)).to.include("NetworkPolicy");
            expect(kinds((await simulateStack({ listenerNetworkPolicy: false })).resources)).not.to.include(
                "NetworkPolicy",
            );
        });

        it("is the naming of runs by revision", async () => {
            const { resources } = await simulateStack({ runNaming: "uid", catchUp: false });
            const run = "flux-notification-run-$(uid)";
            expectField(resources.object("TriggerTemplate"), "spec.resourcetemplates[0].metadata.name", run);
        });
    });

    describe("events", () => {
        let listener: SimulatedListener;
        before(async () => {
            listener = new SimulatedListener((await simulateStack()).resources);
        });
        const token = "random-of-event-authentication-token";
        const withToken = (event: Event, value: string): Event => withHeaders(event, { "X-Flux-Event-Token": value });

        for (const [what, event] of [
            ["Flux's", newRevision],
            ["the catch-up's", missedRevision],
        ] as const) {
            it(`of ${what} start a run with the Provider's header, and none without it or with another`, () => {
                const own = ofTheStack(event);
                expect(listener.runs(withToken(own, token))).to.have.length(1);
                for (const other of [own, withToken(own, "wrong"), withToken(own, "random-of-webhook-token-token")]) {
                    expect(listener.runs(other)).to.deep.equal([]);
                }
            });
        }

        for (const [runNaming, longest] of [
            ["revision", 38],
            ["uid", 22],
        ] as const) {
            it(`make names and labels that Kubernetes takes, with the longest route's name (${runNaming})`, async () => {
                const name = "r".repeat(longest);
                const config = { runNaming, catchUp: runNaming === "revision", routes: [{ name }] };
                const { resources } = await simulateStack(config);
                const [run] = new SimulatedListener(resources).runs(withToken(ofTheStack(newRevision), token));
                expect(run!.metadata.name)
                    .to.have.length(63)
                    .and.match(/^[a-z0-9]([-a-z0-9]*[a-z0-9])$/);
                for (const value of Object.values(run!.metadata.labels!)) expect(value.length).to.be.at.most(63);
                const { triggers } = resources.object("EventListener").inputs.spec as { triggers: { name: string }[] };
                const made = chain(resources).filter(({ kind }) => /^Trigger/.test(kind));
                const names = [...triggers.map(({ name }) => name), ...made.map(({ metadata }) => metadata.name)];
                expect(names).to.have.length.greaterThan(2);
                for (const each of names) expect(each.length, each).to.be.at.most(63);
            });
        }
    });

    describe("the listener's pods", () => {
        const workload = "spec.resources.kubernetesResource";

        it("are one, with resources of its own", async () => {
            const { resources } = await simulateStack();
            expectField(resources.object("EventListener"), `${workload}.replicas`, 1);
            expectField(resources.object("EventListener"), `${workload}.spec.template.spec.containers`, [
                {
                    resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "512Mi" } },
                    livenessProbe: {
                        httpGet: { path: "/live", port: 8080, scheme: "HTTP" },
                        periodSeconds: 10,
                        timeoutSeconds: 10,
                        failureThreshold: 6,
                    },
                    readinessProbe: {
                        httpGet: { path: "/live", port: 8080, scheme: "HTTP" },
                        periodSeconds: 2,
                        failureThreshold: 15,
                    },
                },
            ]);
            expect(resources.written(/^PodDisruptionBudget$/)).to.deep.equal([]);
        });

        it("are as many as configured, spread over nodes, of which one is always kept", async () => {
            const { resources } = await simulateStack({ listenerReplicas: 3 });
            const labelSelector = { matchLabels: { eventlistener: "flux-event-listener" } };
            expectField(resources.object("EventListener"), `${workload}.replicas`, 3);
            expectField(
                resources.object("EventListener"),
                `${workload}.spec.template.spec.topologySpreadConstraints[0].labelSelector`,
                labelSelector,
            );
            expect(resources.written(/^PodDisruptionBudget$/)).to.deep.equal([
                {
                    apiVersion: "policy/v1",
                    kind: "PodDisruptionBudget",
                    metadata: { name: "el-flux-event-listener", namespace: "default" },
                    spec: { minAvailable: 1, selector: labelSelector },
                },
            ]);
        });
    });

    describe("rotation of tokens", () => {
        const rotated = { tokenRotation: "2026-11" };

        it("makes both tokens anew, and keeps them while it stays the same", async () => {
            const before = (await simulateStack()).resources;
            const { resources } = await simulateStack(rotated);
            for (const name of ["webhook-token-token", "event-authentication-token"]) {
                expect(before.named(name).inputs).not.to.have.property("keepers");
                expect(resources.named(name).inputs.keepers).to.deep.equal({ rotation: "2026-11" });
            }
        });

        it("waits for the Receiver anew", async () => {
            const awaited = async (config: object): Promise<unknown> =>
                (await simulateStack({ ...config })).resources.object("Receiver").inputs.metadata.annotations?.[
                    "pulumi.com/waitFor"
                ];
            expect(await awaited(rotated)).not.to.equal(await awaited({}));
        });

        it("gives sender and listener the same token, and the catch-up with them", async () => {
            const { resources } = await simulateStack(rotated);
            const token = "random-of-event-authentication-token-since-2026-11";
            expect(Object.values(secretsOf(resources))).to.include.members([token, `X-Flux-Event-Token: ${token}`]);
        });
    });

    it("manages every Kubernetes object with its own provider, with the tested version of it, and takes its fields back", async () => {
        const { resources } = await simulateStack();
        const { urn, type, inputs } = resources.named("cluster");
        expect(type).to.equal("pulumi:providers:kubernetes");
        expect(inputs).to.include({
            enableServerSideApply: "true",
            enableConfigMapMutable: "true",
            enableSecretMutable: "true",
        });
        const objects = resources.objects();
        expect(objects).to.have.length.greaterThan(30);
        for (const object of objects) {
            expect(object.inputs.metadata.annotations, object.name).to.include({ [forced]: "true" });
            expect(object.provider, object.name).to.equal(`${urn}::cluster-id`);
            expect(object.version, object.name).to.equal("4.25.0");
        }
    });

    it("deletes custom resources, Tekton's controllers and the catch-up, and nothing else, without waiting for what they own", async () => {
        const { resources } = await simulateStack();
        const inBackground = resources
            .objects()
            .filter(({ inputs }) => inputs.metadata.annotations?.[propagation] === "background");
        expect(new Set(inBackground.map(({ inputs }) => inputs.kind))).to.deep.equal(
            new Set([
                ...["Pipeline", "EventListener", "TriggerBinding", "TriggerTemplate"],
                ...["GitRepository", "Kustomization", "Receiver", "Provider", "Alert"],
                ...["ClusterInterceptor", "Deployment"],
            ]),
        );
        // Flux's finalizers are removed once its controllers are gone.
        const controllers = inBackground.filter(({ inputs }) => inputs.kind === "Deployment");
        for (const { name } of controllers) expect(name).to.match(/^(tekton-|catch-up-deployment$)/);
    });

    it("works on the cluster that the provider's config names", async () => {
        const named = { kubeconfig: "/some/kubeconfig", context: "staging", cluster: "green" };
        const config = Object.fromEntries(Object.entries(named).map(([key, value]) => [`kubernetes:${key}`, value]));
        const provider = (await simulateStack(config)).resources.named("cluster");
        expect(provider.inputs).to.include(named);
        expect(provider.secretInputs).to.include("kubeconfig");
    });

    it("works on the ambient cluster otherwise, and keeps no machine's path in the state", async () => {
        const { KUBECONFIG } = process.env;
        process.env.KUBECONFIG = "/of/this/machine";
        try {
            const { inputs } = (await simulateStack()).resources.named("cluster");
            expect(inputs.kubeconfig).to.equal("");
        } finally {
            if (KUBECONFIG === undefined) delete process.env.KUBECONFIG;
            else process.env.KUBECONFIG = KUBECONFIG;
        }
    });

    it("previews an empty cluster: an address that isn't known yet is no error", async () => {
        const { resources, outputs } = await simulateStack({}, { preview: true });
        expectField(resources.object("Provider"), "spec.address", unknown);
        expect(outputs.versions.flux).to.equal("v2.9.4");
    });

    describe("names", () => {
        const named = {
            fluxNamespace: "gitops",
            syncName: "fleet",
            webhookTokenSecretName: "my-token",
            receiverName: "my-receiver",
            providerName: "my-provider",
            alertName: "my-alert",
            namespace: "ci",
            eventListenerName: "my-listener",
            serviceAccountName: "my-account",
            runServiceAccountName: "my-runs",
            pipelineName: "my-pipeline",
            pipelineImage: "busybox",
        };
        const demonstration =
            /flux-system|generic-receiver|tekton-el-provider|tekton-alert|"default"|flux-event-listener|flux-notifications-sa|flux-notification-run"|flux-demo-pipeline|alpine/;

        it("are the demonstration's where none are configured", async () => {
            const { resources } = await simulateStack();
            expect(
                chain(resources).map(({ kind, metadata }) => `${kind} ${metadata.namespace}/${metadata.name}`),
            ).to.include.members([
                "GitRepository flux-system/flux-system",
                "Kustomization flux-system/flux-system",
                "Secret flux-system/generic-receiver-token",
                "Receiver flux-system/generic-receiver",
                "Provider flux-system/tekton-el-provider",
                "Alert flux-system/tekton-alert",
                "Pipeline default/flux-demo-pipeline",
                "EventListener default/flux-event-listener",
                "TriggerBinding default/flux-notification-binding",
                "TriggerTemplate default/flux-notification-template",
                "ServiceAccount default/flux-notifications-sa",
            ]);
            expectField(
                resources.object("TriggerTemplate"),
                "spec.resourcetemplates[0].metadata.name",
                "flux-notification-run-$(tt.params.run)",
            );
            expectField(resources.object("EventListener"), "spec.triggers[0].name", "flux-notification-trigger");
        });

        it("by config change in every object that bears or mentions them", async () => {
            const { resources } = await simulateStack(named);
            for (const object of chain(resources)) expect(JSON.stringify(object)).not.to.match(demonstration);
        });

        it("by config are borne by the objects that they are for", async () => {
            const { resources } = await simulateStack(named);
            const borne = chain(resources)
                .map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`)
                .filter((name) => !name.includes("flux-notification-"));
            expect(borne).to.have.members([
                "GitRepository gitops/fleet",
                "Kustomization gitops/fleet",
                "Secret gitops/my-token",
                "Receiver gitops/my-receiver",
                "Provider gitops/my-provider",
                "Alert gitops/my-alert",
                "Pipeline ci/my-pipeline",
                "EventListener ci/my-listener",
                "ServiceAccount ci/my-account",
                "Role ci/my-account",
                "RoleBinding ci/my-account",
                "ClusterRole /ci-my-account",
                "ClusterRoleBinding /ci-my-account",
                "ServiceAccount ci/my-runs",
                "Secret gitops/my-provider-headers",
                "Secret ci/my-listener-token",
                "NetworkPolicy ci/el-my-listener",
                "ServiceAccount ci/flux-catch-up",
                "Role gitops/ci-flux-catch-up-0",
                "RoleBinding gitops/ci-flux-catch-up-0",
                "Role ci/flux-catch-up",
                "RoleBinding ci/flux-catch-up",
                "Deployment ci/flux-catch-up",
                "ServiceAccount ci/flux-run-history",
                "Role ci/flux-run-history",
                "RoleBinding ci/flux-run-history",
                "Role gitops/ci-flux-run-history-0",
                "RoleBinding gitops/ci-flux-run-history-0",
                "CronJob ci/flux-run-history",
            ]);
        });
    });

    describe("routes", () => {
        const triggersOf = (resources: Registrations): Trigger[] =>
            (resources.object("EventListener").inputs.spec as { triggers: Trigger[] }).triggers;
        /** What the interceptors of a trigger are given under a name, in their order. */
        const given = (resources: Registrations, trigger: string, parameter: string): unknown[] =>
            triggersOf(resources)
                .find(({ name }) => name === `${trigger}-trigger`)!
                .interceptors.map(({ params }) => params.find(({ name }) => name === parameter)?.value);
        interface Trigger {
            readonly name: string;
            readonly bindings: readonly object[];
            readonly template: { readonly ref: string };
            readonly interceptors: { readonly params: { readonly name: string; readonly value: unknown }[] }[];
        }

        /** Which of the objects that routes refer to belong to which content. */
        const templatesOf = (resources: Registrations): Record<string, string> =>
            Object.fromEntries(
                resources
                    .written(/^Trigger(Binding|Template)$/)
                    .map(({ metadata, spec }) => [metadata.name, JSON.stringify(spec)]),
            );
        const shared = /^flux-event-listener-[0-9a-f]{8}-template$/;

        it("make a template each if they differ, and a trigger each, on one listener", async () => {
            const timeout = { name: "deploy", params: ["commit"], timeout: "5m" };
            const { resources } = await simulateStack({
                routes: [{ name: "build" }, { name: "deploy", pipeline: timeout }],
            });
            expect(triggersOf(resources).map(({ name }) => name)).to.deep.equal(["build-trigger", "deploy-trigger"]);
            for (const name of ["build", "deploy"]) {
                const template = resources.object("TriggerTemplate", `${name}-template`);
                const run = "spec.resourcetemplates[0].metadata";
                expectField(template, `${run}.name`, `${name}-run-$(tt.params.run)`);
                expectField(template, `${run}.labels`, { "flux-to-tekton/route": name });
            }
        });

        it("with the same settings share a template, to which their triggers give what is theirs", async () => {
            const other = { name: "release", params: demoPipelineParams, serviceAccountName: "releaser" };
            const { resources } = await simulateStack({
                routes: [{ name: "build" }, { name: "release", pipeline: other }],
            });
            const [template, ...others] = resources.written(/^TriggerTemplate$/);
            expect(others).to.deep.equal([]);
            expect(template!.metadata.name).to.match(shared);
            const { resourcetemplates, params } = template!.spec as {
                params: { name: string }[];
                resourcetemplates: [KubernetesObject];
            };
            expect(params.map(({ name }) => name)).to.have.members([
                ...[...demoPipelineParams, "run"],
                ...["route", "pipeline", "serviceAccountName"],
            ]);
            const [run] = resourcetemplates;
            expect(run.metadata).to.deep.equal({
                name: "$(tt.params.route)-run-$(tt.params.run)",
                labels: { "flux-to-tekton/route": "$(tt.params.route)" },
            });
            expect(run.spec).to.deep.include({
                pipelineRef: { name: "$(tt.params.pipeline)" },
                taskRunTemplate: { serviceAccountName: "$(tt.params.serviceAccountName)" },
            });
            const own = (route: string, pipeline: string, serviceAccountName: string): object[] =>
                Object.entries({ route, pipeline, serviceAccountName }).map(([name, value]) => ({ name, value }));
            const build = own("build", outputOf("flux-demo-pipeline"), outputOf("flux-notification-run"));
            const release = own("release", "release", "releaser");
            expect(triggersOf(resources).map(({ bindings: [, ...given] }) => given)).to.deep.equal([build, release]);
            for (const { template: used } of triggersOf(resources)) {
                expect(used.ref).to.equal(outputOf(template!.metadata.name));
            }
        });

        const plain = { name: "release", params: ["commit"] };
        for (const [what, change] of Object.entries({
            "other parameters": { params: ["branch"] },
            "other values": { values: { image: "example.com/app" } },
            workspaces: { workspaces: [{ name: "source", emptyDir: {} }] },
            "another time": { timeout: "5m" },
        })) {
            it(`with ${what} have a template of their own`, async () => {
                const { resources } = await simulateStack({
                    routes: [
                        { name: "a", pipeline: plain },
                        { name: "b", pipeline: { ...plain, ...change } },
                        { name: "c", pipeline: plain },
                    ],
                });
                const names = resources.written(/^TriggerTemplate$/).map(({ metadata }) => metadata.name);
                expect(names).to.have.length(2).and.include("b-template");
                expect(names.some((name) => shared.test(name))).to.equal(true);
            });
        }

        it("share nothing that changes when one of them does", async () => {
            const variants = [{}, { params: ["branch"] }, { values: { image: "a" } }, { values: { image: "b" } }];
            const stacks = variants.flatMap((first) => variants.map((second) => [plain, first, second] as const));
            const contents = new Map<string, Set<string>>();
            for (const pipelines of stacks) {
                const routes = pipelines.map((pipeline, index) => ({
                    name: `route-${index}`,
                    pipeline: { ...plain, ...pipeline },
                }));
                for (const [name, content] of Object.entries(
                    templatesOf((await simulateStack({ routes })).resources),
                )) {
                    contents.set(name, (contents.get(name) ?? new Set()).add(content));
                }
            }
            // A route's own may change with it; of the shared ones none does.
            const changing = [...contents].filter(([, { size }]) => size > 1).map(([name]) => name);
            expect(changing).to.include("route-1-template");
            expect(changing.filter((name) => !name.startsWith("route-"))).to.deep.equal([]);
        });

        it("with the same parameters share bindings", async () => {
            const other = { name: "release", params: ["commit"] };
            const { resources } = await simulateStack({
                routes: [{ name: "build" }, { name: "deploy" }, { name: "release", pipeline: other }, { name: "scan" }],
            });
            const made = resources.written(/^TriggerBinding$/).map(({ metadata }) => metadata.name);
            const ofThree = made.find((name) => name.startsWith("flux-event-listener-"))!.replace(/-binding$/, "");
            expect(made).to.have.members([`${ofThree}-binding`, "release-binding"]);
            expect(triggersOf(resources).map(({ bindings: [binding] }) => binding)).to.deep.equal(
                [ofThree, ofThree, "release", ofThree].map((name) => ({ ref: outputOf(`${name}-binding`) })),
            );
        });

        it("start where they say, and otherwise from the synced repository", async () => {
            const bucket = { kind: "Bucket", name: "charts", namespace: "apps" };
            const { resources } = await simulateStack({ routes: [{ name: "a", source: bucket }, { name: "b" }] });
            const [filter] = given(resources, "a", "filter");
            expect(filter).to.include("'Bucket'").and.include("'charts'").and.include("'apps'");
            expect(given(resources, "b", "filter")[0]).to.include(`'${outputOf("flux-system")}'`);
            const synced = { kind: "GitRepository", name: outputOf("flux-system"), namespace: "flux-system" };
            expectField(resources.object("Alert"), "spec.eventSources", [bucket, synced]);
            expectField(resources.object("Receiver"), "spec.resources", [bucket, synced]);
            const sources = "/apis/source.toolkit.fluxcd.io/v1/namespaces";
            expect(catchUpEnvironment(resources).SOURCES!.split("\n")).to.deep.equal([
                `Bucket apps charts ${sources}/apps/buckets a-run-`,
                `GitRepository flux-system ${outputOf("flux-system")} ${sources}/flux-system/gitrepositories b-run-`,
            ]);
        });

        it("keep as many runs as they say, and otherwise as the stack says", async () => {
            const routes = [{ name: "a", runHistoryLimit: 3 }, { name: "b", runHistoryAge: "1h" }, { name: "c" }];
            const { resources } = await simulateStack({ routes, runHistoryLimit: 20, runHistoryAge: "2m" });
            const value = resources.object("CronJob", "flux-run-history").inputs;
            expect(value)
                .to.have.nested.property("spec.jobTemplate.spec.template.spec.containers[0].env[0].value")
                .that.matches(/^a 3 120 .*\nb 20 3600 .*\nc 20 120 .*$/);
        });

        const source = { name: "app" };
        it("from one source name it once to Alert and Receiver", async () => {
            const routes = ["a", "b", "c"].map((name) => ({ name, ...(name === "c" ? {} : { source }) }));
            const { resources } = await simulateStack({ routes: [...routes, { name: "d" }] });
            const sources = ["app", outputOf("flux-system")].map((name) => ({
                kind: "GitRepository",
                name,
                namespace: "flux-system",
            }));
            expectField(resources.object("Alert"), "spec.eventSources", sources);
            expectField(resources.object("Receiver"), "spec.resources", sources);
        });

        it("that spell the synced repository out name it once, too", async () => {
            const routes = [{ name: "a" }, { name: "b", source: { name: "flux-system" } }];
            const { resources } = await simulateStack({ routes });
            const synced = { kind: "GitRepository", name: outputOf("flux-system"), namespace: "flux-system" };
            expectField(resources.object("Alert"), "spec.eventSources", [synced]);
        });

        it("give their pipeline values, workspaces, a time and an account", async () => {
            const workspaces = [{ name: "source", emptyDir: {} }];
            const pipeline = {
                ...{ name: "release", params: ["commit"], values: { image: "example.com/app" } },
                ...{ workspaces, timeout: "30m", serviceAccountName: "builder" },
            };
            const { resources } = await simulateStack({ routes: [{ name: "a", pipeline }] });
            expectField(resources.object("TriggerTemplate"), "spec.resourcetemplates[0].spec", {
                params: [
                    { name: "commit", value: "$(tt.params.commit)" },
                    { name: "image", value: "example.com/app" },
                ],
                pipelineRef: { name: "release" },
                workspaces,
                timeouts: { pipeline: "30m" },
                taskRunTemplate: { serviceAccountName: "builder" },
            });
        });

        it("start the pipeline that they say, with the parameters that it declares", async () => {
            const pipeline = { name: "release", params: ["repository", "branch", "commit"] };
            const { resources } = await simulateStack({ routes: [{ name: "a", pipeline }] });
            expectField(resources.object("TriggerBinding", "a-binding"), "spec.params", [
                { name: "repository", value: "$(body.involvedObject.name)" },
                { name: "branch", value: "$(extensions.branch)" },
                { name: "commit", value: "$(extensions.commit)" },
                { name: "run", value: "$(extensions.run)" },
            ]);
            const run = resources.object("TriggerTemplate");
            expectField(run, "spec.resourcetemplates[0].spec.pipelineRef", { name: "release" });
        });

        const overlays = async (config: object, trigger: string): Promise<string[]> => {
            const [added = []] = given((await simulateStack({ ...config })).resources, trigger, "overlays");
            return (added as { key: string }[]).map(({ key }) => key);
        };

        it("have overlays for no more than run and parameters need", async () => {
            const pipeline = { name: "release", params: ["repository", "branch"] };
            const routes = [{ name: "plain" }, { name: "branched", pipeline }];
            expect(await overlays({ routes }, "plain")).to.deep.equal(["message", "run"]);
            expect(await overlays({ routes }, "branched")).to.deep.equal(["branch", "run"]);
            expect(await overlays({ routes, runNaming: "uid", catchUp: false }, "plain")).to.deep.equal(["message"]);
        });

        it("ask their filter after the source's own, in an interceptor that sees the revision's parts", async () => {
            const filter = "extensions.branch == 'stable'";
            const routes = [{ name: "a", filter }, { name: "b" }];
            const { resources } = await simulateStack({ routes });
            const [own, further, ...others] = given(resources, "a", "filter");
            expect(own).to.include("GitRepository").and.not.include("stable");
            expect(further).to.equal(filter);
            expect(others).to.deep.equal([]);
            const parts = ["message", "revision", "branch", "commit", "run"];
            expect(await overlays({ routes }, "a")).to.deep.equal(parts);
            expect(given(resources, "b", "filter")).to.have.length(1);
        });
    });

    describe("secrets", () => {
        it("are the token, from its resource to the Secret", async () => {
            const { resources } = await simulateStack();
            const token = resources.named("webhook-token-token");
            expect(token.additionalSecretOutputs).to.include("result");
            const secret = resources.object("Secret", "generic-receiver-token");
            expectField(secret, "stringData", { token: "random-of-webhook-token-token" });
            expect(secret.secretInputs).to.deep.equal(["stringData"]);
            expect(secret.additionalSecretOutputs).to.have.members(["data", "stringData"]);
        });

        it("the token has 256 bits, in a resource whose id doesn't show them, as a RandomId's would", async () => {
            const { type, inputs } = (await simulateStack()).resources.named("webhook-token-token");
            expect(type).to.equal("random:index/randomPassword:RandomPassword");
            expect(inputs).to.deep.equal({ length: 43, special: false });
            const lettersAndDigits = 62;
            expect((inputs.length as number) * Math.log2(lettersAndDigits)).to.be.at.least(256);
        });

        /** Who holds each token, and the property that is marked secret there. */
        const holders = {
            "random-of-webhook-token-token": { "webhook-token-secret": ["stringData"] },
            "random-of-event-authentication-token": {
                "event-authentication-listener": ["stringData"],
                "event-authentication-sender": ["stringData"],
            },
        };
        for (const [token, held] of Object.entries(holders)) {
            it(`${token} stands nowhere but in its Secrets`, async () => {
                const { resources, outputs } = await simulateStack({ receiverBaseUrl: "https://hooks.example.com" });
                const found = resources.filter(({ inputs }) => JSON.stringify(inputs).includes(token));
                expect(Object.fromEntries(found.map(({ name, secretInputs }) => [name, secretInputs]))).to.deep.equal(
                    held,
                );
                for (const { inputs, name } of found) {
                    const { stringData, ...others } = inputs;
                    expect(stringData, name).not.to.equal(undefined);
                    expect(JSON.stringify(others), name).not.to.include(token);
                }
                const { eventListenerUrl, receiverPath, receiverUrl, names } = outputs;
                for (const output of [eventListenerUrl, receiverPath, receiverUrl!, ...Object.values(names)]) {
                    expect((await resolve(output)).value).not.to.include("random-of-");
                }
            });
        }

        it("the header's Secret is what a Provider takes", async () => {
            const { resources } = await simulateStack();
            const secret = resources.object("Secret", "tekton-el-provider-headers");
            const headers = "X-Flux-Event-Token: random-of-event-authentication-token";
            expectField(secret, "stringData", { headers });
            expect(secret.additionalSecretOutputs).to.have.members(["data", "stringData"]);
        });

        it("the Receiver's path, which stands for the token, is one too", async () => {
            const { resources, outputs } = await simulateStack({ receiverBaseUrl: "https://hooks.example.com/" });
            expect(resources.object("Receiver").additionalSecretOutputs).to.deep.equal(["status"]);
            expect((await resolve(outputs.receiverPath)).secret).to.equal(true);
            expect((await resolve(outputs.receiverUrl!)).secret).to.equal(true);
        });

        it("are nothing else: names and addresses can be read", async () => {
            const { resources, outputs } = await simulateStack();
            expect((await resolve(outputs.eventListenerUrl)).secret).to.equal(false);
            for (const name of Object.values(outputs.names)) expect((await resolve(name)).secret).to.equal(false);
            const secret = resources.filter(({ secretInputs }) => secretInputs.length > 0);
            // The Receiver's annotations hold the path to wait for.
            expect(secret.map(({ name, secretInputs }) => `${name} ${secretInputs.join(" ")}`)).to.have.members([
                "webhook-token-secret stringData",
                "event-authentication-listener stringData",
                "event-authentication-sender stringData",
            ]);
        });
    });

    describe("Git credentials", () => {
        it("aren't made for a public repository", async () => {
            const { resources } = await simulateStack();
            expect(resources.some(({ name }) => name === "flux-sync-credentials")).to.equal(false);
            expect(resources.object("GitRepository").inputs).not.to.have.nested.property("spec.secretRef");
        });

        it("for https are user and password, in a Secret that the GitRepository names", async () => {
            const { resources } = await simulateStack({ gitUsername: "fleet", gitPassword: "of-the-host" });
            const secret = resources.object("Secret", "flux-system");
            expectField(secret, "stringData", { username: "fleet", password: "of-the-host" });
            expect(secret.secretInputs).to.deep.equal(["stringData"]);
            expectField(resources.object("GitRepository"), "spec.secretRef", { name: outputOf("flux-system") });
        });

        it("for ssh are key and host keys, in a Secret that the GitRepository names", async () => {
            const gitUrl = "ssh://git@git.example.com/fleet.git";
            const config = { gitUrl, gitIdentity: "private-key", gitKnownHosts: "git.example.com ssh-ed25519 AAAA" };
            const { resources } = await simulateStack(config);
            const secret = resources.object("Secret", "flux-system");
            const data = { identity: "private-key", known_hosts: "git.example.com ssh-ed25519 AAAA" };
            expectField(secret, "stringData", data);
            expect(secret.secretInputs).to.deep.equal(["stringData"]);
            expectField(resources.object("GitRepository"), "spec.secretRef", { name: outputOf("flux-system") });
        });

        it("are in the Secret of the configured name, under the names that Flux gives them", async () => {
            const cases: [config: Record<string, unknown>, data: Record<string, string>][] = [
                [
                    { gitPassword: "p", gitCaCertificate: "-----BEGIN CERTIFICATE-----" },
                    { username: "git", password: "p", "ca.crt": "-----BEGIN CERTIFICATE-----" },
                ],
                [{ gitBearerToken: "t" }, { bearerToken: "t" }],
                [
                    {
                        gitUrl: "ssh://git@host/a",
                        gitIdentity: "key",
                        gitKnownHosts: "host",
                        gitPassword: "passphrase",
                    },
                    { identity: "key", known_hosts: "host", password: "passphrase" },
                ],
            ];
            for (const [config, data] of cases) {
                const { resources } = await simulateStack({ ...config, gitSecretName: "of-git" });
                const secret = resources.object("Secret", "of-git");
                expectField(secret, "stringData", data);
                expect(secret.secretInputs).to.deep.equal(["stringData"]);
                expectField(resources.object("GitRepository"), "spec.secretRef", { name: outputOf("of-git") });
            }
        });

        it("can be in a Secret that is there already", async () => {
            const { resources } = await simulateStack({ gitSecretName: "of-the-vault" });
            expect(resources.some(({ name }) => name === "flux-sync-credentials")).to.equal(false);
            expectField(resources.object("GitRepository"), "spec.secretRef", { name: "of-the-vault" });
        });

        it("stand nowhere but in their Secret", async () => {
            const { resources } = await simulateStack({ gitPassword: "of-the-host" });
            const holders = resources.filter((resource) => JSON.stringify(resource).includes("of-the-host"));
            expect(holders.map(({ name }) => name)).to.deep.equal(["flux-sync-credentials"]);
        });
    });

    for (const [kind, plural, config] of [
        ["OCIRepository", "ocirepositories", { oci: { url: "oci://registry.example.com/fleet" } }],
        ["Bucket", "buckets", { bucket: { name: "fleet", endpoint: "s3.example.com" } }],
    ] as const) {
        describe(`a stack that follows an object of kind ${kind}`, () => {
            let resources: Registrations;
            before(async () => {
                ({ resources } = await simulateStack({ gitUrl: "", ...config }));
            });
            const source = { kind, name: outputOf("flux-system"), namespace: "flux-system" };

            it("has no GitRepository, and applies what that object has", () => {
                expect(resources.objects().some(({ inputs }) => inputs.kind === "GitRepository")).to.equal(false);
                const { name } = resources.object(kind).inputs.metadata;
                expect(name).to.equal("flux-system");
                expectField(resources.object("Kustomization"), "spec.sourceRef", { kind, name: source.name });
            });

            it("has it fetched by the Receiver and announced by the Alert", () => {
                expectField(resources.object("Receiver"), "spec.resources", [source]);
                expectField(resources.object("Alert"), "spec.eventSources", [source]);
            });

            it("starts runs for its events", () => {
                const listener = resources.object("EventListener");
                expect(listener.inputs)
                    .to.have.nested.property("spec.triggers[0].interceptors[0].params[0].value")
                    .that.includes(`body.involvedObject.kind == '${kind}'`);
            });

            it("has it repeated by the catch-up, which may read it", () => {
                const path = `/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/${plural}`;
                const followed = `${kind} flux-system ${source.name} ${path}`;
                expect(catchUpEnvironment(resources).SOURCES).to.equal(`${followed} flux-notification-run-`);
                expectField(resources.object("Role", "default-flux-catch-up-0"), "rules[0].resources", [plural]);
            });
        });
    }

    describe("credentials of other sources and registries", () => {
        it("of an OCI registry are what `docker login` writes, for its host", async () => {
            const oci = { url: "oci://registry.example.com:5000/fleet", username: "me" };
            const { resources } = await simulateStack({ gitUrl: "", oci, ociPassword: "of:the-registry" });
            expect(dockerConfig(resources.object("Secret", "flux-system"))).to.deep.equal({
                auths: {
                    "registry.example.com:5000": {
                        username: "me",
                        password: "of:the-registry",
                        auth: Buffer.from("me:of:the-registry").toString("base64"),
                    },
                },
            });
            expectField(resources.object("OCIRepository"), "spec.secretRef", { name: outputOf("flux-system") });
        });

        it("of a bucket are its keys", async () => {
            const bucket = { name: "fleet", endpoint: "s3.example.com", accessKey: "access" };
            const { resources } = await simulateStack({ gitUrl: "", bucket, bucketSecretKey: "of-the-bucket" });
            const secret = resources.object("Secret", "flux-system");
            expectField(secret, "stringData", { accesskey: "access", secretkey: "of-the-bucket" });
            expect(secret.secretInputs).to.deep.equal(["stringData"]);
            expectField(resources.object("Bucket"), "spec.secretRef", { name: outputOf("flux-system") });
        });

        it("of the controllers' images are in the Secret that their Deployments name", async () => {
            const { resources } = await simulateStack({
                fluxRegistry: "registry.example.com/fluxcd",
                fluxImagePullSecret: "pull",
                fluxRegistryUsername: "me",
                fluxRegistryPassword: "of-the-registry",
            });
            expect(dockerConfig(resources.object("Secret", "pull"))).to.have.nested.property(
                "auths.registry\\.example\\.com.username",
                "me",
            );
            const secret = resources.object("Secret", "pull");
            expect(secret.inputs.metadata.namespace).to.equal("flux-system");
            expect(resources.waitsFor(secret, resources.object("Namespace", "flux-system"))).to.equal(true);
            const holders = resources.filter((resource) => JSON.stringify(resource).includes("of-the-registry"));
            expect(holders.map(({ name }) => name)).to.deep.equal(["flux-image-pull-secret"]);
        });

        it("of the controllers' images are for the registry that they are pulled from in the end", async () => {
            const { resources } = await simulateStack({
                imageRegistries: { "ghcr.io/fluxcd": "flux.example.com/copies" },
                fluxImagePullSecret: "pull",
                fluxRegistryUsername: "me",
                fluxRegistryPassword: "of-the-registry",
            });
            expect(dockerConfig(resources.object("Secret", "pull"))).to.have.nested.property(
                "auths.flux\\.example\\.com.username",
                "me",
            );
        });
    });

    describe("the Secret with which all images are pulled", () => {
        const login = { imageRegistryUsername: "robot", imageRegistryPassword: "of-all-registries" };
        const given = {
            imageRegistries: { "ghcr.io": "one.example.com/ghcr", "docker.io": "two.example.com:5000/hub" },
            imagePullSecret: "pull",
        };
        const namespaces = async (config: Record<string, unknown>): Promise<unknown[]> => {
            const { resources } = await simulateStack({ ...given, ...config });
            const secrets = resources.objects().filter(({ inputs }) => inputs.metadata.name === "pull");
            for (const { secretInputs } of secrets) expect(secretInputs).to.deep.equal(["stringData"]);
            return secrets.map(({ inputs }) => inputs.metadata.namespace);
        };

        it("is made in each namespace", async () => {
            const [tekton, flux] = [outputOf("tekton-pipelines"), "flux-system"];
            expect(await namespaces(login)).to.have.members([tekton, flux, "default"]);
            const own = { namespace: "ci", createNamespace: true };
            expect(await namespaces({ ...login, ...own })).to.have.members([tekton, flux, outputOf("ci")]);
        });

        it("isn't made in Flux's where that has one of its own, and nowhere without a login", async () => {
            const ofFlux = { fluxImagePullSecret: "of-flux" };
            expect(await namespaces({ ...login, ...ofFlux })).to.have.members([
                outputOf("tekton-pipelines"),
                "default",
            ]);
            expect(await namespaces({})).to.deep.equal([]);
        });

        it("has the login of each registry", async () => {
            const { resources } = await simulateStack({ ...given, ...login });
            const secret = resources.objects().find(({ inputs }) => inputs.metadata.name === "pull");
            const entry = {
                username: "robot",
                password: "of-all-registries",
                auth: Buffer.from("robot:of-all-registries").toString("base64"),
            };
            expect(dockerConfig(secret!)).to.deep.equal({
                auths: { "one.example.com": entry, "two.example.com:5000": entry },
            });
        });
    });

    describe("the Receiver's URL", () => {
        const url = async (receiverBaseUrl?: string): Promise<string | undefined> => {
            const { outputs } = await simulateStack(receiverBaseUrl === undefined ? {} : { receiverBaseUrl });
            return outputs.receiverUrl && (await resolve(outputs.receiverUrl)).value;
        };

        it("is the configured base and the Receiver's path", async () => {
            expect(await url("https://hooks.example.com")).to.equal(
                "https://hooks.example.com/hook/path-of-the-status",
            );
        });

        it("has one slash between them, however the base ends", async () => {
            expect(await url("https://hooks.example.com/flux/")).to.equal(
                "https://hooks.example.com/flux/hook/path-of-the-status",
            );
        });

        it("isn't an output where no base is configured", async () => {
            expect(await url()).to.equal(undefined);
        });
    });
});
