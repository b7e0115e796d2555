import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { lockedRelease, type Product, readLock, type ReleaseLock } from "../../../components/release";
import { type Addition, asLocked, fetchAddition } from "../../../components/release/addition";
import { addToLock, builtInLockPath, isLocked } from "../../../components/release/lockFile";
import { upstream } from "../../../components/release/upstream";
import { errorOf, releaseFile } from "./support";

const none: ReleaseLock = { "tekton-pipelines": {}, "tekton-triggers": {}, flux: {} };

describe("adding a release", () => {
    let folder: string;
    let server: Server;
    let base: string;
    /** What upstream publishes: path → text. */
    let published: Record<string, string>;

    before((done) => {
        server = createServer((request, response) => {
            const text = published[request.url ?? ""];
            if (text === undefined) response.writeHead(404).end();
            else response.end(text);
        }).listen(0, "127.0.0.1", () => {
            base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
            done();
        });
    });
    after((done) => {
        server.closeAllConnections();
        server.close(done);
    });
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "release-addition-"));
        published = {};
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    /** As published at upstream's own paths, on another host. */
    const fetch = (product: Product, version: string, options: object = {}): Promise<Addition> =>
        fetchAddition(product, version, {
            lock: readLock(),
            retryDelayMs: 1,
            upstream: {
                files: (one) =>
                    upstream[product].files(one).map(({ name, url }) => ({ name, url: base + new URL(url!).pathname })),
                releases: "https://example.com/releases",
            },
            ...options,
        });
    /** Publishes a real release, as if it were of another version. */
    const publish = (test: Mocha.Context, product: Product, like: string, version: string): void => {
        const files = lockedRelease(product, like).files;
        upstream[product].files(version).forEach(({ url }, index) => {
            const text = readFileSync(releaseFile(test, files[index]!.name), "utf8");
            published[new URL(url!).pathname] = text.replaceAll(like, version);
        });
    };

    describe("fetches it from upstream", () => {
        for (const [product, version] of [
            ["tekton-pipelines", "v1.15.0"],
            ["tekton-pipelines", "v1.12.2"],
            ["tekton-triggers", "v0.37.0"],
            ["tekton-triggers", "v0.36.0"],
            ["flux", "v2.9.4"],
            ["flux", "v2.8.8"],
        ] as const) {
            it(`and locks ${product} ${version} as the lock has it`, async function () {
                publish(this, product, version, version);
                const locked = lockedRelease(product, version);
                const { release } = await fetch(product, version);
                expect(asLocked(release)).to.deep.equal({
                    ...locked,
                    files: locked.files.map((file) => ({ ...file, url: base + new URL(file.url!).pathname })),
                });
                expect(isLocked(release, readLock())).to.equal(true);
            });
        }

        it("at the addresses that the lock has", () => {
            for (const product of ["tekton-pipelines", "tekton-triggers", "flux"] as const) {
                for (const [version, { files, generation }] of Object.entries(readLock()[product])) {
                    if (generation === "2020") continue;
                    expect(upstream[product].files(version)).to.deep.equal(
                        files.map(({ name, url }) => ({ name, url })),
                    );
                }
            }
        });

        it("and says that there is no such version, and where to look for one", async () => {
            const { message } = await errorOf(() => fetch("tekton-triggers", "v0.99.0"));
            expect(message).to.include("tekton-triggers v0.99.0 can't be had");
            expect(message).to.include(`tekton-triggers-v0.99.0.yaml: ${base}/`).and.to.include("interceptors");
            expect(message).to.include("https://example.com/releases");
        });
    });

    it("takes it from a mirror, and asks nobody else", async function () {
        const text = readFileSync(releaseFile(this, "flux-v2.9.4.yaml"), "utf8");
        writeFileSync(join(folder, "flux-v2.9.5.yaml"), text);
        const { release } = await fetch("flux", "v2.9.5", { mirror: folder });
        expect(release.files[0]!.origin).to.equal(join(folder, "flux-v2.9.5.yaml"));
        expect(release.files[0]!.url).to.equal(`${base}/fluxcd/flux2/releases/download/v2.9.5/install.yaml`);
    });

    describe("finds the oldest Kubernetes", () => {
        it("in Tekton's manifests", async function () {
            publish(this, "tekton-pipelines", "v1.15.0", "v1.16.0");
            for (const path of Object.keys(published))
                published[path] = published[path]!.replaceAll("v1.28.0", "v1.34.0");
            const { release, minKubernetesBy } = await fetch("tekton-pipelines", "v1.16.0");
            expect(release.kubernetes).to.deep.equal({ min: "1.34" });
            expect(minKubernetesBy).to.equal("its manifests say so");
        });

        it("as given", async function () {
            publish(this, "flux", "v2.9.4", "v2.10.0");
            const { release } = await fetch("flux", "v2.10.0", { minKubernetes: "1.35" });
            expect(release.kubernetes).to.deep.equal({ min: "1.35" });
        });

        it("as the newest locked release needs it, and says so", async function () {
            publish(this, "flux", "v2.9.4", "v2.10.0");
            const { release, minKubernetesBy } = await fetch("flux", "v2.10.0");
            expect(release.kubernetes).to.deep.equal({ min: "1.33" });
            expect(minKubernetesBy).to.include("v2.9.4").and.to.include("release notes");
        });

        it("or asks for it, where there is none to compare with", async function () {
            publish(this, "flux", "v2.9.4", "v2.10.0");
            const { message } = await errorOf(() => fetch("flux", "v2.10.0", { lock: none }));
            expect(message).to.include("--min-kubernetes");
        });
    });

    it("finds generation and newest Kubernetes of a release of 2020", async function () {
        const { name } = lockedRelease("tekton-triggers", "v0.10.1").files[0]!;
        writeFileSync(join(folder, name), readFileSync(releaseFile(this, name)));
        // It had its interceptors built in.
        const old = { files: () => [{ name }], releases: "" };
        const { release } = await fetch("tekton-triggers", "v0.10.1", { mirror: folder, upstream: old });
        expect(release).to.deep.include({ generation: "2020", kubernetes: { min: "1.16", max: "1.21" } });
    });

    describe("refuses", () => {
        it("what isn't a version", async () => {
            const { message } = await errorOf(() => fetch("flux", "2.9.4"));
            expect(message).to.include('"2.9.4" must be a version as upstream tags it, such as v1.15.0');
        });

        it("a file that is of another version", async function () {
            publish(this, "tekton-pipelines", "v1.15.0", "v1.15.0");
            const [path] = Object.keys(published);
            published[path!.replace("v1.15.0", "v1.16.0")] = published[path!]!;
            const { message } = await errorOf(() => fetch("tekton-pipelines", "v1.16.0"));
            expect(message).to.include("say that they are of v1.15.0");
        });

        it("a release that doesn't serve what this program writes", async function () {
            publish(this, "tekton-pipelines", "v1.15.0", "v1.16.0");
            for (const path of Object.keys(published)) {
                published[path] = published[path]!.replaceAll(/^( *- *name: )v1$/gm, "$1v2").replaceAll(
                    "name: v1beta1",
                    "name: v3",
                );
            }
            const { message } = await errorOf(() => fetch("tekton-pipelines", "v1.16.0"));
            expect(message).to.include("doesn't serve tekton.dev/v1 Pipeline");
        });

        it("Flux's manifest without the controllers that bootstrap installs", async function () {
            publish(this, "flux", "v2.9.4", "v2.10.0");
            for (const path of Object.keys(published)) {
                published[path] = published[path]!.replaceAll("component: helm-controller", "component: helmet");
            }
            const { message } = await errorOf(() => fetch("flux", "v2.10.0"));
            expect(message).to.include("the manifest has no helm-controller");
        });

        it("a locked version with other bytes, and shows both hashes", async function () {
            publish(this, "flux", "v2.9.4", "v2.9.4");
            for (const path of Object.keys(published)) published[path] += "\n";
            const { release } = await fetch("flux", "v2.9.4");
            const { message } = await errorOf(() => isLocked(release, readLock()));
            expect(message).to.include("flux v2.9.4 is locked already, with other bytes");
            expect(message).to.include(lockedRelease("flux", "v2.9.4").files[0]!.sha256);
            expect(message).to.include(release.files[0]!.sha256);
        });
    });

    describe("writes the lock", () => {
        const sha256 = "0123456789abcdef".repeat(4);
        const release = (version: string) => ({
            product: "flux" as const,
            version,
            files: [{ name: `flux-${version}.yaml`, sha256 }],
            kubernetes: { min: "1.33" },
            generation: "v1" as const,
        });

        it("newest versions first, and leaves the rest as it is", () => {
            const path = join(folder, "copy.lock.json");
            writeFileSync(path, readFileSync(builtInLockPath));
            addToLock(path, release("v2.10.0"));
            addToLock(path, release("v2.9.10"));
            const text = readFileSync(path, "utf8");
            const lock = JSON.parse(text) as Record<Product, Record<string, unknown>>;
            expect(Object.keys(lock.flux)).to.deep.equal(["v2.10.0", "v2.9.10", "v2.9.4", "v2.8.8", "v0.5.6"]);
            delete lock.flux["v2.10.0"];
            delete lock.flux["v2.9.10"];
            expect(`${JSON.stringify(lock, undefined, 4)}\n`).to.equal(readFileSync(builtInLockPath, "utf8"));
            expect(readdirSync(folder)).to.deep.equal(["copy.lock.json"]);
        });

        it("also where there was none, and the program reads it", () => {
            const path = join(folder, "new", "own.lock.json");
            addToLock(path, release("v2.10.0"));
            expect(lockedRelease("flux", "v2.10.0", readLock(path)).files[0]!.sha256).to.equal(sha256);
        });

        it("not if the file is something else", async () => {
            const path = join(folder, "own.lock.json");
            writeFileSync(path, '{"fluxx": {}}');
            const { message } = await errorOf(() => addToLock(path, release("v2.10.0")));
            expect(message).to.include(path).and.to.include("isn't valid");
            expect(readFileSync(path, "utf8")).to.equal('{"fluxx": {}}');
            expect(existsSync(`${path}.partial`)).to.equal(false);
        });
    });
});
