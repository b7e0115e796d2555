import { expect } from "chai";
import { imagesIn } from "../../../components/release";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { outputOf } from "../support/engine";
import { of2020, runProgram, today } from "../support/program";
import { registriesOutside } from "../../../stacks/images";

describe("images from registries of one's own", () => {
    const upstream = ["ghcr.io", "gcr.io", "cgr.dev", "mcr.microsoft.com", "docker.io"];
    const imageRegistries = Object.fromEntries(upstream.map((registry) => [registry, `own.example.com/${registry}`]));

    for (const releases of [today, of2020]) {
        it(`are all that a stack of ${releases.title} names, in whatever place`, async function () {
            const { resources } = await runProgram(this, { ...releases, settings: { imageRegistries } });
            const objects = resources
                .objects()
                .map(({ inputs }) => inputs)
                .filter(({ kind }) => kind !== "CustomResourceDefinition");
            const images = imagesIn(objects);
            expect(images.filter((image) => !image.startsWith("own.example.com/"))).to.deep.equal([]);
            expect(images).to.include("own.example.com/docker.io/library/alpine");
            // Without imagesIn, too: wherever upstream's registries are named, it is behind one's own.
            const names = upstream.join("|").replaceAll(".", "\\.");
            const elsewhere = new RegExp(`(?<!own\\.example\\.com/)\\b(${names})\\b.{0,40}`, "g");
            expect(JSON.stringify(objects).match(elsewhere)).to.equal(null);
        });
    }

    it("take Flux's from fluxRegistry, if that is set, unless it has an entry itself", async function () {
        const run = async (settings: Record<string, unknown>): Promise<string[]> => {
            const { resources } = await runProgram(this, { ...today, settings });
            return imagesIn(
                resources
                    .within("flux")
                    .objects()
                    .map(({ inputs }) => inputs),
            );
        };
        for (const image of await run({ imageRegistries, fluxRegistry: "flux.example.com/fluxcd" })) {
            expect(image).to.match(/^flux\.example\.com\/fluxcd\/[a-z-]+:v/);
        }
        const both = { ...imageRegistries, "flux.example.com": "own.example.com/flux" };
        for (const image of await run({ imageRegistries: both, fluxRegistry: "flux.example.com/fluxcd" })) {
            expect(image).to.match(/^own\.example\.com\/flux\/fluxcd\/[a-z-]+:v/);
        }
    });

    it("are pulled with the Secret that is named, by every pod", async function () {
        const { resources } = await runProgram(this, {
            ...today,
            settings: { imageRegistries, imagePullSecret: "pull" },
        });
        const objects = resources.objects().map(({ inputs }) => inputs);
        const pulls = [{ name: "pull" }];
        const accounts = objects.filter(({ kind, metadata }) => kind === "ServiceAccount" && !inFlux(metadata));
        expect(accounts.map(({ metadata }) => metadata.name)).to.include.members([
            "tekton-pipelines-controller",
            "tekton-pipelines-resolvers",
            "tekton-triggers-core-interceptors",
            "flux-notifications-sa",
            "flux-notification-run",
        ]);
        for (const { metadata, imagePullSecrets } of accounts)
            expect(imagePullSecrets, metadata.name).to.deep.equal(pulls);
        const names = accounts.flatMap(({ metadata }) => [metadata.name, outputOf(metadata.name)]);
        for (const object of objects.filter(({ kind }) => ["Deployment", "CronJob"].includes(kind))) {
            const { serviceAccountName, imagePullSecrets } = podSpec(object);
            if (inFlux(object.metadata)) expect(imagePullSecrets, object.metadata.name).to.deep.equal(pulls);
            else expect(names, object.metadata.name).to.include(serviceAccountName);
        }
    });

    it("are pulled with no Secret unless one is named", async function () {
        const { resources } = await runProgram(this, { ...today, settings: { imageRegistries } });
        const objects = resources.objects().filter(({ inputs }) => inputs.kind !== "CustomResourceDefinition");
        expect(JSON.stringify(objects.map(({ inputs }) => inputs))).not.to.include("imagePullSecrets");
    });

    describe("that lack an entry", () => {
        const manifests = {
            some: [
                {
                    apiVersion: "v1",
                    kind: "Pod",
                    metadata: { name: "a" },
                    spec: { containers: [{ image: "quay.io/a/b" }] },
                },
            ],
        };
        const config = { pipelineImage: "alpine", catchUp: true, catchUpImage: "ghcr.io/a/curl:8" };

        it("are named by registry", () => {
            const some = { "ghcr.io": "own.example.com/ghcr.io" };
            expect(registriesOutside({ ...config, imageRegistries: some }, manifests)).to.deep.equal([
                "quay.io",
                "docker.io",
            ]);
        });

        it("are no matter where nothing is mapped", () => {
            expect(registriesOutside({ ...config, imageRegistries: {} }, manifests)).to.deep.equal([]);
        });
    });
});

const inFlux = ({ namespace }: KubernetesObject["metadata"]): boolean => namespace === "flux-system";

/** Of a Deployment or a CronJob. */
function podSpec({ spec }: KubernetesObject): { serviceAccountName?: unknown; imagePullSecrets?: unknown } {
    interface Workload {
        readonly template?: { readonly spec: object };
        readonly jobTemplate?: { readonly spec: Workload };
    }
    const { template, jobTemplate } = spec as Workload;
    return template?.spec ?? podSpec({ spec: jobTemplate!.spec } as unknown as KubernetesObject);
}
