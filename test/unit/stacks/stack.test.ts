import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import type { ClusterOutputs } from "../../../stacks/cluster";
import { outputOf, type Registrations, resolve } from "../support/engine";
import { simulateStack } from "../support/fixture";

/** What Pulumi's wire protocol writes in place of a value that isn't known yet. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The objects that the program writes itself. */
function chain(resources: Registrations): KubernetesObject[] {
    return ["flux-sync", "demo-pipeline", "trigger-chain", "alerting", "webhook-token", "receiver"].flatMap((name) =>
        resources
            .within(name)
            .objects()
            .map(({ inputs }) => inputs),
    );
}

/** An object's field, as chai's nested paths name it. */
function expectField(object: { inputs: KubernetesObject }, path: string, value: unknown): void {
    expect(object.inputs, `${object.inputs.kind} ${object.inputs.metadata.name}`)
        .to.have.nested.property(path)
        .that.deep.equals(value);
}

describe("stack", () => {
    describe("wiring: each link is the other resource's output", () => {
        let resources: Registrations;
        let outputs: ClusterOutputs;
        before(async () => {
            ({ resources, outputs } = await simulateStack());
        });
        const of = (kind: string): ReturnType<Registrations["object"]> => resources.object(kind);
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
        it("CEL filter → GitRepository", () => {
            const path = "spec.triggers[0].interceptors[0].params[0].value";
            expect(of("EventListener").inputs)
                .to.have.nested.property(path)
                .that.includes(`body.involvedObject.name == '${synced.name}'`);
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
            const named = params.map((name) => ({ name }));
            expectField(of("TriggerTemplate"), "spec.params", named);
            expectField(of("TriggerBinding"), "spec.params", [
                { name: "message", value: "$(body.message)" },
                { name: "repository", value: "$(body.involvedObject.name)" },
                { name: "namespace", value: "$(body.involvedObject.namespace)" },
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
                gitRepository: outputOf("flux-system"),
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

    it("manages every Kubernetes object with its own provider, and with the tested version of it", async () => {
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
            expect(object.provider, object.name).to.equal(`${urn}::cluster-id`);
            expect(object.version, object.name).to.equal("4.25.0");
        }
    });

    it("works on the cluster that the provider's config names", async () => {
        const config = { "kubernetes:kubeconfig": "/some/kubeconfig", "kubernetes:context": "staging" };
        const { resources } = await simulateStack(config);
        expect(resources.named("cluster").inputs).to.include({ kubeconfig: "/some/kubeconfig", context: "staging" });
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
            pipelineName: "my-pipeline",
            pipelineImage: "busybox",
        };
        const demonstration =
            /flux-system|generic-receiver|tekton-el-provider|tekton-alert|"default"|flux-event-listener|flux-notifications-sa|flux-demo-pipeline|alpine/;

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
                "flux-notification-run-$(uid)",
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
            ]);
        });
    });

    describe("routes", () => {
        const filterOf = (resources: Registrations, trigger: number): unknown =>
            (resources.object("EventListener").inputs as unknown as { spec: { triggers: Trigger[] } }).spec.triggers[
                trigger
            ]!.interceptors[0]!.params.find(({ name }) => name === "filter")!.value;
        interface Trigger {
            readonly name: string;
            readonly interceptors: { readonly params: { readonly name: string; readonly value: unknown }[] }[];
        }

        it("make a trigger, a binding and a template each, on one listener", async () => {
            const { resources } = await simulateStack({ routes: [{ name: "build" }, { name: "deploy" }] });
            const { triggers } = resources.object("EventListener").inputs.spec as { triggers: Trigger[] };
            expect(triggers.map(({ name }) => name)).to.deep.equal(["build-trigger", "deploy-trigger"]);
            for (const name of ["build", "deploy"]) {
                resources.object("TriggerBinding", `${name}-binding`);
                const run = "spec.resourcetemplates[0].metadata.name";
                expectField(resources.object("TriggerTemplate", `${name}-template`), run, `${name}-run-$(uid)`);
            }
        });

        it("start where they say, and otherwise from the synced repository", async () => {
            const bucket = { kind: "Bucket", name: "charts", namespace: "apps" };
            const { resources } = await simulateStack({ routes: [{ name: "a", source: bucket }, { name: "b" }] });
            expect(filterOf(resources, 0)).to.include("'Bucket'").and.include("'charts'").and.include("'apps'");
            expect(filterOf(resources, 1)).to.include(`'${outputOf("flux-system")}'`);
            const synced = { kind: "GitRepository", name: outputOf("flux-system"), namespace: "flux-system" };
            expectField(resources.object("Alert"), "spec.eventSources", [bucket, synced]);
            expectField(resources.object("Receiver"), "spec.resources", [bucket, synced]);
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

        it("start the pipeline that they say, with the parameters that it declares", async () => {
            const pipeline = { name: "release", params: ["repository", "branch", "commit"] };
            const { resources } = await simulateStack({ routes: [{ name: "a", pipeline }] });
            expectField(resources.object("TriggerBinding"), "spec.params", [
                { name: "repository", value: "$(body.involvedObject.name)" },
                { name: "branch", value: "$(extensions.branch)" },
                { name: "commit", value: "$(extensions.commit)" },
            ]);
            const run = resources.object("TriggerTemplate");
            expectField(run, "spec.resourcetemplates[0].spec.pipelineRef", { name: "release" });
            const params = "spec.triggers[0].interceptors[0].params[1]";
            expectField(resources.object("EventListener"), `${params}.name`, "overlays");
            expectField(resources.object("EventListener"), `${params}.value[0].key`, "branch");
            expectField(resources.object("EventListener"), `${params}.value[1].key`, "commit");
        });

        it("need no overlays where the event carries every parameter", async () => {
            const { resources } = await simulateStack();
            expect(resources.object("EventListener").inputs)
                .to.have.nested.property("spec.triggers[0].interceptors[0].params")
                .with.length(1);
        });

        it("let only pass what their filter allows", async () => {
            const filter = "body.reason == 'NewArtifact'";
            const { resources } = await simulateStack({ routes: [{ name: "a", filter }, { name: "b" }] });
            expect(filterOf(resources, 0)).to.match(/ && \(body\.reason == 'NewArtifact'\)$/);
            expect(filterOf(resources, 1)).not.to.include("NewArtifact");
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

        it("the token stands nowhere but in its Secret", async () => {
            const { resources, outputs } = await simulateStack({ receiverBaseUrl: "https://hooks.example.com" });
            const holders = resources.filter(({ inputs }) => JSON.stringify(inputs).includes("random-of-"));
            expect(holders.map(({ name }) => name)).to.deep.equal(["webhook-token-secret"]);
            const { eventListenerUrl, receiverPath, receiverUrl, names } = outputs;
            for (const output of [eventListenerUrl, receiverPath, receiverUrl!, ...Object.values(names)]) {
                expect((await resolve(output)).value).not.to.include("random-of-");
            }
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
            expect(secret.map(({ name }) => name)).to.deep.equal(["webhook-token-secret"]);
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

        it("stand nowhere but in their Secret", async () => {
            const { resources } = await simulateStack({ gitPassword: "of-the-host" });
            const holders = resources.filter((resource) => JSON.stringify(resource).includes("of-the-host"));
            expect(holders.map(({ name }) => name)).to.deep.equal(["flux-sync-credentials"]);
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
