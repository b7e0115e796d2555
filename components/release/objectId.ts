import type { KubernetesObject } from "../kubernetesObject";

/** Identifies an object within a cluster, whatever version of its API it is written in: "apps/Deployment ns/name". */
export function objectId(object: KubernetesObject): string {
    const { namespace, name } = object.metadata;
    return `${kindId(object)} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

/** The object's kind with its API group, without the version: "apps/Deployment", "Service". */
export function kindId(object: Pick<KubernetesObject, "apiVersion" | "kind">): string {
    const [group] = object.apiVersion.split("/");
    return object.apiVersion.includes("/") ? `${group}/${object.kind}` : object.kind;
}
