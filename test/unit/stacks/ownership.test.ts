import { KubeConfig } from "@kubernetes/client-node";
import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import type { ClusterConfig } from "../../../stacks/config";
import type { Manifests } from "../../../stacks/manifests";
import { checkOwnership, claimed, stackAnnotation } from "../../../stacks/ownership";
import { PreflightError } from "../../../stacks/preflight";
import { startApiServer } from "../support/apiServer";
import { simulate } from "../support/engine";

const namespace = (name: string): KubernetesObject => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
const manifests: Manifests = {
    "tekton-pipelines": [namespace("tekton-pipelines")],
    "tekton-triggers": [],
    flux: [namespace("flux-system")],
};

/** The error of a check on a cluster that has the namespace tekton-pipelines with these annotations, or lacks it. */
async function problem(
    annotations: object | undefined,
    config: Partial<ClusterConfig> = {},
    installed = manifests,
    definitions: readonly KubernetesObject[] = [],
): Promise<Error | undefined> {
    const found = { ...namespace("tekton-pipelines"), metadata: { name: "tekton-pipelines", annotations } };
    const server = await startApiServer(
        "36",
        "1",
        annotations === undefined ? {} : { "/api/v1/namespaces/tekton-pipelines": found },
    );
    try {
        const cluster = new KubeConfig();
        cluster.loadFromString(server.kubeconfig);
        await simulate({}, () => checkOwnership(cluster, config as ClusterConfig, installed, definitions));
        return undefined;
    } catch (error) {
        return error as Error;
    } finally {
        await server.close();
    }
}

/** How a stack marks its namespaces. */
async function mark(): Promise<Record<string, string>> {
    const { outputs } = await simulate({}, () => claimed([namespace("a")]));
    return outputs[0]!.metadata.annotations as Record<string, string>;
}

describe("what is on the cluster already", () => {
    it("is nothing on an empty one", async () => {
        expect(await problem(undefined)).to.equal(undefined);
    });

    it("is fine if it is this stack's own", async () => {
        expect(await problem(await mark())).to.equal(undefined);
    });

    it("is refused if another program made it, and the message says how to take it over", async () => {
        const error = await problem({});
        expect(error).to.be.instanceOf(PreflightError);
        expect(error!.message).to.include("Namespace tekton-pipelines: not made by this program");
        expect(error!.message).to.include("pulumi config set adopt true");
    });

    it("is refused if it is another stack's, and the message names that", async () => {
        const error = await problem({ [stackAnnotation]: "organization/flux-to-tekton/production" });
        expect(error!.message).to.include("of stack organization/flux-to-tekton/production");
    });

    describe("of CustomResourceDefinitions, in whichever namespace their controllers run", () => {
        const definition = (annotations: Record<string, string>, version?: string): KubernetesObject => ({
            apiVersion: "apiextensions.k8s.io/v1",
            kind: "CustomResourceDefinition",
            metadata: {
                name: "eventlisteners.triggers.tekton.dev",
                annotations,
                ...(version !== undefined && { labels: { version } }),
            },
        });
        const product = { ...manifests, "tekton-triggers": [definition({})] };

        it("is refused with the product and the version that is there", async () => {
            const error = await problem(undefined, {}, product, [definition({}, "v0.36.0")]);
            expect(error!.message).to.include(
                "tekton-triggers v0.36.0: CustomResourceDefinition eventlisteners.triggers.tekton.dev, not made by this program",
            );
        });

        it("is fine if this program made them, also where their namespace is gone", async () => {
            const own = definition({ "pulumi.com/patchForce": "true" });
            expect(await problem(undefined, {}, product, [own])).to.equal(undefined);
        });
    });

    it("is taken over if the config says so", async () => {
        expect(await problem({}, { adopt: true })).to.equal(undefined);
    });

    it("is refused if it is the namespace that the stack would make", async () => {
        const config = { adopt: false, createNamespace: true, namespace: "tekton-pipelines" };
        const error = await problem({}, config, { ...manifests, "tekton-pipelines": [] });
        expect(error!.message).to.include("Namespace tekton-pipelines: not made by this program");
    });

    it("isn't asked for where there is no cluster to ask", async () => {
        await checkOwnership(undefined, { adopt: false } as ClusterConfig, manifests, []);
    });
});
