import { expect } from "chai";
import { inRegistries } from "../../../components/imageReference";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { imagesIn, products, readLock, withImages } from "../../../components/release";
import { releaseObjects } from "./support";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("the images of a release", () => {
    const deployment = (container: object): KubernetesObject => ({
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "controller" },
        spec: { template: { spec: { containers: [container] } } },
    });

    it("are found in images, arguments, environment and ConfigMaps", () => {
        const objects: KubernetesObject[] = [
            deployment({
                image: "alpine",
                args: [
                    "-nop-image",
                    `ghcr.io/a/nop:v1@${digest}`,
                    "--shell-image=cgr.dev/x/busybox:1.2",
                    "-el-image",
                    "sink",
                ],
                env: [
                    { name: "SINK_IMAGE", value: "busybox" },
                    { name: "OTHER", value: `ghcr.io/a/other@${digest}` },
                ],
            }),
            {
                apiVersion: "v1",
                kind: "ConfigMap",
                metadata: { name: "images" },
                data: { helper: "registry.example.com:5000/a/helper:v1" },
            },
        ];
        const images = [
            "alpine",
            `ghcr.io/a/nop:v1@${digest}`,
            "cgr.dev/x/busybox:1.2",
            "sink",
            "busybox",
            `ghcr.io/a/other@${digest}`,
            "registry.example.com:5000/a/helper:v1",
        ];
        expect(imagesIn(objects)).to.deep.equal(images);
        const rewritten = withImages(objects, (image) => `copy.example.com/${images.indexOf(image)}:v1`);
        expect(imagesIn(rewritten)).to.deep.equal(images.map((_, index) => `copy.example.com/${index}:v1`));
    });

    it("aren't taken for addresses, files, parameters and policies", () => {
        const args = [
            ...["--events-addr=http://notification-controller.flux-system.svc/", "/etc/config:ro", "a.b/c"],
            ...["--image-pull-secret", "regcred", "https://ghcr.io/a/b:v1"],
        ];
        const objects = [deployment({ image: "$(params.image)", imagePullPolicy: "Always", args })];
        expect(imagesIn(objects)).to.deep.equal([]);
    });

    it("aren't looked for in the schemas of CustomResourceDefinitions, whose texts give examples", () => {
        const definition = {
            apiVersion: "apiextensions.k8s.io/v1",
            kind: "CustomResourceDefinition",
            metadata: { name: "as.b.c" },
            spec: { versions: [{ name: "v1", schema: { openAPIV3Schema: { example: `ghcr.io/a/b@${digest}` } } }] },
        };
        expect(imagesIn([definition])).to.deep.equal([]);
    });

    describe("rewritten to registries of one's own", () => {
        const registries = {
            "ghcr.io": "registry.example.com/ghcr.io",
            "gcr.io": "registry.example.com/gcr.io",
            "cgr.dev": "registry.example.com/cgr.dev",
            "mcr.microsoft.com": "registry.example.com/mcr.microsoft.com",
        };
        const lock = readLock();
        for (const product of products) {
            for (const version of Object.keys(lock[product])) {
                it(`leave nothing of ${product} ${version} elsewhere, and change nothing else`, async function () {
                    const objects = await releaseObjects(this, product, version);
                    const before = strings(objects);
                    const after = strings(withImages(objects, (image) => inRegistries(image, registries)));
                    // By another, cruder rule than the one under test: any word with a tag or digest behind a slash, and
                    // whatever names a known registry.
                    const suspicious =
                        /\b[\w.-]+\/[\w./-]+(:v?\d|@sha256:)|\b(ghcr\.io|gcr\.io|cgr\.dev|mcr\.microsoft)/;
                    const images = before.filter((text) => suspicious.test(text) && !text.includes("\n"));
                    expect(images.length).to.be.greaterThan(0);
                    expect(new Set(images)).to.deep.equal(new Set(imagesIn(objects)));
                    expect(after.filter((text) => suspicious.test(text) && !text.includes("\n"))).to.deep.equal(
                        images.map((image) => `registry.example.com/${image}`),
                    );
                    expect(after).to.have.length(before.length);
                    expect(after.filter((text) => !text.startsWith("registry.example.com/"))).to.deep.equal(
                        before.filter((text) => !images.includes(text)),
                    );
                });
            }
        }
    });
});

/** Every text in the objects, at any depth, other than in CustomResourceDefinitions. */
function strings(value: unknown): string[] {
    if (typeof value === "string") return [value];
    if (typeof value !== "object" || value === null) return [];
    if ((value as { kind?: string }).kind === "CustomResourceDefinition") return [];
    return Object.values(value).flatMap(strings);
}
