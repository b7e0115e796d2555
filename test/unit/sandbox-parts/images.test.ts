import { expect } from "chai";
import { execa } from "execa";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultCatchUpImage } from "../../../components/catchUp";
import { parseImageReference } from "../../../components/imageReference";
import { prepareImage, sharedLibraries, writeArchive } from "../../../sandbox/images/archive";
import { addNames, forgetNames, importImages, type ImageStore } from "../../../sandbox/images/images";
import { type Program, recipeFor } from "../../../sandbox/images/recipes";
import { localNames } from "../../../sandbox/images/reference";
import { tar, tarSize, type TarEntry } from "../../../sandbox/images/tar";
import { searchPath } from "../../../sandbox/machine";
import { lockedVersion } from "../../../sandbox/releases/goModules";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("sandbox images", () => {
    let folder: string;
    before(async () => {
        folder = await mkdtemp(join(tmpdir(), "sandbox-images-"));
    });
    after(() => rm(folder, { recursive: true, force: true }));

    describe("references", () => {
        it("fill in Docker's defaults", () => {
            expect(parseImageReference("alpine").repository).to.equal("docker.io/library/alpine");
            expect(parseImageReference("alpine").tag).to.equal("latest");
            expect(parseImageReference("fluxcd/flux").repository).to.equal("docker.io/fluxcd/flux");
            expect(parseImageReference("localhost:5000/a/b:c")).to.include({
                repository: "localhost:5000/a/b",
                tag: "c",
            });
        });

        it("are looked up by tag and by digest", () => {
            expect(localNames(parseImageReference(`ghcr.io/a/b:v1@${digest}`))).to.deep.equal([
                "ghcr.io/a/b:v1",
                `ghcr.io/a/b@${digest}`,
            ]);
            expect(localNames(parseImageReference(`ghcr.io/a/b@${digest}`))).to.deep.equal([`ghcr.io/a/b@${digest}`]);
        });

        for (const text of ["", "a b", "a@sha256:12", ":v1"]) {
            it(`refuse ${JSON.stringify(text)}`, () => {
                expect(() => parseImageReference(text)).to.throw(`"${text}" isn't an image reference`);
            });
        }
    });

    describe("recipes", () => {
        const pipelines = lockedVersion("tekton-pipelines", "github.com/tektoncd/pipeline");
        const previous = lockedVersion("tekton-pipelines-v1.12", "github.com/tektoncd/pipeline");
        const controller = `ghcr.io/tektoncd/pipeline/controller-${"a".repeat(32)}`;

        it("know Tekton's images by their program, whatever ko's hash", () => {
            const recipe = recipeFor(parseImageReference(`${controller}:${pipelines}@${digest}`));
            expect(recipe).to.include({ name: "tekton-pipelines-controller", user: "65532:65532" });
        });

        it("take the programs of the version that is asked for", () => {
            const recipe = recipeFor(parseImageReference(`${controller}:${previous}@${digest}`));
            const program = { tool: "tekton-pipelines-v1.12", program: "controller" };
            expect(recipe).to.have.property("programs").that.deep.equals({ "ko-app/controller": program });
        });

        it("don't pass off another version's image", () => {
            const recipe = recipeFor(parseImageReference(`${controller}:v0.1.0@${digest}`));
            expect(recipe).to.deep.equal({ none: `the sandbox builds ${pipelines}, ${previous}` });
        });

        it("exist for Flux's buildable controllers only", () => {
            const version = lockedVersion("source-controller", "github.com/fluxcd/source-controller");
            const built = recipeFor(parseImageReference(`ghcr.io/fluxcd/source-controller:${version}`));
            expect(built).to.include({ name: "source-controller", user: "65534:65534" });
            expect(recipeFor(parseImageReference("ghcr.io/fluxcd/helm-controller:v1.6.3"))).to.have.property("none");
        });

        it("make busybox of alpine, and of Tekton's shell image, which isn't root's", () => {
            for (const text of ["alpine", "docker.io/library/alpine:3.22"]) {
                const recipe = recipeFor(parseImageReference(text));
                expect(recipe, text).to.include({ name: "busybox", applets: true }).and.not.to.have.property("user");
            }
            const tektons = recipeFor(parseImageReference(`cgr.dev/chainguard/busybox@${digest}`));
            expect(tektons).to.include({ name: "busybox-nonroot", applets: true, user: "65532:65532" });
        });
    });

    describe("the catch-up's image", () => {
        let root: string;
        /** As in the pod: that user, nothing of this machine but what the layer holds, no network. */
        const inside = async (command: string): Promise<string> => {
            const chroot = ["chroot", "--userspec=65532:65532", "--groups=", root];
            const environment = { env: { PATH: searchPath() }, extendEnv: false };
            return (await execa("unshare", ["--net", ...chroot, "/bin/sh", "-euc", command], environment)).stdout;
        };

        before(async function () {
            if (process.getuid?.() !== 0) return this.skip();
            const recipe = recipeFor(parseImageReference(defaultCatchUpImage));
            if ("none" in recipe) throw new Error(recipe.none);
            const hostFile = (program: Program) => ("hostFile" in program ? program.hostFile : "");
            if (!Object.values(recipe.programs).map(hostFile).every(existsSync)) return this.skip();
            const archive = await writeArchive(await prepareImage(recipe, hostFile), "localhost/curl:1", folder);
            root = join(folder, "root");
            await mkdir(root);
            await execa("tar", ["-xf", archive, "-C", folder, "layer.tar"]);
            await execa("tar", ["-xf", join(folder, "layer.tar"), "-C", root]);
        });

        it("has the libraries of a program that has any, and the dynamic linker", async () => {
            expect(await sharedLibraries("/bin/busybox")).to.deep.equal([]);
            const libraries = await sharedLibraries("/usr/bin/curl");
            expect(libraries.join("\n"))
                .to.match(/libcurl\.so/)
                .and.to.match(/\/ld-linux/);
            for (const library of libraries) expect(existsSync(join(root, library)), library).to.equal(true);
        });

        it("has a curl that runs with what the layer holds, and the shell with what the script uses", async () => {
            expect(await inside("curl --version")).to.match(/^curl \d+\.\d+.*Protocols:.* https /s);
            expect(await inside(`printf '%s-' "$(cat /etc/nsswitch.conf)"; id -u`)).to.equal("hosts: files dns-65532");
        });
    });

    describe("tar", () => {
        async function write(path: string, entries: readonly TarEntry[]): Promise<Buffer> {
            const chunks: Uint8Array[] = [];
            for await (const chunk of tar(entries)) chunks.push(chunk);
            const bytes = Buffer.concat(chunks);
            await writeFile(path, bytes);
            return bytes;
        }

        it("writes what the system's tar reads", async () => {
            const content = Buffer.alloc(1000, "x");
            const path = join(folder, "a.tar");
            const entries = [
                { path: "tmp/", mode: 0o1777 },
                { path: "tmp/file", mode: 0o755, size: 1000, content: [content] },
                { path: "tmp/empty" },
                { path: "tmp/link", linkTo: "/tmp/file" },
            ];
            expect((await write(path, entries)).length).to.equal(tarSize(entries));
            const { stdout } = await execa("tar", ["-tvf", path, "--numeric-owner"], { env: { TZ: "UTC" } });
            expect(stdout.split("\n").map((line) => line.replace(/ +/g, " "))).to.deep.equal([
                "drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/",
                "-rwxr-xr-x 0/0 1000 1970-01-01 00:00 tmp/file",
                "-rw-r--r-- 0/0 0 1970-01-01 00:00 tmp/empty",
                "lrwxr-xr-x 0/0 0 1970-01-01 00:00 tmp/link -> /tmp/file",
            ]);
            const file = await execa("tar", ["-xOf", path, "tmp/file"], { encoding: "buffer" });
            expect(content.equals(file.stdout)).to.equal(true);
        });

        it("refuses a file that changed while it was read, and a path that doesn't fit", async () => {
            const path = join(folder, "b.tar");
            const changed = write(path, [{ path: "f", size: 5, content: [Buffer.from("abc")] }]);
            expect(await failure(changed)).to.contain("f has 3 bytes instead of 5");
            expect(await failure(write(path, [{ path: "x".repeat(101) }]))).to.contain("longer than the 100 bytes");
        });
    });

    describe("archives", () => {
        const recipe = { name: "demo", programs: { "bin/demo": { tool: "t", program: "demo" } }, user: "65532:65532" };

        async function program(name: string, content: string): Promise<string> {
            const path = join(folder, name);
            await writeFile(path, content);
            return path;
        }

        it("hold the layer that their configuration names, byte for byte the same each time", async () => {
            const path = await program("demo", "#!demo");
            const image = await prepareImage(recipe, () => path);
            const folders = [join(folder, "one"), join(folder, "two")];
            const [first, second] = await Promise.all(folders.map((to) => writeArchive(image, "localhost/demo:1", to)));
            expect((await readFile(first!)).equals(await readFile(second!))).to.equal(true);
            const entry = async (name: string) =>
                (await execa("tar", ["-xOf", first!, name], { encoding: "buffer" })).stdout;
            const config = JSON.parse(Buffer.from(await entry("config.json")).toString()) as {
                config: { User: string };
                rootfs: { diff_ids: string[] };
            };
            const sum = await execa("sha256sum", { input: await entry("layer.tar") });
            expect(config.rootfs.diff_ids).to.deep.equal([`sha256:${sum.stdout.slice(0, 64)}`]);
            expect(config.config.User).to.equal("65532:65532");
            const layer = await execa("tar", ["-xO", "bin/demo"], { input: await entry("layer.tar") });
            expect(layer.stdout).to.equal("#!demo");
        });

        it("are kept while the program is the same, and replaced when it changes", async () => {
            const to = join(folder, "kept");
            await mkdir(to);
            await writeFile(join(to, "other-0123456789abcdef.tar"), "another image's");
            const path = await program("changing", "v1");
            const before = await prepareImage(recipe, () => path);
            expect((await prepareImage(recipe, () => path)).key).to.equal(before.key);
            await writeArchive(before, "localhost/demo:1", to);
            await program("changing", "version 2");
            const after = await prepareImage(recipe, () => path);
            expect(after.key).not.to.equal(before.key);
            await writeArchive(after, "localhost/demo:2", to);
            expect((await readdir(to)).sort()).to.deep.equal([`demo-${after.key}.tar`, "other-0123456789abcdef.tar"]);
        });

        it("name the program that is missing and what to do", async () => {
            const missing = prepareImage(recipe, () => join(folder, "nowhere"));
            expect(await failure(missing)).to.match(/nowhere, which the image demo is made of, is missing. Build/);
        });
    });
});

describe("importing sandbox images", () => {
    let folder: string;
    let present: Set<string>;
    let calls: string[][];
    let lines: string[];
    let store: ImageStore;
    const nop = `ghcr.io/tektoncd/pipeline/nop-${"a".repeat(32)}`;
    const version = lockedVersion("tekton-pipelines", "github.com/tektoncd/pipeline");
    const references = [`${nop}:${version}@${digest}`, "ghcr.io/fluxcd/helm-controller:v1.6.3"];

    /** Keeps the names that containerd would; a real one is in the cluster tests. */
    async function ctr(args: readonly string[]): Promise<string> {
        const [, command, ...rest] = args;
        calls.push([...args]);
        if (command === "import") {
            const manifest = await execa("tar", ["-xOf", rest[0]!, "manifest.json"]);
            for (const { RepoTags } of JSON.parse(manifest.stdout) as { RepoTags: string[] }[])
                present.add(RepoTags[0]!);
        }
        if (command === "tag") rest.slice(2).forEach((name) => present.add(name));
        if (command === "rm") rest.forEach((name) => present.delete(name));
        return [...present].join("\n");
    }

    beforeEach(async () => {
        folder = await mkdtemp(join(tmpdir(), "sandbox-import-"));
        await writeFile(join(folder, "nop"), "v1");
        present = new Set(["example.com/other:1"]);
        calls = [];
        lines = [];
        const program = (_tool: string, name: string) => join(folder, name);
        store = { cacheDir: join(folder, "cache"), program, ctr, log: (line) => lines.push(line) };
    });
    afterEach(() => rm(folder, { recursive: true, force: true }));

    it("gives an image every name, and names in one line what it leaves out", async () => {
        await importImages(references, store);
        const [own] = [...present].filter((name) => name.startsWith("localhost/"));
        expect([...present]).to.deep.equal(["example.com/other:1", own, `${nop}:${version}`, `${nop}@${digest}`]);
        expect(lines.filter((line) => line.includes("left out"))).to.deep.equal([
            "images: left out ghcr.io/fluxcd/helm-controller:v1.6.3 (no recipe)",
        ]);
    });

    it("imports nothing the second time, but adds a name that is new", async () => {
        await importImages(references, store);
        calls = [];
        await importImages(references, store);
        expect(calls.map(([, command]) => command)).to.deep.equal(["ls"]);
        await importImages([`${nop}:${version}`, `example.com/tektoncd/pipeline/nop:${version}`], store);
        expect(calls.map(([, command]) => command)).to.deep.equal(["ls", "ls", "tag"]);
        expect([...present]).to.include(`example.com/tektoncd/pipeline/nop:${version}`);
    });

    it("gives images further names for a while, and leaves out what it doesn't have", async () => {
        await importImages(references, store);
        const before = [...present];
        const further = new Map([
            [`${nop}@${digest}`, `own.example.com/nop@${digest}`],
            ["ghcr.io/fluxcd/helm-controller:v1.6.3", "own.example.com/helm-controller:v1.6.3"],
        ]);
        const given = await addNames(further, store);
        expect(given).to.deep.equal([`own.example.com/nop@${digest}`]);
        expect([...present]).to.deep.equal([...before, ...given]);
        await forgetNames(given, store);
        expect([...present]).to.deep.equal(before);
    });

    it("moves the names to a new build, and drops the old one only", async () => {
        await writeFile(join(folder, "events"), "v1");
        await importImages([...references, `ghcr.io/tektoncd/pipeline/events:${version}`], store);
        const before = [...present].filter((name) => name.startsWith("localhost/")).sort();
        await writeFile(join(folder, "nop"), "version 2");
        calls = [];
        await importImages(references, store);
        const after = [...present].filter((name) => name.startsWith("localhost/")).sort();
        expect(after[0], "events").to.equal(before[0]);
        expect(after[1], "nop").not.to.equal(before[1]);
        const tag = calls.find(([, command]) => command === "tag");
        expect(tag).to.deep.equal(["images", "tag", "--force", after[1], `${nop}:${version}`, `${nop}@${digest}`]);
        expect(after).to.have.length(2);
    });

    it("moves the names even if it was killed before it came to that", async () => {
        await importImages(references, store);
        await writeFile(join(folder, "nop"), "version 2");
        const killed = {
            ...store,
            ctr: (args: readonly string[]) => (args[1] === "tag" ? Promise.reject(new Error("killed")) : ctr(args)),
        };
        expect(await failure(importImages(references, killed))).to.contain("killed");
        calls = [];
        await importImages(references, store);
        expect(calls.map(([, command]) => command)).to.deep.equal(["ls", "tag", "rm"]);
    });

    it("passes on what ctr says, and goes on the next time", async () => {
        const broken = {
            ...store,
            ctr: (args: readonly string[]) =>
                args[1] === "tag" ? Promise.reject(new Error("no space left")) : ctr(args),
        };
        expect(await failure(importImages(references, broken))).to.contain("no space left");
        await importImages(references, store);
        expect([...present]).to.include(`${nop}@${digest}`);
    });
});

/** The message with which a promise is rejected. */
async function failure(promise: Promise<unknown>): Promise<string> {
    return promise.then(
        () => "it didn't fail",
        (error: unknown) => String(error),
    );
}
