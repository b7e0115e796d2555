import { expect } from "chai";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { keyTypes, secretKeys } from "../../../stacks/config";

/** Defaults that the tables give in words. */
const inWords: Record<string, string> = {
    gitUrl: "required",
    fluxComponents: "source, kustomize, helm and notification controller",
    routes: "one, the demonstration's",
};

interface Row {
    readonly key: string;
    readonly value: string;
    readonly description: string;
}

/** The rows of a document's tables whose first two columns are "key" and "default". */
function configTables(document: string): Row[] {
    const lines = readFileSync(resolve(__dirname, "../../..", document), "utf8").split("\n");
    const rows: Row[] = [];
    let inTable = false;
    for (const line of lines) {
        if (/^\| *key *\| *default *\|/.test(line)) inTable = true;
        else if (!line.startsWith("|")) inTable = false;
        else if (inTable && !/^\| *-/.test(line)) {
            const [key, value, description] = line
                .split(/(?<!\\)\|/)
                .slice(1, -1)
                .map((cell) => cell.trim());
            rows.push({ key: key!.replace(/^`(.*)`$/, "$1"), value: value!, description: description! });
        }
    }
    return rows;
}

const schema = keyTypes();
const documented = configTables("docs/configuration.md");

/** How a key's default has to be written. */
function written(key: string): string {
    const value = schema[key]?.default;
    if (inWords[key] !== undefined) return inWords[key];
    return value === undefined ? "" : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

describe("docs/configuration.md", () => {
    it("has every key of the config, once", () => {
        expect(documented.map(({ key }) => key)).to.have.members([...Object.keys(schema), ...secretKeys]);
    });

    it("gives each key's default as the program has it", () => {
        for (const { key, value } of documented) expect(value, key).to.equal(written(key));
    });

    it("gives in words what these words say", () => {
        expect(schema.gitUrl).not.to.have.property("default");
        expect(schema.routes!.default).to.deep.equal([]);
        const components = (schema.fluxComponents!.default as string[]).map((name) => name.replace("-controller", ""));
        expect(inWords.fluxComponents!.match(/\w+(?=,| and| controller)/g)).to.deep.equal(components);
    });

    it("says which are secrets", () => {
        const secrets = documented.filter(({ description }) => description.includes("--secret"));
        expect(secrets.map(({ key }) => key)).to.have.members([...secretKeys]);
    });
});

describe("docs/bootstrap.md", () => {
    const rows = readFileSync(resolve(__dirname, "../../../docs/bootstrap.md"), "utf8")
        .split("\n")
        .filter((line) => line.startsWith("| `--"))
        .map((line) => line.split("|").map((cell) => cell.trim()));
    const codes = (cell: string): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);

    it("has every flag once", () => {
        const flags = rows.flatMap(([, flag]) => codes(flag!));
        expect(flags).to.have.length.greaterThan(60);
        expect(flags).to.have.length(new Set(flags).size);
    });

    it("gives for each a key that there is, or says why there is none", () => {
        const known = [...Object.keys(schema), ...secretKeys];
        for (const [, flag, keys, reason] of rows) {
            if (keys === "none") expect(reason, flag).to.have.length.greaterThan(10);
            else {
                expect(codes(keys!), flag).to.have.length.greaterThan(0);
                for (const key of codes(keys!)) expect(known, flag).to.include(key.split(".")[0]);
            }
        }
    });
});

describe("README.md", () => {
    it("has a dozen or so of these keys, with the same defaults", () => {
        const keys = configTables("README.md");
        expect(keys).to.have.length.within(10, 16);
        const values = new Map(documented.map(({ key, value }) => [key, value]));
        for (const { key, value } of keys) expect(value, key).to.equal(values.get(key));
    });
});
