import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";

const root = resolve(__dirname, "../../..");

function parse(path: string): ts.SourceFile {
    return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
}

/** The optional fields of every exported `…Args` of the components, by the component's name. */
function optionalFields(): Map<string, string[]> {
    const fields = new Map<string, string[]>();
    const files = readdirSync(join(root, "components"), { recursive: true, encoding: "utf8" });
    for (const file of files.filter((name) => name.endsWith(".ts"))) {
        for (const statement of parse(join(root, "components", file)).statements) {
            if (!ts.isInterfaceDeclaration(statement) || !statement.name.text.endsWith("Args")) continue;
            const optional = statement.members
                .filter(ts.isPropertySignature)
                .filter(({ questionToken }) => questionToken !== undefined);
            fields.set(
                statement.name.text.replace(/Args$/, ""),
                optional.map(({ name }) => name.getText()),
            );
        }
    }
    return fields;
}

/** The names of an object's fields, also of the objects that are spread into it where they stand there. */
function fieldNames(object: ts.Node): string[] {
    const names: string[] = [];
    const visit = (node: ts.Node): void => {
        if (ts.isPropertyAssignment(node) || ts.isShorthandPropertyAssignment(node)) names.push(node.name.getText());
        else ts.forEachChild(node, visit);
    };
    visit(object);
    return names;
}

/** What stacks/cluster.ts gives to each component that it makes. */
function given(): Map<string, string[]> {
    const classes = new Map<string, string[]>();
    const visit = (node: ts.Node): void => {
        if (ts.isNewExpression(node) && node.arguments?.[1] && ts.isObjectLiteralExpression(node.arguments[1])) {
            classes.set(node.expression.getText(), fieldNames(node.arguments[1]));
        }
        ts.forEachChild(node, visit);
    };
    visit(parse(join(root, "stacks/cluster.ts")));
    return classes;
}

/** Three components install a release each. */
const releases = ["TektonPipelines", "TektonTriggers", "Flux"];

/** What `...config.sync` holds: that is what the sync keys are read into. */
const spread: Record<string, string[]> = { FluxSync: ["secretName", "path"] };

describe("the options of the components", () => {
    const optional = optionalFields();
    const classes = given();

    it("are those of components that a stack is made of", () => {
        expect([...classes.keys()]).to.include.members([...releases, "TriggerChain", "Alerting", "RunHistory"]);
    });

    for (const [component, names] of classes) {
        it(`can all be set by a stack: ${component}`, () => {
            const own = optional.get(component) ?? [];
            const fields = releases.includes(component) ? [...own, ...optional.get("Release")!] : own;
            // Which release needs another's namespaces, and whose controllers start first, isn't a matter of taste.
            const expected = fields.filter((field) => field !== "namespaces" && field !== "after");
            expect([...names, ...(spread[component] ?? [])]).to.include.members(expected);
        });
    }
});
