import { inRegistries, registryOf } from "../components/imageReference";
import type { KubernetesObject } from "../components/kubernetesObject";
import { imagesIn } from "../components/release";
import type { ClusterConfig } from "./config";

type ImageConfig = Pick<ClusterConfig, "imageRegistries" | "pipelineImage" | "catchUp" | "catchUpImage">;

/** Every image of a stack, as its objects name it: of its releases, of the catch-up and of the demonstration's pipeline. */
export function stackImages(
    { imageRegistries, pipelineImage, catchUp, catchUpImage }: ImageConfig,
    manifests: Readonly<Record<string, readonly KubernetesObject[]>>,
): string[] {
    const own = [...(catchUp ? [catchUpImage] : []), pipelineImage];
    const images = [
        ...imagesIn(Object.values(manifests).flat()),
        ...own.map((image) => inRegistries(image, imageRegistries)),
    ];
    return [...new Set(images)];
}

/** The registries that images are pulled from although there is a map of registries of one's own; none without a map. */
export function registriesOutside(
    config: ImageConfig,
    manifests: Readonly<Record<string, readonly KubernetesObject[]>>,
): string[] {
    const own = Object.values(config.imageRegistries).map((prefix) => prefix.replace(/\/.*/, ""));
    if (own.length === 0) return [];
    const used = new Set(stackImages(config, manifests).map(registryOf));
    return [...used].filter((registry) => !own.includes(registry));
}
