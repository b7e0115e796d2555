/** Where the sandbox's program gets its release manifests from. */
export interface PreparedReleases {
    /** Folder or base URL for RELEASE_MIRROR; undefined when upstream is used directly. */
    mirror?: string;
    /** File for RELEASE_LOCK: only for assembled manifests, whose bytes aren't upstream's. */
    lock?: string;
    how: "mirror" | "upstream" | "assembled";
    /** Every image reference in the manifests. */
    images: readonly string[];
}

/** Finds the release manifests: mirror, else upstream, else assembled from the Go modules of the same versions. */
export async function prepareReleases(options: {
    cacheDir: string;
    log(line: string): void;
}): Promise<PreparedReleases> {
    throw new Error(`not written yet ${options.cacheDir}`);
}
