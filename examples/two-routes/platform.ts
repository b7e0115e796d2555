import type * as pulumi from "@pulumi/pulumi";
import {
    Flux,
    fluxInstall,
    type KubernetesObject,
    loadRelease,
    lockedRelease,
    parseRelease,
    type Product,
    TektonPipelines,
    TektonTriggers,
} from "flux-to-tekton/components";

const versions = { "tekton-pipelines": "v1.15.0", "tekton-triggers": "v0.37.0", flux: "v2.9.4" } as const;

/** Installs Tekton and Flux. Whatever needs them depends on what is returned. */
export async function installPlatform(): Promise<pulumi.Resource[]> {
    const objects = async (product: Product): Promise<KubernetesObject[]> =>
        parseRelease(
            await loadRelease(lockedRelease(product, versions[product]), { mirror: process.env.RELEASE_MIRROR }),
        );
    // All of them are loaded and verified before anything is installed.
    const [ofPipelines, ofTriggers, ofFlux] = await Promise.all([
        objects("tekton-pipelines"),
        objects("tekton-triggers"),
        objects("flux"),
    ]);
    const pipelines = new TektonPipelines("tekton-pipelines", {
        version: versions["tekton-pipelines"],
        objects: ofPipelines,
    });
    const triggers = new TektonTriggers("tekton-triggers", {
        version: versions["tekton-triggers"],
        objects: ofTriggers,
        namespaces: pipelines.namespaces,
    });
    const flux = new Flux("flux", {
        version: versions.flux,
        objects: fluxInstall(ofFlux, { version: versions.flux }),
    });
    return [pipelines, triggers, flux];
}
