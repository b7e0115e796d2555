import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { compareReleases, type ReleaseComparison } from "../../../components/release/comparison";
import { releaseObjects } from "./support";

const labels = (version: string) => ({ "app.kubernetes.io/version": version, "app.kubernetes.io/part-of": "a" });
const deployment = (version: string, image: string): KubernetesObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "controller", namespace: "a", labels: labels(version) },
    spec: { template: { metadata: { labels: labels(version) }, spec: { containers: [{ name: "main", image }] } } },
});
const definition = (...versions: (readonly [name: string, served: boolean, storage: boolean])[]): KubernetesObject => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "things.example.com" },
    spec: {
        group: "example.com",
        names: { kind: "Thing" },
        versions: versions.map(([name, served, storage]) => ({ name, served, storage })),
    },
});
const secret = (name: string): KubernetesObject => ({ apiVersion: "v1", kind: "Secret", metadata: { name } });
const compare = (before: KubernetesObject[], after: KubernetesObject[]): ReleaseComparison =>
    compareReleases({ version: "v1", objects: before }, { version: "v2", objects: after });

describe("what another version of a release brings", () => {
    it("names objects that come and go", () => {
        const { objects } = compare([secret("a"), secret("b")], [secret("b"), secret("c")]);
        expect(objects).to.deep.equal({ added: ["Secret c"], removed: ["Secret a"], changed: [] });
    });

    it("takes an object in another API version for a changed one", () => {
        const { objects } = compare([deployment("v1", "a:1")], [{ ...deployment("v2", "a:1"), apiVersion: "apps/v2" }]);
        expect(objects).to.deep.equal({
            added: [],
            removed: [],
            changed: [{ id: "apps/Deployment a/controller", fields: ["apiVersion"] }],
        });
    });

    it("doesn't take the labels that give the release's version for a change", () => {
        expect(compare([deployment("v1", "a:1")], [deployment("v2", "a:1")]).objects.changed).to.deep.equal([]);
    });

    it("names the fields that change, and the images", () => {
        const { objects, images } = compare([deployment("v1", "ghcr.io/a/b:1")], [deployment("v2", "ghcr.io/a/b:2")]);
        expect(objects.changed).to.deep.equal([
            { id: "apps/Deployment a/controller", fields: ["spec.template.spec.containers[0].image"] },
        ]);
        expect(images).to.deep.equal({ added: ["ghcr.io/a/b:2"], removed: ["ghcr.io/a/b:1"] });
    });

    it("names the served and stored versions of CustomResourceDefinitions that change", () => {
        const before = definition(["v1alpha1", true, false], ["v1beta1", true, true]);
        const after = definition(["v1alpha1", false, false], ["v1beta1", true, false], ["v1", true, true]);
        expect(compare([before], [after]).definitions).to.deep.equal([
            {
                name: "things.example.com",
                served: { added: ["v1"], removed: ["v1alpha1"] },
                stored: { before: "v1beta1", after: "v1" },
            },
        ]);
    });

    it("reads the one version that a CustomResourceDefinition of 2020 may have", () => {
        const old: KubernetesObject = {
            ...definition(),
            apiVersion: "apiextensions.k8s.io/v1beta1",
            spec: { group: "example.com", names: { kind: "Thing" }, version: "v1alpha1" },
        };
        expect(compare([old], [definition(["v1alpha1", true, true])]).definitions).to.deep.equal([]);
    });

    it("shows that Flux 2.9 no longer serves notification v1beta2", async function () {
        const { definitions, objects, images } = compareReleases(
            { version: "v2.8.8", objects: await releaseObjects(this, "flux", "v2.8.8") },
            { version: "v2.9.4", objects: await releaseObjects(this, "flux", "v2.9.4") },
        );
        expect(definitions.map(({ name }) => name)).to.deep.equal([
            "alerts.notification.toolkit.fluxcd.io",
            "imagepolicies.image.toolkit.fluxcd.io",
            "imagerepositories.image.toolkit.fluxcd.io",
            "imageupdateautomations.image.toolkit.fluxcd.io",
            "providers.notification.toolkit.fluxcd.io",
            "receivers.notification.toolkit.fluxcd.io",
        ]);
        for (const { served, stored } of definitions) {
            expect({ served, stored }).to.deep.equal({
                served: { added: [], removed: ["v1beta2"] },
                stored: undefined,
            });
        }
        expect([objects.added, objects.removed]).to.deep.equal([[], []]);
        expect(images.added).to.include("ghcr.io/fluxcd/source-controller:v1.9.4");
    });
});
