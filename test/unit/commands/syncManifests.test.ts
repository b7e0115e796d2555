import { expect } from "chai";
import { execa } from "execa";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseManifest } from "../../../components/release";
import { mirror } from "../support/releases";

const root = join(__dirname, "../../..");

function run(...args: string[]): ReturnType<typeof execa<{ reject: false }>> {
    return execa(process.execPath, ["-r", "./scripts/typescript.cjs", "commands/syncManifests.ts", ...args], {
        cwd: root,
        env: { RELEASE_MIRROR: mirror, KUBECONFIG: "/dev/null" },
        reject: false,
    });
}

describe("npm run sync-manifests", function () {
    this.timeout(120_000);
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "sync-manifests-test-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));
    const ofStaging = ["--stack", "staging", "--config", "syncOwner=git"];
    const path = (name: string): string => join(folder, "staging-cluster/flux-system", `${name}.yaml`);

    it("writes the three files where Flux looks for them, and leaves the user's own patches alone", async function () {
        if (mirror === undefined) this.skip();
        const first = await run(...ofStaging, "--output", folder);
        expect(first.exitCode, String(first.stderr)).to.equal(0);
        const components = parseManifest(readFileSync(path("gotk-components"), "utf8"), "gotk-components.yaml");
        expect(components.filter(({ kind }) => kind === "Deployment")).to.have.length(3);
        // What only Pulumi has to know.
        expect(JSON.stringify(components)).not.to.match(/pulumi|flux-to-tekton\/stack/);
        const sync = parseManifest(readFileSync(path("gotk-sync"), "utf8"), "gotk-sync.yaml");
        expect(sync.map(({ kind }) => kind)).to.deep.equal(["GitRepository", "Kustomization"]);

        writeFileSync(path("kustomization"), "resources: []\n");
        const second = await run(...ofStaging, "fluxLogLevel=debug", "--output", folder);
        expect(String(second.stdout).split("\n").slice(0, 3)).to.deep.equal([
            "changed  staging-cluster/flux-system/gotk-components.yaml",
            "unchanged  staging-cluster/flux-system/gotk-sync.yaml",
            "unchanged  staging-cluster/flux-system/kustomization.yaml",
        ]);
        expect(readFileSync(path("gotk-components"), "utf8")).to.include("--log-level=debug");
        expect(readFileSync(path("kustomization"), "utf8")).to.equal("resources: []\n");
    });

    const faults: [what: string, args: string[], message: RegExp][] = [
        ["a stack that Pulumi keeps", ["--stack", "staging"], /syncOwner: is pulumi.*pulumi config set syncOwner git/],
        ["a stack that there isn't", ["--stack", "stagin"], /^there is no stack "stagin".*Did you mean staging\?$/],
        ["a setting without a value", [...ofStaging, "fluxLogLevel"], /^--config fluxLogLevel: must be key=value/],
    ];
    for (const [what, args, message] of faults) {
        it(`writes nothing for ${what}, and says so`, async () => {
            const { exitCode, stderr } = await run(...args, "--output", folder);
            expect(exitCode).to.equal(1);
            expect(stderr).to.match(message).and.not.to.include("    at ");
            expect(existsSync(path("gotk-sync"))).to.equal(false);
        });
    }

    it("writes nothing to a folder that isn't there", async () => {
        const { exitCode, stderr } = await run(...ofStaging, "--output", join(folder, "no-such"));
        expect(exitCode).to.equal(1);
        expect(stderr).to.match(/no-such: there is no such folder\.$/);
    });
});
