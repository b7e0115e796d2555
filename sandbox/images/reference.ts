import type { ImageReference } from "../../components/imageReference";

/**
 * The names under which the kubelet looks an image up. It asks for `repo:tag@digest` as `repo@digest`; people look for
 * `repo:tag`.
 */
export function localNames({ repository, tag, digest }: ImageReference): string[] {
    return [...(tag ? [`${repository}:${tag}`] : []), ...(digest ? [`${repository}@${digest}`] : [])];
}
