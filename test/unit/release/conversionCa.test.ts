import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { keepingConversionCa } from "../../../components/release/conversionCa";

const caPath = "spec.conversion.webhook.clientConfig.caBundle";

interface Shape {
    readonly version?: string;
    readonly schema?: object;
    readonly caBundle?: string;
    readonly preserveUnknownFields?: boolean;
}

function definition({
    version = "v1.15.0",
    schema = { type: "object" },
    caBundle,
    ...fields
}: Shape): KubernetesObject {
    const clientConfig = { service: { name: "webhook", namespace: "tekton-pipelines" }, ...(caBundle && { caBundle }) };
    return {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "tasks.tekton.dev", labels: { version } },
        spec: {
            conversion: { strategy: "Webhook", webhook: { clientConfig, conversionReviewVersions: ["v1"] } },
            versions: [{ name: "v1", schema: { openAPIV3Schema: schema } }],
            ...fields,
        },
    };
}

describe("the CA of a definition's conversion webhook", () => {
    it("is kept in an update", () => {
        const kept = keepingConversionCa(definition({}), definition({ version: "v1.12.2", caBundle: "there" }));
        expect(kept).to.deep.equal({ object: definition({ caBundle: "there" }), ignoreChanges: [] });
    });

    it("is kept if nothing changes but descriptions that go", () => {
        const described = { type: "object", description: "a Task" };
        const kept = keepingConversionCa(definition({}), definition({ schema: described, caBundle: "there" }));
        expect(kept.object).to.deep.equal(definition({ caBundle: "there" }));
    });

    for (const [where, installed] of [
        ["is the same on the cluster, which leaves defaults out", definition({ caBundle: "there" })],
        ["has no CA there yet", definition({ version: "v1.12.2" })],
        ["isn't there", undefined],
    ] as const) {
        it(`is what it was at the last change of a definition that ${where}`, () => {
            const wanted = definition({ preserveUnknownFields: false });
            expect(keepingConversionCa(wanted, installed)).to.deep.equal({ object: wanted, ignoreChanges: [caPath] });
        });
    }

    it("isn't looked for in a definition without such a webhook", () => {
        const wanted = { ...definition({}), spec: { versions: [{ name: "v1" }] } };
        expect(keepingConversionCa(wanted, definition({ caBundle: "there" }))).to.deep.equal({
            object: wanted,
            ignoreChanges: [],
        });
    });
});
