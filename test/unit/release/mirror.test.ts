import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadRelease, lockedRelease, parseRelease, products, readLock } from "../../../components/release";
import { imageCopies, imageList } from "../../../components/release/imageList";
import { mirrorRelease } from "../../../components/release/mirror";
import { find, placesOf } from "../../../components/release/places";
import { errorOf, releaseFile, releaseObjects, releasesFolder } from "./support";

describe("a release mirror that is made", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "release-mirror-"))));
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    const lock = readLock();
    for (const product of products) {
        for (const version of Object.keys(lock[product])) {
            it(`gives the same objects of ${product} ${version}`, async function () {
                const objects = await releaseObjects(this, product, version);
                const release = lockedRelease(product, version);
                await mirrorRelease(release, join(folder, "new"), { mirror: releasesFolder! });
                const again = parseRelease(await loadRelease(release, { mirror: join(folder, "new") }));
                expect(again).to.deep.equal(objects);
            });
        }
    }

    const triggers = lockedRelease("tekton-triggers", "v0.37.0");
    const names = triggers.files.map(({ name }) => name);

    it("is left alone where it is right, and mended where it isn't", async function () {
        for (const name of names) releaseFile(this, name);
        const make = () => mirrorRelease(triggers, folder, { mirror: releasesFolder! });
        expect(await make()).to.deep.equal(names.map((name) => ({ name, written: true })));
        const before = statSync(join(folder, names[0]!)).mtimeMs;
        writeFileSync(join(folder, names[1]!), "damaged");
        expect(await make()).to.deep.equal([
            { name: names[0], written: false },
            { name: names[1], written: true },
        ]);
        expect(statSync(join(folder, names[0]!)).mtimeMs).to.equal(before);
        for (const name of names) {
            expect(readFileSync(join(folder, name)).equals(readFileSync(releaseFile(this, name)))).to.equal(true);
        }
        expect(readdirSync(folder).sort()).to.deep.equal([...names].sort());
    });

    it("never gets bytes with another hash", async () => {
        const source = join(folder, "source");
        const { message } = await errorOf(async () => {
            await mirrorRelease(triggers, source, { mirror: wrongMirror(folder) });
        });
        expect(message).to.include("doesn't have the locked sha256");
        expect(readdirSync(folder)).not.to.include("source");
    });

    function wrongMirror(parent: string): string {
        for (const name of names) writeFileSync(join(parent, name), "other");
        return parent;
    }
});

describe("a locked file", () => {
    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "release-places-"))));
    afterEach(() => rmSync(folder, { recursive: true, force: true }));
    const sha256 = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"; // of "x"

    it("is looked for in every place, and verified", async () => {
        const places = placesOf({ mirror: join(folder, "mirror"), cacheDir: folder });
        expect(places.map(({ name }) => name)).to.deep.equal(["mirror", "cache", "upstream"]);
        writeFileSync(join(folder, "a.yaml"), "x");
        writeFileSync(join(folder, "b.yaml"), "y");
        const states = async (name: string) =>
            Promise.all(places.map(async (place) => (await find({ name, sha256 }, place, {})).state));
        expect(await states("a.yaml")).to.deep.equal(["missing", "ok", "unpublished"]);
        expect(await states("b.yaml")).to.deep.equal(["missing", "mismatch", "unpublished"]);
    });

    it("is unreachable where nobody answers, and the reason names the host", async () => {
        const url = "http://127.0.0.1:9/a.yaml";
        const upstream = placesOf({ cacheDir: folder })[1]!;
        const finding = await find({ name: "a.yaml", url, sha256 }, upstream, { retryDelayMs: 1 });
        expect(finding.state).to.equal("unreachable");
        expect(finding.problem).to.match(/^http:\/\/127\.0\.0\.1:9: .*(ECONNREFUSED|bad port)/);
    });
});

describe("a list of images", () => {
    it("has complete names, with tag or digest and never both", () => {
        const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
        expect(
            imageList(["alpine", `ghcr.io/a/b:v1@${digest}`, "docker.io/library/alpine:latest", "a/b:1"]),
        ).to.deep.equal(["docker.io/a/b:1", "docker.io/library/alpine:latest", `ghcr.io/a/b@${digest}`]);
    });

    it("has for each the name on one's own registry, with the tag if there is one, and leaves out what stays", () => {
        const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
        const images = [
            `ghcr.io/a/b:v1@${digest}`,
            `ghcr.io/a/c@${digest}`,
            "ghcr.io/a/d:1",
            "ghcr.io/a/d:1",
            "alpine",
        ];
        expect(imageCopies(images, { "ghcr.io": "own.example.com" })).to.deep.equal([
            { from: `ghcr.io/a/b@${digest}`, to: "own.example.com/a/b:v1" },
            { from: `ghcr.io/a/c@${digest}`, to: `own.example.com/a/c@${digest}` },
            { from: "ghcr.io/a/d:1", to: "own.example.com/a/d:1" },
        ]);
    });
});
