import { isImageReference } from "../imageReference";
import type { KubernetesObject } from "../kubernetesObject";
import { isDefinition } from "./definitions";

/** With a registry, and a tag or digest: nothing else in a manifest is a text like it. */
const complete =
    /^(?:(?:[a-z0-9-]+\.)+[a-z]+|localhost)(?::\d+)?\/[\w./-]+(?::\w[\w.-]*|(?::\w[\w.-]*)?@sha256:[0-9a-f]{64})$/;
/** A flag that takes an image: "-el-image", "--image". */
const imageFlag = /^--?(?:[\w-]+-)?image$/;
const imageVariable = /^(?:\w+_)?IMAGE$/;

/**
 * Every image that the objects name, as they write it, each once, in order: containers' images, and those that
 * arguments ("-nop-image", "ghcr.io/…" or "-nop-image=ghcr.io/…"), environment and ConfigMaps give.
 */
export function imagesIn(objects: readonly KubernetesObject[]): string[] {
    const found = new Set<string>();
    withImages(objects, (image) => {
        found.add(image);
        return image;
    });
    return [...found];
}

/** The objects with other images: `rewrite` is asked for each that they name, wherever {@link imagesIn} finds one. */
export function withImages(
    objects: readonly KubernetesObject[],
    rewrite: (image: string) => string,
): KubernetesObject[] {
    // Not the schemas of CustomResourceDefinitions, whose texts give examples.
    return objects.map((object) => (isDefinition(object) ? object : (mapImages(object, rewrite) as KubernetesObject)));
}

/** @param isImage what the value's place says of it: under the key `image`, or after a flag that takes one */
function mapImages(value: unknown, rewrite: (image: string) => string, isImage = false): unknown {
    if (typeof value === "string") {
        if (complete.test(value) || (isImage && isImageReference(value))) return rewrite(value);
        const [, flag = "", argument = ""] = /^(--?[\w-]+)=(.*)$/s.exec(value) ?? [];
        if (complete.test(argument) || (imageFlag.test(flag) && isImageReference(argument))) {
            return `${flag}=${rewrite(argument)}`;
        }
        return value;
    }
    if (Array.isArray(value)) {
        const items: readonly unknown[] = value;
        return items.map((item, index) => {
            const before = items[index - 1];
            return mapImages(item, rewrite, typeof before === "string" && imageFlag.test(before));
        });
    }
    if (typeof value !== "object" || value === null) return value;
    const { name } = value as Readonly<Record<string, unknown>>;
    const isVariable = typeof name === "string" && imageVariable.test(name);
    const entries: [string, unknown][] = Object.entries(value);
    return Object.fromEntries(
        entries.map(([key, item]) => [
            key,
            mapImages(item, rewrite, key === "image" || (isVariable && key === "value")),
        ]),
    );
}
