import { stringify } from "yaml";
import type { KubernetesObject } from "./kubernetesObject";

/** An object as YAML, with sorted keys as kubectl prints it, and such that YAML 1.1, which Kubernetes reads, reads the same. */
export function toYaml(object: KubernetesObject): string {
    return stringify(object, {
        version: "1.1",
        sortMapEntries: true,
        lineWidth: 0,
        indentSeq: false,
        aliasDuplicateObjects: false,
    });
}
