import { expect } from "chai";
import { execa } from "execa";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseManifest } from "../../../components/release";
import { mirror } from "../support/releases";

const root = join(__dirname, "../../..");

function run(...args: string[]): ReturnType<typeof execa<{ reject: false }>> {
    return execa(process.execPath, ["-r", "./scripts/typescript.cjs", "commands/render.ts", ...args], {
        cwd: root,
        // No cluster to be found, and no cache of releases.
        env: { RELEASE_MIRROR: mirror, KUBECONFIG: "/dev/null" },
        reject: false,
    });
}

describe("npm run render", function () {
    this.timeout(120_000);
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "render-test-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it("writes a file for each component, replaces its own of before, and leaves others alone", async function () {
        if (mirror === undefined) this.skip();
        writeFileSync(join(folder, "gone.yaml"), "# Rendered from the stack staging: by an earlier run\n");
        writeFileSync(join(folder, "mine.yaml"), "mine: true\n");
        const { exitCode, stdout, stderr } = await run(
            ...["--stack", "staging", "--output", folder, "--config", "alertName=a", "providerName=b"],
        );
        expect(exitCode, String(stderr)).to.equal(0);
        expect(stdout).to.match(/^\d+ objects of 12 components: /);
        const files = readdirSync(folder);
        expect(files).to.include.members(["mine.yaml", "alerting.yaml", "flux.yaml"]).and.not.to.include("gone.yaml");
        expect(files).to.have.length(13);
        const alerting = parseManifest(readFileSync(join(folder, "alerting.yaml"), "utf8"), "alerting.yaml");
        expect(alerting.map(({ kind, metadata }) => [kind, metadata.name])).to.deep.equal([
            ["Provider", "b"],
            ["Alert", "a"],
        ]);
    });

    const faults: [what: string, args: string[], message: RegExp][] = [
        ["a stack that there isn't", ["--stack", "stagin"], /^there is no stack "stagin".*Did you mean staging\?$/],
        [
            "a wrong value",
            ["--stack", "staging", "--config", "fluxLogLevel=loud"],
            /^the stack's config has 1 problem.*\n  - fluxLogLevel: "loud" is not one of debug, info, error\.$/,
        ],
    ];
    for (const [what, args, message] of faults) {
        it(`writes nothing for ${what}, and says so in a line`, async () => {
            const { exitCode, stdout, stderr } = await run(...args, "--output", folder);
            expect(exitCode).to.equal(1);
            expect(stderr).to.match(message).and.not.to.include("    at ");
            expect(stdout).to.equal("");
            expect(readdirSync(folder)).to.deep.equal([]);
        });
    }
});
