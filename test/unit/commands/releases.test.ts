import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { builtInLockPath } from "../../../components/release/lockFile";
import { releaseFile, releasesFolder } from "../release/support";

const root = resolve(__dirname, "../../..");

describe("npm run releases", function () {
    this.timeout(120_000);

    let folder: string;
    beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "releases-command-"))));
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    /** The command, in a folder of its own and with an empty cache. */
    const releases = async (...args: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> => {
        const { exitCode, stdout, stderr } = await execa(
            process.execPath,
            ["-r", "./scripts/typescript.cjs", "commands/releases.ts", ...args],
            {
                cwd: root,
                reject: false,
                env: { INIT_CWD: folder, XDG_CACHE_HOME: join(folder, "cache"), RELEASE_MIRROR: "", RELEASE_LOCK: "" },
            },
        );
        return { exitCode: exitCode!, stdout, stderr };
    };

    it("lists the locked releases, the defaults among them, and where they are at hand", async function () {
        copyFileSync(releaseFile(this, "flux-v2.9.4.yaml"), join(folder, "flux-v2.9.4.yaml"));
        const { stdout, exitCode } = await releases("list", "--mirror", ".");
        expect(exitCode).to.equal(0);
        const rows = stdout.split("\n").map((line) => line.split(/ {2,}/));
        expect(rows).to.deep.include(["tekton-pipelines", "v1.15.0", "default", "v1", "1.28 or newer"]);
        expect(rows).to.deep.include(["flux", "v2.9.4", "default", "v1", "1.33 or newer", "mirror"]);
        expect(rows).to.deep.include(["flux", "v0.5.6", "2020", "1.16 to 1.21", "not published upstream"]);
        expect(rows).to.have.length(10);
    });

    it("shows what a new release changes, and locks it only without --dry-run", async function () {
        const text = readFileSync(releaseFile(this, "flux-v2.9.4.yaml"), "utf8");
        const newer = text.replaceAll("source-controller:v1.9.4", "source-controller:v1.9.5");
        writeFileSync(join(folder, "flux-v2.9.5.yaml"), newer);
        copyFileSync(releaseFile(this, "flux-v2.9.4.yaml"), join(folder, "flux-v2.9.4.yaml"));
        const add = ["add", "flux", "v2.9.5", "--mirror", ".", "--lock", "own.lock.json"];

        const dry = await releases(...add, "--dry-run");
        expect(dry).to.include({ exitCode: 0, stderr: "" });
        expect(dry.stdout).to.include("flux v2.9.5, compared with v2.9.4");
        expect(dry.stdout).to.include("0 added, 0 removed, 1 changed");
        expect(dry.stdout).to.include(
            "~ apps/Deployment flux-system/source-controller: spec.template.spec.containers[0].image",
        );
        expect(dry.stdout).to.include("+ ghcr.io/fluxcd/source-controller:v1.9.5");
        expect(dry.stdout).to.include("Kubernetes: 1.33 or newer (taken over from v2.9.4");
        expect(readdirSync(folder)).not.to.include("own.lock.json");

        expect((await releases(...add)).stdout).to.include("Locked in own.lock.json");
        writeFileSync(join(folder, "flux-v2.9.5.yaml"), `${newer}\n`);
        const other = await releases(...add);
        expect(other.stderr).to.include("flux v2.9.5 is locked already, with other bytes");
        expect(other.exitCode).to.equal(1);
        const { stdout } = await releases("verify", "--offline", "--mirror", ".", "--lock", "own.lock.json");
        expect(stdout).to.match(/^flux-v2\.9\.5\.yaml +mismatch +missing$/m);
        expect(stdout).to.include(`${join(folder, "flux-v2.9.5.yaml")}: expected sha256`);
    });

    it("makes a mirror with a list of images, which passes verification", async function () {
        releaseFile(this, "flux-v2.9.4.yaml");
        const made = await releases("mirror", "here", "--images", "--mirror", releasesFolder!);
        expect(made).to.include({ exitCode: 0, stderr: "" });
        const lock = Object.values(JSON.parse(readFileSync(builtInLockPath, "utf8")) as object).flatMap(
            (versions: Record<string, { files: { name: string }[] }>) =>
                Object.values(versions).flatMap(({ files }) => files.map(({ name }) => name)),
        );
        expect(readdirSync(join(folder, "here")).sort()).to.deep.equal([...lock, "images.txt"].sort());
        const images = readFileSync(join(folder, "here", "images.txt"), "utf8")
            .trim()
            .split("\n");
        expect(images).to.include("docker.io/library/alpine:latest").and.include("docker.io/curlimages/curl:8.17.0");
        // The EventListener's pod runs it; only an argument of the Triggers controller names it.
        expect(images.join("\n")).to.match(/^ghcr\.io\/tektoncd\/triggers\/eventlistenersink-\w+@sha256:/m);
        const verified = await releases("verify", "--offline", "--mirror", "here");
        expect(verified.stdout).to.match(/^tekton-triggers-interceptors-v0\.37\.0\.yaml +ok +missing$/m);
        expect(verified.exitCode).to.equal(0);
    });

    it("makes one for a stack, with what that stack installs and no more", async function () {
        releaseFile(this, "flux-v2.9.4.yaml");
        const made = await releases("mirror", "here", "--images", "--stack", "staging", "--mirror", releasesFolder!);
        expect(made).to.include({ exitCode: 0, stderr: "" });
        expect(readdirSync(join(folder, "here")).sort()).to.deep.equal([
            "flux-v2.9.4.yaml",
            "images.txt",
            "tekton-pipelines-v1.15.0.yaml",
            "tekton-triggers-interceptors-v0.37.0.yaml",
            "tekton-triggers-v0.37.0.yaml",
        ]);
        const images = readFileSync(join(folder, "here", "images.txt"), "utf8");
        for (const image of ["/curlimages/curl:", "/library/alpine:", "/eventlistenersink-", "/source-controller:"]) {
            expect(images).to.include(image);
        }
        // Not among the stack's fluxComponents.
        expect(images).not.to.include("helm-controller");
    });

    it("fails verification where a file can't be had", async () => {
        const { stdout, exitCode } = await releases("verify", "--offline");
        expect(stdout).to.match(/^flux-v2\.9\.4\.yaml +missing$/m);
        expect(exitCode).to.equal(1);
    });

    it("names the products for one that it doesn't know", async () => {
        const { stderr, exitCode } = await releases("add", "fluxx", "v2.9.5");
        expect(stderr).to.include("It must be one of tekton-pipelines, tekton-triggers, flux");
        expect(exitCode).to.equal(1);
    });
});
