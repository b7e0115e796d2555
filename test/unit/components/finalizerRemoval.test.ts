import { expect } from "chai";
import type { ResourceProvider } from "@pulumi/pulumi/dynamic";
import type { Registered } from "../support/engine";
import { runProgram, today } from "../support/program";
import { type ApiServer, startApiServer } from "../support/apiServer";

const kustomizations = "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations";
const controller = "/apis/apps/v1/namespaces/flux-system/deployments/kustomize-controller";

function kustomization(name: string, finalizers?: string[]): object {
    return { metadata: { name, namespace: "apps", finalizers } };
}

describe("the removal of Flux's finalizers", () => {
    let removal: Registered;
    let server: ApiServer | undefined;

    before(async function () {
        const { resources } = await runProgram(this, today);
        removal = resources.named("flux-finalizers");
    });
    afterEach(async () => server?.close());

    /** As the SDK's dynamic provider does it: from the text alone, outside of this file. */
    async function remove(objects: Readonly<Record<string, object>>): Promise<ApiServer["changes"]> {
        server = await startApiServer("36", "1", objects);
        const exports = {} as { handler: () => ResourceProvider };
        new Function("exports", "require", removal.inputs.__provider as string)(exports, require);
        await exports.handler().delete!("finalizers", { ...removal.inputs, kubeconfig: server.kubeconfig });
        return server.changes;
    }

    it("is a dynamic resource, which every Pulumi installation has the provider of", () => {
        expect(removal.type).to.match(/^pulumi-nodejs:dynamic[/:]/);
        expect(removal.additionalSecretOutputs).to.include("kubeconfig");
    });

    it("takes Flux's own from every object that has it, and leaves others'", async () => {
        const items = [
            kustomization("held", ["finalizers.fluxcd.io"]),
            kustomization("held-by-others-too", ["example.com/audit", "finalizers.fluxcd.io"]),
            kustomization("held-by-others", ["example.com/audit"]),
            kustomization("free"),
        ];
        const changes = await remove({ [kustomizations]: { items } });
        expect(changes.map(({ method, path }) => `${method} ${path}`)).to.deep.equal([
            "PATCH /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/apps/kustomizations/held",
            "PATCH /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/apps/kustomizations/held-by-others-too",
        ]);
        expect(changes[0]!.body).to.deep.equal([
            { op: "test", path: "/metadata/finalizers", value: ["finalizers.fluxcd.io"] },
            { op: "replace", path: "/metadata/finalizers", value: [] },
        ]);
        expect(changes[1]!.body).to.deep.include({
            op: "replace",
            path: "/metadata/finalizers",
            value: ["example.com/audit"],
        });
    });

    it("does nothing while a controller is there to clear them", async () => {
        const items = [kustomization("held", ["finalizers.fluxcd.io"])];
        const changes = await remove({ [kustomizations]: { items }, [controller]: { metadata: {} } });
        expect(changes).to.deep.equal([]);
    });
});
