import { expect } from "chai";
import { EventAuthentication, type EventAuthenticationArgs } from "../../../components/eventAuthentication";
import { type Registrations, simulate } from "../support/engine";

async function authentication(change: Partial<EventAuthenticationArgs> = {}): Promise<Registrations> {
    const args = { senderNamespace: "flux-system", listenerNamespace: "ci", ...change };
    const { resources } = await simulate({}, () => void new EventAuthentication("auth", args));
    return resources;
}

describe("the authentication of events", () => {
    it("gives the sender a header, and the listener its bare value, each in its namespace", async () => {
        const resources = await authentication();
        expect(resources.written()).to.have.deep.members([
            {
                apiVersion: "v1",
                kind: "Secret",
                metadata: { name: "tekton-el-provider-headers", namespace: "flux-system" },
                stringData: { headers: "X-Flux-Event-Token: random-of-auth-token" },
            },
            {
                apiVersion: "v1",
                kind: "Secret",
                metadata: { name: "flux-event-listener-token", namespace: "ci" },
                stringData: { token: "random-of-auth-token" },
            },
        ]);
    });

    it("is by a random token of 256 bits, in a resource whose id doesn't show it", async () => {
        const { type, inputs, additionalSecretOutputs } = (await authentication()).named("auth-token");
        expect(type).to.equal("random:index/randomPassword:RandomPassword");
        expect(inputs).to.deep.equal({ length: 43, special: false });
        expect(additionalSecretOutputs).to.include("result");
    });

    it("keeps the token secret, and nothing else", async () => {
        for (const { name, secretInputs } of (await authentication()).objects()) {
            expect(secretInputs, name).to.deep.equal(["stringData"]);
        }
    });

    it("makes another token with another rotation, and gives it to both", async () => {
        const resources = await authentication({ rotation: "2026-11" });
        expect(resources.named("auth-token").inputs.keepers).to.deep.equal({ rotation: "2026-11" });
        for (const { name, inputs } of resources.objects()) {
            expect(JSON.stringify(inputs.stringData), name).to.include("random-of-auth-token-since-2026-11");
        }
    });
});
