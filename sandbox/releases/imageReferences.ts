import type { KubernetesObject } from "../../components/kubernetesObject";

/** With a registry, and a tag or digest: nothing else in a pod's arguments and environment looks like it. */
const complete = /^(?:[a-z0-9-]+\.)+[a-z]+(?::\d+)?\/[\w./-]+(?::\w[\w.-]*|(?::\w[\w.-]*)?@sha256:[0-9a-f]{64})$/;

/**
 * Image references in manifests' pod templates: containers' images, and what looks like one in their arguments
 * ("-nop-image", "ghcr.io/…", or "-nop-image=ghcr.io/…") and environment. Each once, in order.
 */
export function imageReferences(objects: readonly KubernetesObject[]): string[] {
    const found = new Set<string>();
    const visit = (value: unknown, key = ""): void => {
        if (typeof value === "string") {
            const candidate = value.replace(/^-[^=]*=/, "");
            if (key === "image" || complete.test(candidate)) found.add(candidate);
        } else if (Array.isArray(value)) {
            for (const item of value) visit(item);
        } else if (typeof value === "object" && value !== null) {
            for (const [name, item] of Object.entries(value)) visit(item, name);
        }
    };
    // Not the schemas of CustomResourceDefinitions, whose texts give examples.
    for (const object of objects) visit((object.spec as { template?: unknown } | undefined)?.template);
    return [...found];
}
