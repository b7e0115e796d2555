import { expect } from "chai";
import { execa } from "execa";
import { once } from "node:events";
import { createReadStream, existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseImageReference } from "../../../components/imageReference";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import {
    imagesIn,
    loadRelease,
    lockedRelease,
    objectId,
    parseRelease,
    products,
    readLock,
} from "../../../components/release";
import { recipeFor } from "../../../sandbox/images/recipes";

import { findCommand } from "../../../sandbox/machine";
import { lockedVersion } from "../../../sandbox/releases/goModules";
import { assembleInto, prepareReleases } from "../../../sandbox/releases/releases";
import { program } from "../../../sandbox/tools";
import { releaseObjects, releasesFolder } from "../release/support";

const versions = {
    "tekton-pipelines": lockedVersion("tekton-pipelines", "github.com/tektoncd/pipeline"),
    "tekton-triggers": lockedVersion("tekton-triggers", "github.com/tektoncd/triggers"),
    flux: "v2.9.4",
};

describe("sandbox releases", () => {
    describe("from a mirror", () => {
        it("lists every image of the real releases", async function () {
            if (!releasesFolder) return this.skip();
            await withMirror(releasesFolder, async () => {
                const { images, ...rest } = await prepareReleases({ cacheDir: "/nonexistent", log: () => undefined });
                expect(rest).to.deep.equal({ how: "mirror", mirror: releasesFolder });
                const names = images.map((image) => image.replace(/(-[0-9a-f]{32})?(:v[\d.]+)?(@sha256:.*)?$/, ""));
                expect(names.sort()).to.deep.equal([
                    "cgr.dev/chainguard/busybox",
                    ...[
                        ...["helm-controller", "image-automation-controller", "image-reflector-controller"],
                        ...["kustomize-controller", "notification-controller", "source-controller", "source-watcher"],
                    ].map((name) => `ghcr.io/fluxcd/${name}`),
                    ...[
                        ...["controller", "entrypoint", "events", "nop", "resolvers", "sidecarlogresults"],
                        ...["webhook", "workingdirinit"],
                    ].map((name) => `ghcr.io/tektoncd/pipeline/${name}`),
                    ...["controller", "eventlistenersink", "interceptors", "webhook"].map(
                        (name) => `ghcr.io/tektoncd/triggers/${name}`,
                    ),
                    "mcr.microsoft.com/powershell:nanoserver",
                ]);
            });
        });

        it("lists the images of the Tekton before today's where they are asked for", async function () {
            if (!releasesFolder) return this.skip();
            await withMirror(releasesFolder, async () => {
                const options = { cacheDir: "/nonexistent", log: () => undefined };
                const usual = (await prepareReleases(options)).images;
                const { images } = await prepareReleases({ ...options, sandbox: { previousTekton: true } });
                const further = images.filter((image) => !usual.includes(image));
                const versionOf = (image: string) => /tektoncd\/(\w+)\/.*:(v[\d.]+)@/.exec(image)?.slice(1).join(" ");
                expect(new Set(further.map(versionOf))).to.deep.equal(
                    new Set(["pipeline v1.12.2", "triggers v0.36.0"]),
                );
            });
        });

        it("copies one that is behind a URL, once, since nothing inside reaches it", async function () {
            if (!releasesFolder) return this.skip();
            const published = releasesFolder;
            const cacheDir = await mkdtemp(join(tmpdir(), "sandbox-mirror-"));
            const asked: string[] = [];
            const server = createServer(({ url = "" }, response) => {
                asked.push(url);
                createReadStream(join(published, url))
                    .on("error", () => response.writeHead(404).end())
                    .pipe(response);
            });
            await once(server.listen(0, "127.0.0.1"), "listening");
            const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
            try {
                await withMirror(url, async () => {
                    const prepared = await prepareReleases({ cacheDir, log: () => undefined });
                    const mirror = join(cacheDir, "mirror");
                    expect(prepared).to.include({ how: "mirror", mirror });
                    expect(asked.map((path) => path.slice(1)).sort()).to.deep.equal((await readdir(mirror)).sort());
                    const [some] = asked;
                    await rm(join(mirror, some ?? ""));
                    asked.length = 0;
                    expect(await prepareReleases({ cacheDir, log: () => undefined })).to.deep.equal(prepared);
                    expect(asked).to.include(some);
                    asked.length = 0;
                    expect(await prepareReleases({ cacheDir, log: () => undefined })).to.deep.equal(prepared);
                    expect(asked).to.deep.equal([]);
                });
            } finally {
                server.close();
                await rm(cacheDir, { recursive: true });
            }
        });

        it("names the URL that doesn't answer", async () => {
            await withMirror("http://127.0.0.1:9/none", async () => {
                const options = { cacheDir: "/nonexistent", log: () => undefined };
                const message = await prepareReleases(options).then(String, String);
                expect(message).to.contain("the release mirror can't be read: http://127.0.0.1:9/none/");
            });
        });

        /** Sets RELEASE_MIRROR for a while. */
        async function withMirror(mirror: string, action: () => Promise<void>): Promise<void> {
            const before = process.env["RELEASE_MIRROR"];
            process.env["RELEASE_MIRROR"] = mirror;
            try {
                await action();
            } finally {
                if (before === undefined) delete process.env["RELEASE_MIRROR"];
                else process.env["RELEASE_MIRROR"] = before;
            }
        }
    });

    describe("assembled from Go modules", function () {
        // The modules are downloaded where Go doesn't have them yet.
        this.timeout(180_000);
        let folder: string;
        let assembled: Record<(typeof products)[number], KubernetesObject[]> | undefined;

        before(async () => {
            const kubectl = [kubectlOfSandbox(), findCommand("kubectl")].find((path) => path && existsSync(path));
            if (!kubectl || !(await goModulesCanBeHad())) return;
            folder = await mkdtemp(join(tmpdir(), "sandbox-releases-"));
            const mirror = join(folder, "assembled");
            await assembleInto(mirror, () => undefined, undefined, kubectl);
            const lock = readLock(join(mirror, "releases.lock.json"));
            const load = async (product: (typeof products)[number]) =>
                parseRelease(await loadRelease(lockedRelease(product, versions[product], lock), { mirror }));
            assembled = {
                "tekton-pipelines": await load("tekton-pipelines"),
                "tekton-triggers": await load("tekton-triggers"),
                flux: await load("flux"),
            };
        });
        after(async () => {
            if (folder) await rm(folder, { recursive: true, force: true });
        });

        for (const product of products) {
            it(`${product} ${versions[product]} equals the published release, document by document`, async function () {
                const published = await releaseObjects(this, product, versions[product]);
                if (!assembled) return this.skip();
                const own = assembled[product];
                expect(own.map(objectId)).to.deep.equal(published.map(objectId));
                own.forEach((object, index) => {
                    const expected = withoutDigests(published[index]!);
                    expect(withoutDigests(object), objectId(object)).to.deep.equal(expected);
                });
            });
        }

        it("asks for images that the sandbox can make", function () {
            if (!assembled) return this.skip();
            const references = imagesIn(Object.values(assembled).flat());
            const none = references.filter((text) => "none" in recipeFor(parseImageReference(text)));
            expect(none.map((text) => text.replace(/[:@].*/, ""))).to.deep.equal([
                "mcr.microsoft.com/powershell",
                "ghcr.io/fluxcd/helm-controller",
                "ghcr.io/fluxcd/image-automation-controller",
                "ghcr.io/fluxcd/image-reflector-controller",
                "ghcr.io/fluxcd/source-watcher",
            ]);
        });
    });
});

/** Only the registry knows the digests of upstream's images of the program. */
function withoutDigests(object: KubernetesObject): unknown {
    const text = JSON.stringify(object);
    return JSON.parse(text.replace(/(ghcr\.io\/tektoncd\/[\w./-]+:v[\d.]+)@sha256:[0-9a-f]{64}/g, "$1"));
}

function kubectlOfSandbox(): string | undefined {
    try {
        return program("kubernetes", "kubectl");
    } catch {
        return undefined;
    }
}

/** Whether Go is there, and has the modules or can download them, within a minute. */
async function goModulesCanBeHad(): Promise<boolean> {
    const module = `github.com/tektoncd/triggers@${versions["tekton-triggers"]}`;
    const { failed } = await execa("go", ["mod", "download", module], { cwd: "/", timeout: 60_000, reject: false });
    return !failed;
}
