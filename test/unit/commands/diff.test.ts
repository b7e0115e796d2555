import { expect } from "chai";
import { execa } from "execa";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare, type StackChanges } from "../../../commands/diff/changes";
import { asMarkdown, asText } from "../../../commands/diff/report";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { mirror } from "../support/releases";

const root = join(__dirname, "../../..");

function configMap(name: string, data: Record<string, string>): KubernetesObject {
    return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data };
}

describe("the changes of a stack's objects", () => {
    const before = [configMap("stays", { a: "1" }), configMap("changes", { a: "1", b: "1" }), configMap("goes", {})];
    const after = [configMap("comes", {}), configMap("stays", { a: "1" }), configMap("changes", { a: "1", b: "2" })];
    const changes = compare("staging", before, after);

    it("are those of each object, and tell how many there are of which kind", () => {
        expect(changes.changes.map(({ change, name }) => [change, name])).to.deep.equal([
            ["added", "comes"],
            ["changed", "changes"],
            ["removed", "goes"],
        ]);
        expect(asText([changes])).to.match(/\nstaging: 1 added, 1 changed, 1 removed, 1 unchanged\n$/);
    });

    it("show the lines that differ", () => {
        expect(changes.changes[1]!.patch).to.equal(
            [
                "--- a/ConfigMap default/changes",
                "+++ b/ConfigMap default/changes",
                "@@ -1,7 +1,7 @@",
                " apiVersion: v1",
                " data:",
                '   a: "1"',
                '-  b: "1"',
                '+  b: "2"',
                " kind: ConfigMap",
                " metadata:",
                "   name: changes",
                "",
            ].join("\n"),
        );
        expect(changes.changes[0]!.patch).to.match(/^--- \/dev\/null\n\+\+\+ b\/ConfigMap default\/comes\n/);
        expect(changes.changes[2]!.patch).to.match(/^--- a\/ConfigMap default\/goes\n\+\+\+ \/dev\/null\n/);
    });

    it("don't include another order of keys or objects", () => {
        const { metadata, ...rest } = configMap("stays", { a: "1" });
        expect(compare("staging", before, [...before].reverse()).changes).to.deep.equal([]);
        expect(compare("staging", [{ metadata, ...rest }], [before[0]!]).changes).to.deep.equal([]);
    });

    it("take an object in another version of its API for the same one", () => {
        const object = (apiVersion: string): KubernetesObject => ({
            apiVersion,
            kind: "Alert",
            metadata: { name: "a" },
        });
        const { changes: found } = compare("x", [object("n.io/v1beta3")], [object("n.io/v1")]);
        expect(found.map(({ change, apiVersion }) => [change, apiVersion])).to.deep.equal([["changed", "n.io/v1"]]);
    });

    it("are folded in Markdown, and the stacks without any are named", () => {
        const markdown = asMarkdown([changes, compare("production", before, before)]);
        expect(markdown).to.include("- `staging`: 1 added, 1 changed, 1 removed, 1 unchanged\n- `production`: 0 added");
        expect(markdown.match(/<details>/g)).to.have.length(3);
        expect(markdown).to.include(
            "<details><summary>changed <code>ConfigMap default/changes</code></summary>\n\n```diff\n--- a/",
        );
        expect(markdown).not.to.include("#### production");
    });

    it("can't get out of their fence", () => {
        const markdown = asMarkdown([compare("staging", [], [configMap("c", { text: "```\n# Not a heading\n" })])]);
        expect(markdown)
            .to.include("````diff\n")
            .and.match(/^````$/m);
    });

    it("stay within what a comment takes; how many are left out is told", () => {
        const many = Array.from({ length: 300 }, (_, index) => configMap(`c${index}`, { text: "word ".repeat(200) }));
        const markdown = asMarkdown([compare("staging", [], many)]);
        expect(markdown.length).to.be.within(45_000, 51_000);
        const shown = markdown.match(/<details>/g)!.length;
        expect(markdown).to.include(`\n${300 - shown} further objects are left out: `);
    });
});

describe("npm run diff", function () {
    this.timeout(240_000);
    let folder: string;
    const git = (...args: string[]): Promise<unknown> => {
        const identity = { GIT_AUTHOR_NAME: "test", GIT_AUTHOR_EMAIL: "test@example.com" };
        const env = { ...identity, GIT_COMMITTER_NAME: "test", GIT_COMMITTER_EMAIL: "test@example.com" };
        return execa("git", args, { cwd: folder, env });
    };
    const run = async (...args: string[]): Promise<{ exitCode?: number; stdout: string; stderr: string }> =>
        execa(process.execPath, ["-r", "./scripts/typescript.cjs", "commands/diff.ts", ...args], {
            cwd: folder,
            env: { RELEASE_MIRROR: mirror, KUBECONFIG: "/dev/null", INIT_CWD: folder },
            reject: false,
        });

    before(async () => {
        // A repository of its own with this checkout's program, first without and then with the command to render.
        folder = mkdtempSync(join(tmpdir(), "diff-test-"));
        await git("init", "--quiet", "--initial-branch", "main");
        const parts = ["index.ts", "commands", "components", "stacks", "scripts", "package.json", "package-lock.json"];
        for (const part of [...parts, "tsconfig.json", "Pulumi.yaml", "Pulumi.staging.yaml", ".gitignore"]) {
            cpSync(join(root, part), join(folder, part), { recursive: true });
        }
        symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
        await git("add", ".", ":!commands", ":!node_modules");
        await git("commit", "--quiet", "--message", "Without commands");
        await git("tag", "early");
        await git("add", "commands");
        await git("commit", "--quiet", "--message", "With commands");
    });
    after(() => rmSync(folder, { recursive: true }));

    it("shows exactly what a config value changes, and cleans up", async function () {
        if (mirror === undefined) this.skip();
        const settings = join(folder, "Pulumi.staging.yaml");
        const text = readFileSync(settings, "utf8");
        writeFileSync(settings, `${text}    flux-to-tekton:gitInterval: 7m0s\n`);
        const { exitCode, stdout, stderr } = await run("--format", "json", "--exit-code", "--changes", "changes.json");
        expect(exitCode, stderr).to.equal(1);
        expect(readFileSync(join(folder, "changes.json"), "utf8").trim()).to.equal(stdout);
        const [staging, ...others] = JSON.parse(stdout) as StackChanges[];
        expect(others).to.deep.equal([]);
        expect(staging!.unchanged).to.be.greaterThan(100);
        expect(staging!.changes.map(({ change, id }) => [change, id])).to.deep.equal([
            ["changed", "source.toolkit.fluxcd.io/GitRepository flux-system/flux-system"],
        ]);
        const lines = staging!.changes[0]!.patch.split("\n").slice(2);
        expect(lines.filter((line) => /^[-+]/.test(line))).to.deep.equal(["-  interval: 1m0s", "+  interval: 7m0s"]);

        const { stdout: worktrees } = await execa("git", ["worktree", "list"], { cwd: folder });
        expect(worktrees.split("\n")).to.have.length(1);
    });

    const faults: [what: string, args: string[], message: RegExp][] = [
        ["a revision that there isn't", ["--base", "nosuch"], /^--base nosuch: there is no such revision.*git fetch/],
        [
            "a revision that is too old",
            ["--base", "early"],
            /^--base early \([0-9a-f]{7}\) has no commands\/render\.ts/,
        ],
        ["a stack that there isn't", ["--stack", "stagin"], /^--stack stagin: neither this checkout nor main/],
    ];
    for (const [what, args, message] of faults) {
        it(`says so, with an exit code of its own, for ${what}`, async () => {
            const { exitCode, stdout, stderr } = await run(...args);
            expect(exitCode).to.equal(2);
            expect(stderr).to.match(message).and.not.to.include("    at ");
            expect(stdout).to.equal("");
        });
    }
});
