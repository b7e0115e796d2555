import { readFileSync } from "node:fs";
import { expect } from "chai";
import {
    objectId,
    parseManifest,
    phasesOf,
    ReleaseError,
    serversOf,
    withoutDescriptions,
} from "../../../components/release";
import expected from "./reference/expected.json";
import { digest, errorOf, releaseFile, releaseObjects } from "./support";

const configMap = (name: string, data: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  value: ${data}\n`;

describe("parsing a manifest", () => {
    for (const [scalar, value] of Object.entries(expected.scalars)) {
        it(`reads the scalar ${JSON.stringify(scalar)} as Kubernetes does: ${JSON.stringify(value)}`, () => {
            const [object] = parseManifest(configMap("one", scalar), "test");
            expect(object?.["data"]).to.deep.equal({ value });
        });
    }

    for (const [file, sha256] of Object.entries(expected.manifests)) {
        it(`reads the real ${file} exactly as Kubernetes does`, function () {
            const path = releaseFile(this, file);
            expect(digest(parseManifest(readFileSync(path, "utf8"), path))).to.equal(sha256);
        });
    }

    it("leaves quoted scalars strings", () => {
        const [object] = parseManifest(configMap("one", '"on"'), "test");
        expect(object?.["data"]).to.deep.equal({ value: "on" });
    });

    it("skips empty documents and flattens lists", () => {
        const list =
            "apiVersion: v1\nkind: List\nitems:\n" + configMap("b", "x").replace(/^/gm, "    ").replace("    ", "  - ");
        const text = ["# only a comment\n", configMap("a", "x"), "", list.trimEnd() + "\n", "null\n"].join("---\n");
        expect(parseManifest(text, "test").map(objectId)).to.deep.equal(["ConfigMap a", "ConfigMap b"]);
        expect(parseManifest("", "test")).to.deep.equal([]);
    });

    it("names origin, document and line of text that isn't YAML", async () => {
        const text = configMap("a", "x") + "---\n" + configMap("b", "x\n  other: [1");
        const error = await errorOf(() => parseManifest(text, "mirror/release.yaml"));
        expect(error).to.be.instanceOf(ReleaseError);
        expect(error.message).to.include("mirror/release.yaml, document 2: ");
        expect(error.message).to.match(/at line 1\d/);
    });

    it("refuses a key that is given twice", async () => {
        const { message } = await errorOf(() => parseManifest(configMap("a", "x\n  value: y"), "test"));
        expect(message)
            .to.include("test, document 1")
            .and.to.include("duplicated mapping key")
            .and.to.include("line 7");
    });

    it("lets a mapping override what it merges", () => {
        const text =
            "apiVersion: v1\nkind: X\nmetadata: {name: a}\nbase: &base {a: 1, b: 2}\nspec:\n  <<: *base\n  b: 3\n";
        expect(parseManifest(text, "test")[0]?.["spec"]).to.deep.equal({ a: 1, b: 3 });
    });

    it("refuses numbers that it would have to change", async () => {
        for (const number of ["9007199254740993", ".inf"]) {
            const { message } = await errorOf(() => parseManifest(configMap("a", number), "test"));
            expect(message).to.include(number).and.to.include("line 6");
        }
    });

    it("refuses the same object twice, whatever version of its API it is written in", async () => {
        const text = (version: string) =>
            `apiVersion: apps/${version}\nkind: Deployment\nmetadata: {namespace: ns, name: d}\n`;
        const { message } = await errorOf(() => parseManifest(`${text("v1beta1")}---\n${text("v1")}`, "test"));
        expect(message).to.include(
            "document 2, line 5: apps/Deployment ns/d is there already: test, document 1, line 1",
        );
    });

    it("says what is missing from something that isn't a Kubernetes object, and reports every fault", async () => {
        const text =
            "just text\n---\n- 1\n---\nkind: ConfigMap\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: n}\n";
        const { message } = await errorOf(() => parseManifest(text, "test"));
        expect(message).to.include(
            'document 1, line 1: this is not a Kubernetes object: expected a mapping, found "just text"',
        );
        expect(message).to.include(
            "document 2, line 3: this is not a Kubernetes object: expected a mapping, found a sequence",
        );
        expect(message).to.include("document 3, line 5: this is not a Kubernetes object: apiVersion is missing");
        expect(message).to.include("document 4, line 7: this is not a Kubernetes object: metadata.name is missing");
        expect(message).to.include(
            "document 5, line 11: this is not a Kubernetes object: metadata.namespace is missing, or not",
        );
    });
});

describe("withoutDescriptions", () => {
    const definition = (schema: object) => ({
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "things.example.com" },
        spec: {
            group: "example.com",
            names: { kind: "Thing" },
            versions: [{ name: "v1", schema: { openAPIV3Schema: schema } }],
        },
    });

    it("drops the descriptions of schemas and keeps properties and data of that name", () => {
        const described = definition({
            description: "drop",
            type: "object",
            required: ["description"],
            properties: {
                description: { type: "string", description: "drop", default: "keep" },
                properties: { type: "object", description: "drop", properties: { description: { type: "string" } } },
                list: {
                    type: "array",
                    items: { description: "drop", anyOf: [{ description: "drop", type: "string" }] },
                },
                map: { type: "object", additionalProperties: { description: "drop", type: "string" } },
                value: { type: "object", default: { description: "keep" }, enum: [{ description: "keep" }] },
                open: { type: "object", additionalProperties: true },
            },
        });
        const bare = definition({
            type: "object",
            required: ["description"],
            properties: {
                description: { type: "string", default: "keep" },
                properties: { type: "object", properties: { description: { type: "string" } } },
                list: { type: "array", items: { anyOf: [{ type: "string" }] } },
                map: { type: "object", additionalProperties: { type: "string" } },
                value: { type: "object", default: { description: "keep" }, enum: [{ description: "keep" }] },
                open: { type: "object", additionalProperties: true },
            },
        });
        expect(withoutDescriptions(described)).to.deep.equal(bare);
    });

    it("leaves other objects as they are", () => {
        const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { description: "keep" } };
        expect(withoutDescriptions(object)).to.equal(object);
    });

    it("shrinks the real Pipelines release to less than a third, and keeps its parameters' description", async function () {
        const objects = await releaseObjects(this, "tekton-pipelines", "v1.15.0");
        const bare = objects.map(withoutDescriptions);
        const bytes = (value: unknown) => JSON.stringify(value).length;
        expect(bytes(bare)).to.be.lessThan(bytes(objects) / 3);
        const pipelines = JSON.stringify(bare.find((object) => object.metadata.name === "pipelines.tekton.dev"));
        expect(pipelines).to.include('"description":{"type":"string"}');
        expect(pipelines).not.to.match(/"description":"/);
    });
});

describe("phases", () => {
    const ids = (objects: readonly Parameters<typeof objectId>[0][]) => objects.map(objectId);

    it("has custom resources and webhook configurations apart, and knows who answers those, in the real Triggers release", async function () {
        const objects = await releaseObjects(this, "tekton-triggers", "v0.37.0");
        const phases = phasesOf(objects);
        expect(ids(phases.namespaces)).to.deep.equal([]);
        expect(phases.definitions).to.have.length(7);
        expect(ids(phases.webhookConfigurations)).to.have.members([
            "admissionregistration.k8s.io/ValidatingWebhookConfiguration validation.webhook.triggers.tekton.dev",
            "admissionregistration.k8s.io/MutatingWebhookConfiguration webhook.triggers.tekton.dev",
            "admissionregistration.k8s.io/ValidatingWebhookConfiguration config.webhook.triggers.tekton.dev",
        ]);
        expect(ids(phases.customResources)).to.have.members(
            ["bitbucket", "cel", "github", "gitlab", "slack"].map(
                (name) => `triggers.tekton.dev/ClusterInterceptor ${name}`,
            ),
        );
        for (const configuration of phases.webhookConfigurations) {
            expect(ids(serversOf(configuration, objects)), configuration.metadata.name).to.deep.equal([
                "apps/Deployment tekton-pipelines/tekton-triggers-webhook",
            ]);
        }
        expect(ids(phases.objects)).to.include("Service tekton-pipelines/tekton-triggers-core-interceptors");
    });

    for (const [product, version] of [
        ["tekton-pipelines", "v1.15.0"],
        ["tekton-pipelines", "v0.18.1"],
        ["tekton-triggers", "v0.37.0"],
        ["tekton-triggers", "v0.10.1"],
        ["flux", "v2.9.4"],
        ["flux", "v0.5.6"],
    ] as const) {
        it(`have every object of the real ${product} ${version} exactly once`, async function () {
            const objects = await releaseObjects(this, product, version);
            const phases = phasesOf(objects);
            expect(Object.values(phases).flat()).to.have.members(objects);
            expect(ids(phases.definitions).every((id) => id.includes("CustomResourceDefinition"))).to.equal(true);
        });
    }
});
