/** A parsed image reference, with Docker's defaults filled in: "alpine" is docker.io/library/alpine:latest. */
export interface ImageReference {
    /** Registry and path: "ghcr.io/tektoncd/pipeline/nop-8eac…". */
    readonly repository: string;
    /** "3.22"; "latest" where there is neither tag nor digest. */
    readonly tag?: string;
    /** "sha256:" and 64 hex digits. */
    readonly digest?: string;
}

/** https://github.com/distribution/reference/blob/main/reference.go, without IPv6 addresses. */
const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const path = `(?<path>(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]+)?/)?${part}(?:/${part})*)`;
const pattern = new RegExp(`^${path}(?<suffix>(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@(?<digest>sha256:[0-9a-f]{64}))?)$`);

/**
 * Parses an image reference: https://github.com/distribution/reference
 * @throws Error for text that isn't one
 */
export function parseImageReference(text: string): ImageReference {
    const { path, tag, digest } = pattern.exec(text)?.groups ?? {};
    if (!path) throw new Error(`"${text}" isn't an image reference. Expected repository[:tag][@sha256:…].`);
    return { repository: withRegistry(path), tag: tag ?? (digest ? undefined : "latest"), digest };
}

/** Whether a text can be read as an image reference; nearly every single word can. */
export function isImageReference(text: string): boolean {
    return pattern.test(text);
}

/** Registry, or registry and path, of upstream's images → where their copies are: the same, on a registry of one's own. */
export type ImageRegistries = Readonly<Record<string, string>>;

/**
 * An image's copy on one's own registry: what the longest matching key stands for is replaced, whole parts of the path
 * only; path, tag and digest remain. Short names are completed first: "alpine" is docker.io/library/alpine.
 * @returns the image as it is, if no key matches
 * @throws Error for text that isn't an image reference
 */
export function inRegistries(image: string, registries: ImageRegistries): string {
    const { repository } = parseImageReference(image);
    const [key] = Object.keys(registries)
        .filter((prefix) => repository === prefix || repository.startsWith(`${prefix}/`))
        .sort((a, b) => b.length - a.length);
    if (key === undefined) return image;
    return `${registries[key]}${repository.slice(key.length)}${pattern.exec(image)?.groups?.suffix}`;
}

/** The registry of an image: "docker.io" for "alpine". @throws Error for text that isn't an image reference */
export function registryOf(image: string): string {
    return parseImageReference(image).repository.replace(/\/.*/, "");
}

function withRegistry(path: string): string {
    const [first = "", ...rest] = path.split("/");
    // Its name in old credentials files; the same registry.
    if (first === "index.docker.io") return ["docker.io", ...rest].join("/");
    const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
    return hasRegistry ? path : `docker.io/${rest.length > 0 ? path : `library/${path}`}`;
}
