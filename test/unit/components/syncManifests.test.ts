import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { syncObjects } from "../../../components/fluxSync";
import { defaultFluxComponents, fluxInstall, parseManifest } from "../../../components/release";
import { syncManifests } from "../../../components/syncManifests";
import expected from "../release/reference/expected.json";
import { releaseFile, releaseObjects } from "../release/support";

interface FluxSyncCase {
    readonly options: {
        readonly url: string;
        readonly branch: string;
        readonly path: string;
        readonly interval: string;
        readonly namespace: string;
        readonly name: string;
        readonly secret: string;
        readonly recurseSubmodules?: boolean;
        readonly sparseCheckout?: string[];
    };
    readonly path: string;
    readonly content: string;
}

describe("the files by which Flux keeps itself as Git says", () => {
    for (const { options, path, content } of expected.fluxSync as FluxSyncCase[]) {
        it(`have in gotk-sync.yaml what Flux's own generator writes for ${options.url}, and a deletion policy`, () => {
            const { url, branch, interval, namespace, name, recurseSubmodules, sparseCheckout } = options;
            const source = { kind: "GitRepository", url, branch, interval, recurseSubmodules, sparseCheckout } as const;
            const objects = syncObjects({
                generation: "v1",
                namespace,
                name,
                source,
                secretName: options.secret,
                path: options.path,
            });
            const files = syncManifests({
                version: "v2.9.4",
                components: [],
                namespace,
                path: options.path,
                objects: [],
                sync: objects,
            });
            expect(Object.keys(files)).to.include(path);
            const [repository, kustomization] = parseManifest(content, path);
            const spec = { ...(kustomization!.spec as object), deletionPolicy: "Orphan" };
            expect(parseManifest(files[path]!, path)).to.deep.equal([repository, { ...kustomization, spec }]);
        });
    }

    it("have in gotk-components.yaml, line by line but for who wrote it, what `flux bootstrap` wrote", async function () {
        const path = releaseFile(this, "flux-v2.9.4.gotk-components.yaml");
        const version = "v2.9.4";
        const objects = fluxInstall(await releaseObjects(this, "flux", version), { version });
        const files = syncManifests({
            version,
            components: defaultFluxComponents,
            namespace: "flux-system",
            path: "./",
            objects,
            sync: [],
        });
        const ours = files["flux-system/gotk-components.yaml"]!;
        const theirs = readFileSync(path, "utf8");
        expect(parseManifest(ours, "ours")).to.deep.equal(parseManifest(theirs, path));
        expect(ours.split("\n").slice(2, 6)).to.deep.equal(theirs.split("\n").slice(2, 6));
    });

    it("are built by kustomize so that Flux doesn't prune itself, whatever the kind", async function () {
        const { exitCode } = await execa("kubectl", ["version", "--client"], { reject: false });
        if (exitCode !== 0) this.skip();
        const folder = await mkdtemp(join(tmpdir(), "sync-manifests-"));
        try {
            const sync = syncObjects({
                generation: "v1",
                namespace: "flux-system",
                source: { kind: "GitRepository", url: "https://git.example.com/fleet.git" },
            });
            const metadata = { name: "any", annotations: { kept: "true" } };
            const objects = [
                { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata, spec: {} },
                { apiVersion: "v1", kind: "Namespace", metadata },
            ];
            const files = syncManifests({
                version: "v2.9.4",
                components: [],
                namespace: "flux-system",
                path: "./clusters/a",
                objects,
                sync,
            });
            for (const [file, content] of Object.entries(files)) {
                await mkdir(dirname(join(folder, file)), { recursive: true });
                await writeFile(join(folder, file), content);
            }
            const { stdout } = await execa("kubectl", ["kustomize", join(folder, "clusters/a/flux-system")]);
            const built = parseManifest(stdout, "kustomize");
            expect(built).to.have.length(4);
            for (const { kind, metadata } of built) {
                const prune = metadata.annotations?.["kustomize.toolkit.fluxcd.io/prune"];
                expect(prune, kind).to.equal("disabled");
            }
            expect(built.filter((object) => object.metadata.annotations?.kept === "true")).to.have.length(2);
        } finally {
            await rm(folder, { recursive: true });
        }
    });
});
