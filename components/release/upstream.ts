import type { Product, ReleaseFile } from "./catalog";

/** A manifest file as upstream publishes it, not locked yet. */
export type UpstreamFile = Omit<ReleaseFile, "sha256">;

/** Where upstream publishes the manifests of a version, and where people find its versions. */
export interface Upstream {
    /** Files, in the order in which upstream says to apply them. */
    files(version: string): readonly UpstreamFile[];
    /** Page that lists the releases. */
    readonly releases: string;
}

const tekton = "https://infra.tekton.dev/tekton-releases";

/**
 * Today's download addresses:
 * https://tekton.dev/docs/pipelines/install/, https://tekton.dev/docs/triggers/install/, https://fluxcd.io/flux/installation/
 */
export const upstream: Readonly<Record<Product, Upstream>> = {
    "tekton-pipelines": {
        files: (version) => [
            { name: `tekton-pipelines-${version}.yaml`, url: `${tekton}/pipeline/previous/${version}/release.yaml` },
        ],
        releases: "https://github.com/tektoncd/pipeline/releases",
    },
    "tekton-triggers": {
        files: (version) => [
            { name: `tekton-triggers-${version}.yaml`, url: `${tekton}/triggers/previous/${version}/release.yaml` },
            {
                name: `tekton-triggers-interceptors-${version}.yaml`,
                url: `${tekton}/triggers/previous/${version}/interceptors.yaml`,
            },
        ],
        releases: "https://github.com/tektoncd/triggers/releases",
    },
    flux: {
        files: (version) => [
            {
                name: `flux-${version}.yaml`,
                url: `https://github.com/fluxcd/flux2/releases/download/${version}/install.yaml`,
            },
        ],
        releases: "https://github.com/fluxcd/flux2/releases",
    },
};
