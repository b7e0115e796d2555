import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { lockedRelease, products, readLock, ReleaseError } from "../../../components/release";
import { errorOf } from "./support";

describe("the release lock", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "release-lock-"))));
    afterEach(() => rmSync(folder, { recursive: true }));
    const ownLock = (content: unknown) => {
        const path = join(folder, "own.lock.json");
        writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
        return path;
    };
    const sha256 = "0123456789abcdef".repeat(4);
    const ownVersion = {
        files: [{ name: "flux-v2.9.4-acme.yaml", sha256 }],
        kubernetes: { min: "1.33" },
        generation: "v1",
    };

    it("gives a release with its files in the order of installation", () => {
        const release = lockedRelease("tekton-triggers", "v0.37.0");
        expect(release.files.map((file) => file.name)).to.deep.equal([
            "tekton-triggers-v0.37.0.yaml",
            "tekton-triggers-interceptors-v0.37.0.yaml",
        ]);
        expect(release.kubernetes).to.deep.equal({ min: "1.28" });
        expect(release.generation).to.equal("v1");
    });

    it("locks the 2020 releases for clusters that still serve their APIs", () => {
        for (const [product, version] of [
            ["tekton-pipelines", "v0.18.1"],
            ["tekton-triggers", "v0.10.1"],
            ["flux", "v0.5.6"],
        ] as const) {
            const release = lockedRelease(product, version);
            expect(release.generation).to.equal("2020");
            expect(release.kubernetes.max).to.equal("1.21");
        }
    });

    it("gives no file name to two releases, and upstream addresses over https only", () => {
        const files = products.flatMap((product) => Object.values(readLock()[product]).flatMap((entry) => entry.files));
        expect(new Set(files.map((file) => file.name)).size).to.equal(files.length);
        for (const { url } of files) {
            expect(url ?? "https://").to.match(/^https:\/\//);
        }
    });

    it("names the known versions and the nearest for an unknown one", async () => {
        const error = await errorOf(() => lockedRelease("tekton-pipelines", "1.15.0"));
        expect(error).to.be.instanceOf(ReleaseError);
        expect(error.message).to.include('tekton-pipelines: "1.15.0" is not one of');
        expect(error.message).to.include("v1.15.0, v1.12.2, v0.18.1");
        expect(error.message).to.include("Did you mean v1.15.0?");
    });

    it("doesn't take a name that every object inherits for a version", async () => {
        expect((await errorOf(() => lockedRelease("flux", "constructor"))).message).to.include("is not one of");
    });

    it("is extended by a lock file of one's own", () => {
        const lock = readLock(ownLock({ flux: { "v2.9.4-acme": ownVersion } }));
        expect(lockedRelease("flux", "v2.9.4-acme", lock).files[0]?.sha256).to.equal(sha256);
        expect(lockedRelease("flux", "v2.9.4", lock)).to.deep.equal(lockedRelease("flux", "v2.9.4"));
    });

    it("is overridden by a lock file of one's own", () => {
        const lock = readLock(ownLock({ flux: { "v2.9.4": ownVersion } }));
        expect(lockedRelease("flux", "v2.9.4", lock).files.map((file) => file.sha256)).to.deep.equal([sha256]);
    });

    it("names the file and each wrong key of a lock file of one's own", async () => {
        const wrong = {
            files: [{ name: "../up.yaml", sha256: "123", url: "ftp://example.com/x" }],
            kubernetes: { min: "v1.33" },
            generation: "v2",
        };
        const path = ownLock({ flux: { "2.9.4": wrong, "v2.9.4": wrong }, tekton: {} });
        const { message } = await errorOf(() => readLock(path));
        expect(message).to.include(path);
        for (const part of ["0 → name", "sha256", "url", "kubernetes → min", "generation", "2.9.4", '"tekton"']) {
            expect(message).to.include(part);
        }
    });

    it("says so when a lock file of one's own is missing or isn't JSON", async () => {
        const missing = join(folder, "missing.json");
        expect((await errorOf(() => readLock(missing))).message)
            .to.include(missing)
            .and.to.include("ENOENT");
        const broken = ownLock("{");
        expect((await errorOf(() => readLock(broken))).message)
            .to.include(broken)
            .and.to.include("JSON");
    });
});
