import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readSettings, secretPlaceholder, SettingsError, stackNames } from "../../../stacks/settings";

describe("a stack's settings, read without the engine", () => {
    let folder: string;
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "settings-test-"));
        writeFileSync(
            join(folder, "Pulumi.yaml"),
            `
name: example
config:
    replicas: { type: integer, default: 1 }
    components: { type: array, items: { type: string }, default: [one, two] }
    required: { type: string }
    kubernetes:context: { value: ambient }
    plain: text
`,
        );
        writeFileSync(
            join(folder, "Pulumi.staging.yaml"),
            `
encryptionsalt: v1:abc
config:
    example:replicas: 3
    example:flag: false
    example:password: { secure: v1:AAAA }
    example:nested: { user: me, tokens: [{ secure: v1:BBBB }] }
    kubernetes:context: staging
`,
        );
        writeFileSync(join(folder, "Pulumi.empty.yaml"), "");
        writeFileSync(join(folder, "Pulumi.imported.yaml"), "environment: [shared]\n");
    });
    after(() => rmSync(folder, { recursive: true }));

    it("are the values of both files as the engine hands them over, the stack's own first", () => {
        expect(readSettings("staging", {}, folder).config).to.deep.equal({
            "example:replicas": "3",
            "example:components": '["one","two"]',
            "example:plain": "text",
            "example:flag": "false",
            "example:password": secretPlaceholder,
            "example:nested": `{"user":"me","tokens":["${secretPlaceholder}"]}`,
            "kubernetes:context": "staging",
        });
    });

    it("say which are secrets, at whatever depth a value is encrypted", () => {
        expect(readSettings("staging", {}, folder).secretKeys).to.deep.equal(["example:password", "example:nested"]);
    });

    it("give way to what is set for this once; a key needs no namespace", () => {
        const { config, secretKeys } = readSettings("staging", { replicas: "5", "kubernetes:context": "mine" }, folder);
        expect(config).to.include({ "example:replicas": "5", "kubernetes:context": "mine" });
        expect(secretKeys).not.to.include("example:replicas");
    });

    it("take a password that is set for this once for a secret", () => {
        expect(readSettings("empty", { gitPassword: "x" }, folder).secretKeys).to.deep.equal(["example:gitPassword"]);
    });

    it("are Pulumi.yaml's alone for a stack without any", () => {
        expect(readSettings("empty", {}, folder).config).to.include({ "example:replicas": "1" });
    });

    it("have the organization of the stack's name, or that of a backend without any", () => {
        const organization = (name: string): string => readSettings(name, {}, folder).organization;
        expect(organization("staging")).to.equal("organization");
        expect(organization("acme/staging")).to.equal("acme");
        expect(organization("acme/example/staging")).to.equal("acme");
    });

    it("are found by their files", () => {
        expect(stackNames(folder)).to.deep.equal(["empty", "imported", "staging"]);
    });

    const faults: [what: string, stack: string, message: RegExp][] = [
        ["a stack that there isn't", "stagin", /no stack "stagin": .*There are .*Did you mean staging\?/],
        ["a name with too many parts", "a/b/c/staging", /no stack "a\/b\/c\/staging"/],
        ["values that only Pulumi can get", "imported", /Pulumi\.imported\.yaml imports from Pulumi ESC/],
    ];
    for (const [what, stack, message] of faults) {
        it(`are refused for ${what}`, () => {
            expect(() => readSettings(stack, {}, folder)).to.throw(SettingsError, message);
        });
    }
});
