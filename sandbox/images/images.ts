/** What importing needs from the sandbox. */
export interface ImageStore {
    /** Folder for the built archives; made when missing. */
    cacheDir: string;
    /** Path of a built program: `program("tekton-pipelines", "controller")`. */
    program(tool: string, program: string): string;
    /** Runs `ctr -n k8s.io …` against the sandbox's containerd and returns its standard output. */
    ctr(args: readonly string[]): Promise<string>;
    log(line: string): void;
}

/** What keeps a pod's namespaces: containerd's `sandbox_image`. */
export const pauseImage = "localhost/sandbox/pause:local";

/** The cluster's DNS server: entrypoint `coredns`, no arguments. */
export const coreDnsImage = "localhost/sandbox/coredns:local";

/**
 * Makes images available to the kubelet under the names by which manifests ask for them: builds missing archives,
 * imports what containerd lacks, and tags the names. References without a recipe are reported in one log line.
 */
export async function importImages(references: readonly string[], store: ImageStore): Promise<void> {
    throw new Error(`not written yet ${references} ${store.cacheDir}`);
}
