import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { loadRelease, lockedRelease, type LockedRelease, ReleaseError } from "../../../components/release";
import { errorOf, releaseFile, releasesFolder } from "./support";

const content = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n";
const sha256 = createHash("sha256").update(content).digest("hex");

describe("loading a release", () => {
    let folder: string;
    let server: Server;
    let base: string;
    let answer: RequestListener;
    let requests: string[];
    let logged: string[];

    before((done) => {
        server = createServer((request, response) => {
            requests.push(request.url ?? "");
            answer(request, response);
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
        folder = mkdtempSync(join(tmpdir(), "release-source-"));
        requests = [];
        logged = [];
        answer = (_, response) => response.end(content);
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const release = (...names: string[]): LockedRelease => ({
        product: "flux",
        version: "v9.9.9",
        files: names.map((name) => ({ name, url: `${base}/upstream/${name}`, sha256 })),
        kubernetes: { min: "1.33" },
        generation: "v1",
    });
    const options = () => ({
        cacheDir: join(folder, "cache"),
        log: (message: string) => logged.push(message),
        timeoutMs: 5_000,
        retryDelayMs: 1,
    });
    const mirror = () => folder;

    describe("from upstream, through the cache", () => {
        it("downloads once, and then takes the bytes from the cache", async () => {
            const first = await loadRelease(release("a.yaml"), options());
            expect(first.files[0]?.text).to.equal(content);
            expect(first.files[0]?.origin).to.equal(`${base}/upstream/a.yaml`);
            const second = await loadRelease(release("a.yaml"), options());
            expect(second.files[0]?.text).to.equal(content);
            expect(second.files[0]?.origin).to.equal(join(folder, "cache", "a.yaml"));
            expect(requests).to.deep.equal(["/upstream/a.yaml"]);
            expect(readdirSync(join(folder, "cache"))).to.deep.equal(["a.yaml"]);
        });

        it("replaces a cache entry that is damaged", async () => {
            await loadRelease(release("a.yaml"), options());
            const cached = join(folder, "cache", "a.yaml");
            writeFileSync(cached, "damaged");
            expect((await loadRelease(release("a.yaml"), options())).files[0]?.text).to.equal(content);
            expect(readFileSync(cached, "utf8")).to.equal(content);
            expect(requests).to.have.length(2);
            expect(logged.join()).to.include(cached).and.to.include("fetching it again");
        });

        it("refuses bytes with another hash, names both, and keeps nothing", async () => {
            answer = (_, response) => response.end("other");
            const error = await errorOf(() => loadRelease(release("a.yaml"), options()));
            expect(error).to.be.instanceOf(ReleaseError);
            expect(error.message).to.include("flux v9.9.9 can't be used");
            expect(error.message).to.include(`${base}/upstream/a.yaml doesn't have the locked sha256`);
            expect(error.message).to.include(`expected ${sha256}`);
            expect(error.message).to.include(
                `found    ${createHash("sha256").update("other").digest("hex")} (5 bytes)`,
            );
            expect(existsSync(join(folder, "cache", "a.yaml"))).to.equal(false);
        });

        it("reports the faults of all files", async () => {
            answer = (request, response) => {
                if (request.url?.endsWith("a.yaml")) response.end("other");
                else response.writeHead(404).end();
            };
            const { message } = await errorOf(() => loadRelease(release("a.yaml", "b.yaml"), options()));
            expect(message).to.include("a.yaml doesn't have the locked sha256");
            expect(message).to.include(`b.yaml: the download from ${base}/upstream/b.yaml failed: HTTP status 404`);
        });

        it("doesn't repeat a request that is answered with 404, and names the mirror as the way out", async () => {
            answer = (_, response) => response.writeHead(404).end();
            const { message } = await errorOf(() => loadRelease(release("a.yaml"), options()));
            expect(message).to.include("RELEASE_MIRROR").and.to.include("releaseMirror");
            expect(requests).to.have.length(1);
        });

        for (const status of [429, 500, 503]) {
            it(`tries again after HTTP status ${status}`, async () => {
                answer = (_, response) =>
                    requests.length === 1 ? response.writeHead(status).end() : response.end(content);
                expect((await loadRelease(release("a.yaml"), options())).files[0]?.text).to.equal(content);
                expect(logged.join()).to.include(`HTTP status ${status}`).and.to.include("trying again (2 of 3)");
            });
        }

        it("gives up after three tries", async () => {
            answer = (_, response) => response.writeHead(500).end();
            const { message } = await errorOf(() => loadRelease(release("a.yaml"), options()));
            expect(message).to.include("HTTP status 500").and.to.include("tried 3 times");
            expect(requests).to.have.length(3);
        });

        it("tries again after a connection that breaks off in the middle", async () => {
            answer = (_, response) => {
                if (requests.length > 1) return response.end(content);
                response.writeHead(200, { "content-length": "1000" });
                return response.write("half", () => response.destroy());
            };
            expect((await loadRelease(release("a.yaml"), options())).files[0]?.text).to.equal(content);
            expect(requests).to.have.length(2);
        });

        it("ends a download that hangs, says so, and shows progress meanwhile", async () => {
            answer = (_, response) => {
                if (requests.length > 1) return response.end(content);
                response.writeHead(200);
                return response.write("the first bytes");
            };
            await loadRelease(release("a.yaml"), { ...options(), timeoutMs: 2_500 });
            expect(logged.join()).to.match(/downloading .*a\.yaml: 0\.0 MB after 2 s/);
            expect(logged.join()).to.include("no complete answer within 2.5 s; trying again");
        });

        it("says why a host can't be reached", async () => {
            const away = await closedPort();
            const [file] = release("a.yaml").files;
            const unreachable = { ...release(), files: [{ ...file!, url: `http://127.0.0.1:${away}/x` }] };
            const { message } = await errorOf(() => loadRelease(unreachable, options()));
            expect(message).to.include(`http://127.0.0.1:${away}/x failed: connect ECONNREFUSED`);
        });

        it("goes on when the cache can't be written", async () => {
            writeFileSync(join(folder, "cache"), "a file where the folder should be");
            expect((await loadRelease(release("a.yaml"), options())).files[0]?.text).to.equal(content);
            expect(logged.join()).to.include("can't be kept in the cache");
        });

        it("asks for a mirror where upstream doesn't publish the file", async () => {
            const { message } = await errorOf(() => loadRelease(lockedRelease("flux", "v0.5.6"), options()));
            const [file] = lockedRelease("flux", "v0.5.6").files;
            expect(message).to.include("upstream doesn't publish this file").and.to.include("RELEASE_MIRROR");
            expect(message).to.include(file!.name).and.to.include(file!.sha256);
        });
    });

    describe("from a mirror folder", () => {
        it("takes the bytes from there, and asks nobody else", async () => {
            writeFileSync(join(folder, "a.yaml"), content);
            const loaded = await loadRelease(release("a.yaml"), { ...options(), mirror: mirror() });
            expect(loaded.files[0]).to.include({ text: content, origin: join(folder, "a.yaml") });
            expect(requests).to.deep.equal([]);
            expect(existsSync(join(folder, "cache"))).to.equal(false);
        });

        it("refuses bytes with another hash", async () => {
            writeFileSync(join(folder, "a.yaml"), "other");
            const { message } = await errorOf(() => loadRelease(release("a.yaml"), { ...options(), mirror: mirror() }));
            expect(message).to.include(join(folder, "a.yaml")).and.to.include(`expected ${sha256}`);
        });

        it("says which file is missing, and doesn't fall back to upstream", async () => {
            const { message } = await errorOf(() => loadRelease(release("a.yaml"), { ...options(), mirror: mirror() }));
            expect(message).to.include(`a.yaml: the release mirror ${folder} doesn't have it (sha256 ${sha256})`);
            expect(requests).to.deep.equal([]);
        });

        it("says so when there is no such folder", async () => {
            const missing = join(folder, "missing");
            const { message } = await errorOf(() => loadRelease(release("a.yaml"), { ...options(), mirror: missing }));
            expect(message).to.include(`the release mirror ${missing} is not a folder`);
        });

        it("loads every locked release from the real mirror", async function () {
            for (const [product, version] of [
                ["tekton-pipelines", "v1.15.0"],
                ["tekton-pipelines", "v1.12.2"],
                ["tekton-pipelines", "v0.18.1"],
                ["tekton-triggers", "v0.37.0"],
                ["tekton-triggers", "v0.36.0"],
                ["tekton-triggers", "v0.10.1"],
                ["flux", "v2.9.4"],
                ["flux", "v2.8.8"],
                ["flux", "v0.5.6"],
            ] as const) {
                const locked = lockedRelease(product, version);
                locked.files.forEach((file) => releaseFile(this, file.name));
                const loaded = await loadRelease(locked, { ...options(), mirror: releasesFolder! });
                expect(loaded.files.map((file) => file.name)).to.deep.equal(locked.files.map((file) => file.name));
            }
        });

        it("notices one changed byte in a real release", async function () {
            const locked = lockedRelease("tekton-pipelines", "v1.15.0");
            const [file] = locked.files;
            const copy = join(folder, file!.name);
            copyFileSync(releaseFile(this, file!.name), copy);
            const bytes = readFileSync(copy);
            bytes[bytes.length >> 1]! ^= 1;
            writeFileSync(copy, bytes);
            const { message } = await errorOf(() => loadRelease(locked, { ...options(), mirror: mirror() }));
            expect(message).to.include(`expected ${file!.sha256}`);
        });
    });

    describe("from a mirror's base URL", () => {
        for (const slash of ["", "/"]) {
            it(`takes the bytes from there, given as .../releases${slash}, and keeps none in the cache`, async () => {
                const loaded = await loadRelease(release("a.yaml"), {
                    ...options(),
                    mirror: `${base}/releases${slash}`,
                });
                expect(loaded.files[0]).to.include({ text: content, origin: `${base}/releases/a.yaml` });
                expect(requests).to.deep.equal(["/releases/a.yaml"]);
                expect(existsSync(join(folder, "cache"))).to.equal(false);
            });
        }

        it("sends the credentials of the URL, and shows them to nobody", async () => {
            let authorization: string | undefined;
            answer = (request, response) => {
                authorization = request.headers.authorization;
                response.writeHead(403).end();
            };
            const { message } = await errorOf(() =>
                loadRelease(release("a.yaml"), { ...options(), mirror: base.replace("//", "//me:s%40cret@") }),
            );
            expect(authorization).to.equal(`Basic ${Buffer.from("me:s@cret").toString("base64")}`);
            expect(message).to.include("HTTP status 403").and.not.to.include("cret");
        });

        it("says which file is missing where", async () => {
            answer = (_, response) => response.writeHead(404).end();
            const { message } = await errorOf(() => loadRelease(release("a.yaml"), { ...options(), mirror: base }));
            expect(message).to.include(`the release mirror doesn't have it: ${base}/a.yaml`).and.to.include(sha256);
        });

        it("refuses bytes with another hash", async () => {
            answer = (_, response) => response.end("other");
            const { message } = await errorOf(() => loadRelease(release("a.yaml"), { ...options(), mirror: base }));
            expect(message).to.include(`${base}/a.yaml doesn't have the locked sha256`);
        });
    });
});

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    return port;
}
