import { readFileSync } from "node:fs";
import { expect } from "chai";
import { fluxInstall, type FluxInstallOptions, objectId, parseManifest } from "../../../components/release";
import expected from "./reference/expected.json";
import { digest, errorOf, releaseFile, releaseObjects } from "./support";

describe("installing Flux as its own command does", () => {
    it("gives what `flux bootstrap` v2.9.4 writes, object by object in the same order", async function () {
        const path = releaseFile(this, "flux-v2.9.4.gotk-components.yaml");
        const written = parseManifest(readFileSync(path, "utf8"), path);
        const ours = fluxInstall(await releaseObjects(this, "flux", "v2.9.4"), { version: "v2.9.4" });
        expect(ours.map(objectId)).to.deep.equal(written.map(objectId));
        for (const [index, object] of written.entries()) {
            expect(ours[index], objectId(object)).to.deep.equal(object);
        }
    });

    for (const { options, objects, sha256 } of expected.fluxInstall) {
        it(`gives what Flux's own generator writes for ${JSON.stringify(options)}`, async function () {
            const release = await releaseObjects(this, "flux", expected.fluxVersion);
            const ours = fluxInstall(release, { version: expected.fluxVersion, ...(options as object) });
            expect(ours).to.have.length(objects);
            expect(digest(ours)).to.equal(sha256);
        });
    }

    it("takes an option that is undefined for one that isn't given", async function () {
        const release = await releaseObjects(this, "flux", "v2.9.4");
        const version = "v2.9.4";
        expect(fluxInstall(release, { version, namespace: undefined, components: undefined })).to.deep.equal(
            fluxInstall(release, { version }),
        );
    });

    it("works on the release before too", async function () {
        const release = await releaseObjects(this, "flux", "v2.8.8");
        const ours = fluxInstall(release, { version: "v2.8.8" });
        expect(ours).to.have.length(32);
        expect(ours.every((object) => object.metadata.labels?.["app.kubernetes.io/version"] === "v2.8.8")).to.equal(
            true,
        );
        expect(JSON.stringify(ours)).not.to.include('"--watch-all-namespaces"');
    });

    it("leaves the release's own objects untouched", async function () {
        const release = await releaseObjects(this, "flux", "v2.9.4");
        const before = digest(release);
        fluxInstall(release, { version: "v2.9.4", namespace: "gitops" });
        expect(digest(release)).to.equal(before);
    });

    const wrong: [string, Partial<FluxInstallOptions>, string[]][] = [
        [
            "an unknown component",
            { components: ["source-controler"] },
            ["source-controler", "Did you mean source-controller?", "source-watcher"],
        ],
        [
            "a required component that is missing",
            { components: ["source-controller"] },
            ["kustomize-controller is missing"],
        ],
        [
            "a component that is given twice",
            { componentsExtra: ["helm-controller"] },
            ['"helm-controller" is given twice'],
        ],
    ];
    for (const [what, options, parts] of wrong) {
        it(`refuses ${what}`, async () => {
            const { message } = await errorOf(() => fluxInstall([], { version: "v2.9.4", ...options }));
            for (const part of parts) {
                expect(message).to.include(part);
            }
        });
    }

    it("refuses a manifest that isn't Flux's", async function () {
        const pipelines = await releaseObjects(this, "tekton-pipelines", "v1.15.0");
        const { message } = await errorOf(() => fluxInstall(pipelines, { version: "v2.9.4" }));
        expect(message).to.include("the manifest has no source-controller");
    });

    it("passes on what flux wrote in 2020", async function () {
        const written = await releaseObjects(this, "flux", "v0.5.6");
        expect(fluxInstall(written, { version: "v0.5.6", namespace: "flux-system" })).to.deep.equal(written);
    });

    it("says that what flux wrote in 2020 can't be had for other options", async function () {
        const written = await releaseObjects(this, "flux", "v0.5.6");
        const options = {
            version: "v0.5.6",
            components: ["source-controller", "kustomize-controller"],
            logLevel: "debug",
        } as const;
        const { message } = await errorOf(() => fluxInstall(written, options));
        expect(message).to.include("flux v0.5.6: logLevel, components can't be chosen");
    });
});
