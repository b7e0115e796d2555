import { expect } from "chai";
import { RunError } from "@pulumi/pulumi";
import { readSettings, stackNames } from "../../../stacks/settings";
import { startApiServer } from "../support/apiServer";
import { Registrations, simulate } from "../support/engine";
import { loadProgram, of2020 } from "../support/program";
import { mirror } from "../support/releases";

/** A Kubernetes that suits a stack's releases, where it isn't today's. */
const kubernetes: Record<string, string> = { "legacy-2020": of2020.kubernetesMinor };

interface Run {
    readonly resources: Registrations;
    readonly error?: Error;
}

/** Runs index.ts with a stack's own file, on a simulated cluster of a version. */
async function run(test: Mocha.Context, stack: string, minor = kubernetes[stack] ?? "36"): Promise<Run> {
    if (mirror === undefined) test.skip();
    test.timeout(60_000);
    const server = await startApiServer(minor);
    const resources = new Registrations();
    const { config } = readSettings(stack, { releaseMirror: mirror, "kubernetes:kubeconfig": server.kubeconfig });
    try {
        await simulate(config, loadProgram(), { resources });
        return { resources };
    } catch (error) {
        return { resources, error: error as Error };
    } finally {
        await server.close();
    }
}

describe("the stacks' files", () => {
    it("are these", () => {
        expect(stackNames()).to.include.members(["legacy-2020", "production", "staging"]);
    });

    for (const stack of stackNames()) {
        it(`can be brought up: ${stack}`, async function () {
            const { resources, error } = await run(this, stack);
            expect(error).to.equal(undefined);
            const kinds = new Set(resources.objects().map(({ inputs }) => inputs.kind));
            expect(kinds).to.include.keys("GitRepository", "Receiver", "Provider", "Alert", "EventListener");
        });
    }

    describe("production", () => {
        let resources: Registrations;
        before(async function () {
            ({ resources } = await run(this, "production"));
        });

        it("has a namespace of its own, in which everything of the chain is, before all of it, and not after Tekton", () => {
            const namespace = resources.object("Namespace", "ci");
            expect(namespace.inputs.metadata.labels).to.deep.equal({
                "pod-security.kubernetes.io/enforce": "restricted",
            });
            // Or a destroy would wait for it while Tekton's webhooks, which may be dead, are still asked.
            expect(resources.waitsFor(namespace, resources.named("tekton-triggers"))).to.equal(false);
            for (const kind of ["EventListener", "TriggerTemplate", "CronJob", "NetworkPolicy", "Pipeline"]) {
                for (const { inputs, ...object } of resources.objects().filter(({ inputs }) => inputs.kind === kind)) {
                    if (inputs.metadata.namespace === "flux-system") continue;
                    expect(inputs.metadata.namespace, inputs.metadata.name).to.match(/^ci(-from-output)?$/);
                    expect(resources.waitsFor({ inputs, ...object } as never, namespace)).to.equal(true);
                }
            }
        });

        it("has two listeners, of which one stays, the catch-up, a limit to the runs' history, and Helm", () => {
            expect(resources.object("EventListener").inputs).to.have.nested.property(
                "spec.resources.kubernetesResource.replicas",
                2,
            );
            expect(resources.object("PodDisruptionBudget").inputs.spec).to.include({ minAvailable: 1 });
            expect(resources.named("catch-up").type).to.equal("flux-to-tekton:triggers:CatchUp");
            expect(JSON.stringify(resources.object("CronJob", "flux-run-history").inputs)).to.include(
                "flux-notification 100 2592000 ",
            );
            expect(resources.object("Deployment", "helm-controller").inputs.metadata.namespace).to.equal("flux-system");
        });
    });

    describe("legacy-2020", () => {
        it("is refused by a newer cluster, with the reason of each release, before anything is registered", async function () {
            const { error, resources } = await run(this, "legacy-2020", "22");
            expect(RunError.isInstance(error)).to.equal(true);
            expect(error!.message).to.include("runs Kubernetes 1.22");
            for (const release of ["tekton-pipelines v0.18.1", "tekton-triggers v0.10.1", "flux v0.5.6"]) {
                expect(error!.message).to.include(`${release} needs 1.21 or older: its API versions have been removed`);
            }
            expect(resources).to.have.length(0);
        });
    });
});
