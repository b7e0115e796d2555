import { expect } from "chai";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { keyTypes, secretKeys } from "../../../stacks/config";

interface Declaration {
    readonly type: string;
    readonly default?: unknown;
    readonly description?: string;
}

describe("Pulumi.yaml", () => {
    const project = parse(readFileSync(resolve(__dirname, "../../../Pulumi.yaml"), "utf8")) as {
        config: Record<string, Declaration>;
    };
    const schema = keyTypes();

    it("declares exactly the keys that the program reads", () => {
        expect(Object.keys(project.config)).to.have.members([...Object.keys(schema), ...secretKeys]);
    });

    it("declares each with the type and default that the program uses", () => {
        for (const [key, { type, default: value }] of Object.entries(schema)) {
            const declared = project.config[key]!;
            expect(declared.type, key).to.equal(type);
            // Pulumi takes a key without a default for a required one; so an optional one has an empty value.
            expect(declared.default, key).to.deep.equal(value ?? (type === "object" ? {} : ""));
        }
    });

    it("describes every key, and says which are secrets", () => {
        for (const [key, { description }] of Object.entries(project.config)) {
            expect(description, key).to.be.a("string").with.length.greaterThan(20);
            expect(/--secret/.test(description!), key).to.equal((secretKeys as readonly string[]).includes(key));
        }
    });
});
