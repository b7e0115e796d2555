import type { KubernetesObject } from "../kubernetesObject";

const versionLabels = ["app.kubernetes.io/version", "pipeline.tekton.dev/release", "version"];

/** The version of the release that an object belongs to, as upstream's labels tell it: `v1.15.0`. */
export function versionOf({ metadata }: KubernetesObject): string | undefined {
    return versionLabels.map((label) => metadata.labels?.[label]).find((version) => version !== undefined);
}
