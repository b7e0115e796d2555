import * as pulumi from "@pulumi/pulumi";
import type { KubernetesObject } from "../components/kubernetesObject";
import { withWebhookIngress } from "../components/flux";
import { inRegistries } from "../components/imageReference";
import {
    fluxInstall,
    loadRelease,
    parseRelease,
    type Product,
    withImages,
    withInterceptorRate,
    withPromptReadiness,
} from "../components/release";
import { featureFlags, withFeatureFlags } from "../components/tektonPipelines";
import type { ClusterConfig } from "./config";
import { registriesOutside } from "./images";
import { claimed } from "./ownership";

/** The objects of each of the stack's releases. */
export type Manifests = Readonly<Record<Product, readonly KubernetesObject[]>>;

/**
 * Loads, verifies and parses the stack's releases, selects of Flux what the config asks for, puts the stack's own
 * registries into the images' names, and has Tekton's readiness noticed at once. It all happens before the first resource
 * is registered, so that a release that can't be had or trusted changes nothing.
 * @throws ReleaseError
 */
export async function loadManifests(config: ClusterConfig): Promise<Manifests> {
    const load = async (product: Product): Promise<readonly KubernetesObject[]> => {
        const release = config.releases[product];
        const log = (message: string): void => void pulumi.log.info(message, undefined, undefined, true);
        return parseRelease(await loadRelease(release, { mirror: config.releaseMirror, log }));
    };
    const [pipelines, triggers, flux] = await Promise.all([
        load("tekton-pipelines"),
        load("tekton-triggers"),
        load("flux"),
    ]);
    const installed = fluxInstall(flux, {
        version: config.fluxVersion,
        namespace: config.fluxNamespace,
        components: config.fluxComponents,
        componentsExtra: config.fluxComponentsExtra,
        networkPolicy: config.fluxNetworkPolicy,
        watchAllNamespaces: config.fluxWatchAllNamespaces,
        logLevel: config.fluxLogLevel,
        clusterDomain: config.fluxClusterDomain,
        registry: config.fluxRegistry,
        imagePullSecret: config.fluxImagePullSecret ?? config.imagePullSecret,
        tolerationKeys: config.fluxTolerationKeys,
    });
    const flags = { ...featureFlags(config.releases["tekton-pipelines"].generation), ...config.tektonFeatureFlags };
    const ingress = config.receiverIngressNamespace;
    const finished = (objects: readonly KubernetesObject[]): KubernetesObject[] =>
        claimed(withImages(objects, (image) => inRegistries(image, config.imageRegistries)));
    const manifests = {
        "tekton-pipelines": finished(withPromptReadiness(withFeatureFlags(pipelines, flags))),
        "tekton-triggers": finished(withInterceptorRate(withPromptReadiness(triggers))),
        flux: finished(ingress === undefined ? installed : withWebhookIngress(installed, ingress)),
    };
    const outside = registriesOutside(config, manifests);
    if (outside.length > 0) {
        await pulumi.log.info(`imageRegistries has no entry for ${outside.join(", ")}: images are pulled from there.`);
    }
    return manifests;
}
