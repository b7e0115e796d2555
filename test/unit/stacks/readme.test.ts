import { expect } from "chai";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { keyTypes, secretKeys } from "../../../stacks/config";

/** Defaults that the table gives in words. */
const inWords: Record<string, string> = {
    fluxComponents: "source, kustomize, helm and notification controller",
    routes: "one, see below",
};

/** The rows of the table whose first column is "key", a row for each key: `a`, `b` | `1`, `2` is two. */
function configTable(): { readonly key: string; readonly value: string; readonly description: string }[] {
    const lines = readFileSync(resolve(__dirname, "../../../README.md"), "utf8").split("\n");
    const head = lines.findIndex((line) => /^\| *key *\| *default *\|/.test(line));
    const rows = lines.slice(head + 2);
    return rows
        .slice(
            0,
            rows.findIndex((line) => !line.startsWith("|")),
        )
        .flatMap((row) => {
            const [keys, values, description] = row
                .split(/(?<!\\)\|/)
                .slice(1, -1)
                .map((cell) => cell.trim());
            const named = codes(keys!);
            if (named.length === 1) return [{ key: named[0]!, value: values!, description: description! }];
            const each = codes(values!);
            // Defaults for all the row's keys, or for none.
            if (each.length !== 0) expect(each, row).to.have.length(named.length);
            return named.map((key, index) => ({
                key,
                value: each.length === 0 ? values! : `\`${each[index]}\``,
                description: description!,
            }));
        });
}

function codes(cell: string): string[] {
    return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
}

describe("README.md", () => {
    const table = configTable();
    const schema = keyTypes();

    it("has every key of the config in its table, once", () => {
        expect(table.map(({ key }) => key)).to.have.members([...Object.keys(schema), ...secretKeys]);
    });

    it("gives each key's default as the program has it", () => {
        for (const { key, value } of table) {
            const byProgram = schema[key]?.default;
            const written =
                key === "gitUrl"
                    ? "required"
                    : (inWords[key] ??
                      (byProgram === undefined
                          ? ""
                          : `\`${typeof byProgram === "string" ? byProgram : JSON.stringify(byProgram)}\``));
            expect(value, key).to.equal(written);
        }
    });

    it("gives in words what these words say", () => {
        expect(schema.routes!.default).to.deep.equal([]);
        const components = (schema.fluxComponents!.default as string[]).map((name) => name.replace("-controller", ""));
        expect(inWords.fluxComponents!.match(/\w+(?=,| and| controller)/g)).to.deep.equal(components);
    });

    it("says which are secrets", () => {
        for (const key of secretKeys) {
            expect(table.find((row) => row.key === key)?.description, key).to.include("--secret");
        }
    });
});
