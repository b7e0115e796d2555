import { inRegistries, registryOf } from "../components/imageReference";
import type { KubernetesObject } from "../components/kubernetesObject";
import { imagesIn } from "../components/release";
import type { ClusterConfig } from "./config";

type ImageConfig = Pick<ClusterConfig, "imageRegistries"> & Readonly<Record<string, unknown>>;

/** The images that a config, or the defaults of one, gives: the values of every key that ends in "Image". */
export function imagesOf(config: Readonly<Record<string, unknown>>): string[] {
    return Object.entries(config).flatMap(([key, value]) =>
        key.endsWith("Image") && typeof value === "string" ? [value] : [],
    );
}

/** The registries that images are pulled from although there is a map of registries of one's own; none without a map. */
export function registriesOutside(
    config: ImageConfig,
    manifests: Readonly<Record<string, readonly KubernetesObject[]>>,
): string[] {
    const { imageRegistries } = config;
    const own = Object.values(imageRegistries).map((prefix) => prefix.replace(/\/.*/, ""));
    if (own.length === 0) return [];
    const images = [
        ...imagesIn(Object.values(manifests).flat()),
        ...imagesOf(config).map((image) => inRegistries(image, imageRegistries)),
    ];
    return [...new Set(images.map(registryOf))].filter((registry) => !own.includes(registry));
}
