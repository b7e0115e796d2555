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
    const waitFor = "pulumi.com/waitFor";
    const request = "reconcile.fluxcd.io/requestedAt";

    it("is waited for until it has a path and has looked at its token", async () => {
        const { [waitFor]: awaited, [request]: requested } = annotations((await receiver()).resources);
        expect(JSON.parse(awaited!)).to.deep.equal([
            "jsonpath={.status.webhookPath}",
            `jsonpath={.status.lastHandledReconcileAt}=${requested}`,
        ]);
    });

    it("has told its path elsewhere in 2020", async () => {
        const { resources } = await receiver("2020");
        expect(annotations(resources)[waitFor]).to.equal("jsonpath={.status.url}");
    });

    it("is asked to look at its Secret again, and waited for, once the token rotates", async () => {
        const before = annotations((await receiver()).resources);
        const { resources } = await receiver("v1", "2026-11");
        const after = annotations(resources);
        expect(resources.named("token-token").inputs.keepers).to.deep.equal({ rotation: "2026-11" });
        expect(after[request]).not.to.equal(before[request]);
        expect(after[waitFor]).to.include(after[request]);
    });

    it("tells neither token nor path in what the provider logs", async () => {
        const token = "random-of-token-token";
        const path = createHash("sha256").update(`${token}generic-receivergitops`).digest("hex");
        const text = JSON.stringify(annotations((await receiver()).resources));
        expect(text).not.to.include(token).and.not.to.include(path);
    });

    it("is the same from run to run while the token is", async () => {
        expect(annotations((await receiver()).resources)).to.deep.equal(annotations((await receiver()).resources));
    });

    it("keeps its path secret, in status and output, and not its name", async () => {
        const { resources, outputs } = await receiver();
        const { additionalSecretOutputs } = resources.object("Receiver");
        expect(additionalSecretOutputs).to.deep.equal(["status"]);
        expect((await resolve(outputs.path)).secret).to.equal(true);
        expect(await resolve(outputs.receiverName)).to.deep.equal({
            value: outputOf("generic-receiver"),
            secret: false,
        });
    });
});
