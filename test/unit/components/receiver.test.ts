import { expect } from "chai";
import { createHash } from "node:crypto";
import type { Generation } from "../../../components/generation";
import { Receiver } from "../../../components/receiver";
import { WebhookToken } from "../../../components/webhookToken";
import { outputOf, type Registrations, resolve, simulate } from "../support/engine";

async function receiver(
    generation: Generation = "v1",
    rotation?: string,
): Promise<{ resources: Registrations; outputs: Receiver }> {
    return simulate({}, () => {
        const token = new WebhookToken("token", { namespace: "gitops", rotation });
        return new Receiver("receiver", {
            generation,
            namespace: "gitops",
            tokenSecretName: token.secretName,
            token: token.value,
            sources: [],
        });
    });
}

function annotations(resources: Registrations): Record<string, string> {
    return resources.object("Receiver").inputs.metadata.annotations as Record<string, string>;
}

describe("the Receiver", () => {
    /** https://fluxcd.io/flux/components/notification/receivers/#webhook-path */
    const path = (token: string): string =>
        `/hook/${createHash("sha256").update(`${token}generic-receivergitops`).digest("hex")}`;

    it("is waited for until it answers at the path that follows from the token", async () => {
        const { resources } = await receiver();
        const awaited = `jsonpath={.status.webhookPath}=${path("random-of-token-token")}`;
        expect(annotations(resources)["pulumi.com/waitFor"]).to.equal(awaited);
    });

    it("has told its path elsewhere in 2020", async () => {
        const { resources } = await receiver("2020");
        const awaited = `jsonpath={.status.url}=${path("random-of-token-token")}`;
        expect(annotations(resources)["pulumi.com/waitFor"]).to.equal(awaited);
    });

    it("is waited for at another path once the token rotates, and looks at its Secret at once", async () => {
        const before = annotations((await receiver()).resources);
        const { resources } = await receiver("v1", "2026-11");
        const after = annotations(resources);
        expect(resources.named("token-token").inputs.keepers).to.deep.equal({ rotation: "2026-11" });
        expect(after["pulumi.com/waitFor"]).to.include(path("random-of-token-token-since-2026-11"));
        expect(after["pulumi.com/waitFor"]).not.to.equal(before["pulumi.com/waitFor"]);
        expect(after["reconcile.fluxcd.io/requestedAt"]).not.to.equal(before["reconcile.fluxcd.io/requestedAt"]);
    });

    it("is the same from run to run while the token is", async () => {
        expect(annotations((await receiver()).resources)).to.deep.equal(annotations((await receiver()).resources));
    });

    it("keeps its path secret, in annotations, status and output, and not its name", async () => {
        const { resources, outputs } = await receiver();
        const { secretInputs, additionalSecretOutputs } = resources.object("Receiver");
        expect(secretInputs).to.deep.equal(["metadata"]);
        expect(additionalSecretOutputs).to.deep.equal(["status"]);
        expect((await resolve(outputs.path)).secret).to.equal(true);
        expect(await resolve(outputs.receiverName)).to.deep.equal({
            value: outputOf("generic-receiver"),
            secret: false,
        });
    });
});
