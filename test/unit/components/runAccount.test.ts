import { expect } from "chai";
import { RunAccount } from "../../../components/triggerChain/runAccount";
import { outputOf, resolve, simulate } from "../support/engine";

describe("the runs' account", () => {
    it("is a ServiceAccount without token and without any role", async () => {
        const { resources, outputs } = await simulate({}, () => new RunAccount("runs", { namespace: "ci" }));
        expect(resources.written()).to.deep.equal([
            {
                apiVersion: "v1",
                kind: "ServiceAccount",
                metadata: { name: "flux-notification-run", namespace: "ci" },
                automountServiceAccountToken: false,
            },
        ]);
        expect((await resolve(outputs.serviceAccountName)).value).to.equal(outputOf("flux-notification-run"));
    });
});
