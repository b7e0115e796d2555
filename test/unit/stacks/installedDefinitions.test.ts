import { KubeConfig } from "@kubernetes/client-node";
import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { PreflightError } from "../../../stacks/preflight";
import { checkStoredVersions, installedDefinitions } from "../../../stacks/installedDefinitions";
import { startApiServer } from "../support/apiServer";

const definition = (...versions: string[]): KubernetesObject => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "pipelines.tekton.dev" },
    spec: {
        group: "tekton.dev",
        names: { kind: "Pipeline" },
        versions: versions.map((name) => ({ name })),
    },
});

/** The error of installing a definition with these versions where objects are stored in those. */
async function problem(stored: readonly string[] | undefined, installed: KubernetesObject): Promise<Error | undefined> {
    const live = { ...definition("v1beta1", "v1"), status: { storedVersions: stored } };
    const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/pipelines.tekton.dev";
    const server = await startApiServer("36", "1", stored === undefined ? {} : { [path]: live });
    try {
        const cluster = new KubeConfig();
        cluster.loadFromString(server.kubeconfig);
        const manifests = { "tekton-pipelines": [installed] };
        checkStoredVersions(await installedDefinitions(cluster, manifests), manifests);
        return undefined;
    } catch (error) {
        return error as Error;
    } finally {
        await server.close();
    }
}

describe("the versions in which a cluster has stored objects", () => {
    it("are none on an empty one", async () => {
        expect(await problem(undefined, definition("v1"))).to.equal(undefined);
    });

    it("are known to the release that is to be installed", async () => {
        expect(await problem(["v1beta1", "v1"], definition("v1beta1", "v1", "v2"))).to.equal(undefined);
    });

    it("are refused if the release doesn't know one, with its name, those that it knows, and what to do", async () => {
        const error = await problem(["v1beta1", "v1"], definition("v1", "v2"));
        expect(error).to.be.instanceOf(PreflightError);
        expect(error!.message).to.include(
            "tekton-pipelines: pipelines.tekton.dev has objects stored as v1beta1; the release knows v1, v2",
        );
        expect(error!.message).to.include("status.storedVersions").and.include("flux migrate");
    });

    it("are compared with the one version of a definition of 2020", async () => {
        const spec = { ...(definition().spec as object), versions: undefined, version: "v1alpha1" };
        const old = { ...definition(), apiVersion: "apiextensions.k8s.io/v1beta1", spec };
        expect(await problem(["v1alpha1"], old)).to.equal(undefined);
        expect((await problem(["v1"], old))!.message).to.include("the release knows v1alpha1");
    });

    it("aren't asked for where there is no cluster to ask", async () => {
        const manifests = { "tekton-pipelines": [definition("v1")] };
        expect(await installedDefinitions(undefined, manifests)).to.deep.equal([]);
    });
});
