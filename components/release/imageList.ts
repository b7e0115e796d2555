import { type ImageRegistries, inRegistries, parseImageReference } from "../imageReference";

/**
 * Images as tools that copy them take them, sorted, each once: complete names, with the digest where there is one, and
 * then without the tag, since not every tool takes both. https://github.com/containers/image/issues/1736
 */
export function imageList(images: readonly string[]): string[] {
    return [...new Set(images.map(asSource))].sort();
}

/** What to copy from where to where. */
export interface ImageCopy {
    /** As {@link imageList} has it. */
    readonly from: string;
    /** With the tag, if the image has one: many registries drop what has none. Its digest stays the same. */
    readonly to: string;
}

/** The copies that `imageRegistries` asks for, sorted; none of an image that it leaves where it is. */
export function imageCopies(images: readonly string[], registries: ImageRegistries): ImageCopy[] {
    const copies = images.flatMap((image) => {
        const copy = inRegistries(image, registries);
        if (copy === image) return [];
        const { repository, tag, digest } = parseImageReference(copy);
        return [[asSource(image), tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`] as const];
    });
    return [...new Map(copies)].sort().map(([from, to]) => ({ from, to }));
}

function asSource(image: string): string {
    const { repository, tag, digest } = parseImageReference(image);
    return digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`;
}
