import { expect } from "chai";
import { push } from "../../demo/chain";
import { kubectl, list } from "../../demo/cluster";
import { operation, staging } from "./staging";
import { left, measured } from "./support";

describe("the stack", function () {
    this.timeout(12 * 60_000);
    this.bail(true);

    it("is destroyed, and leaves nothing behind but what Flux deployed", async () => {
        await deployByKustomizationOfTheRepository();
        const stack = await staging();
        await measured("destroy", () => stack.destroy(operation));
        expect(await left()).to.deep.equal([]);
        const configMaps = (await list("configmaps", "-n", "default")).map(({ metadata }) => metadata.name);
        expect(configMaps).to.include.members(["greeting", "farewell"]);
    });
});

/** The repository brings a Kustomization of its own, with a finalizer that only Flux clears; Pulumi knows nothing of it. */
async function deployByKustomizationOfTheRepository(): Promise<void> {
    const farewell = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "farewell", namespace: "default" },
    };
    const kustomization = {
        apiVersion: "kustomize.toolkit.fluxcd.io/v1",
        kind: "Kustomization",
        metadata: { name: "farewells", namespace: "flux-system" },
        spec: {
            interval: "10m0s",
            path: "./farewells",
            prune: true,
            sourceRef: { kind: "GitRepository", name: "flux-system" },
        },
    };
    await push("Say farewell", {
        "farewells/farewell.yaml": JSON.stringify(farewell),
        "staging-cluster/farewells.yaml": JSON.stringify(kustomization),
    });
    await kubectl("wait", "--for=create", "configmap/farewell", "--timeout=180s");
}
