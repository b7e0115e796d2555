/** A parsed image reference, with Docker's defaults filled in: "alpine" is docker.io/library/alpine:latest. */
export interface ImageReference {
    /** Registry and path: "ghcr.io/tektoncd/pipeline/nop-8eac…". */
    readonly repository: string;
    readonly tag?: string;
    /** "sha256:" and 64 hex digits. */
    readonly digest?: string;
}

const pattern = /^(?<path>[a-zA-Z0-9][\w.:/-]*?)(?::(?<tag>\w[\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?$/;

/**
 * Parses an image reference: https://github.com/distribution/reference
 * @throws Error for text that isn't one
 */
export function parseReference(text: string): ImageReference {
    const { path, tag, digest } = pattern.exec(text)?.groups ?? {};
    if (!path) throw new Error(`"${text}" isn't an image reference. Expected repository[:tag][@sha256:…].`);
    const [first = "", ...rest] = path.split("/");
    const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
    const repository = hasRegistry ? path : `docker.io/${rest.length > 0 ? path : `library/${path}`}`;
    return { repository, tag: tag ?? (digest ? undefined : "latest"), digest };
}

/**
 * The names under which the kubelet looks an image up. It asks for `repo:tag@digest` as `repo@digest`; people look for
 * `repo:tag`.
 */
export function localNames({ repository, tag, digest }: ImageReference): string[] {
    return [...(tag ? [`${repository}:${tag}`] : []), ...(digest ? [`${repository}@${digest}`] : [])];
}
