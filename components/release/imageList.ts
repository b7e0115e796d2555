import { parseImageReference } from "../imageReference";

/**
 * Images as tools that copy them take them, sorted, each once: complete names, with the digest where there is one, and
 * then without the tag, since not every tool takes both. https://github.com/containers/image/issues/1736
 */
export function imageList(images: readonly string[]): string[] {
    const names = images.map((image) => {
        const { repository, tag, digest } = parseImageReference(image);
        return digest === undefined ? `${repository}:${tag}` : `${repository}@${digest}`;
    });
    return [...new Set(names)].sort();
}
