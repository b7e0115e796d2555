import type { KubeConfig } from "@kubernetes/client-node";
import * as pulumi from "@pulumi/pulumi";
import type { KubernetesObject } from "../components/kubernetesObject";
import { patchForceAnnotation } from "../components/kubernetesResource";
import { isDefinition, versionOf } from "../components/release";
import type { ClusterConfig } from "./config";
import { PreflightError } from "./preflight";

/** On every Namespace that a stack installs: which stack, as Pulumi names it. */
export const stackAnnotation = "flux-to-tekton/stack";

/** The stack that is being run: `organization/project/stack`. */
function thisStack(): string {
    return `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
}

/** What notes on a Namespace whose it is. */
export function claim(): Readonly<Record<string, string>> {
    return { [stackAnnotation]: thisStack() };
}

/** Notes on the manifests' Namespaces whose they are. */
export function claimed(objects: readonly KubernetesObject[]): KubernetesObject[] {
    return objects.map((object) => {
        if (object.kind !== "Namespace") return object;
        const annotations = { ...object.metadata.annotations, ...claim() };
        return { ...object, metadata: { ...object.metadata, annotations } };
    });
}

/** The manifests as they are without {@link claimed}. */
export function unclaimed(objects: readonly KubernetesObject[]): KubernetesObject[] {
    return objects.map((object) => {
        const { [stackAnnotation]: own, ...annotations } = object.metadata.annotations ?? {};
        if (own === undefined) return object;
        const metadata: { -readonly [key in keyof KubernetesObject["metadata"]]: KubernetesObject["metadata"][key] } = {
            ...object.metadata,
            annotations,
        };
        if (Object.keys(annotations).length === 0) delete metadata.annotations;
        return { ...object, metadata };
    });
}

/**
 * Checks that what the stack would install isn't there already, by kubectl, `flux bootstrap` or another stack: the
 * provider would silently take it over, and a later destroy remove it.
 * @param cluster nothing is checked without one
 * @param manifests what the stack would install, by product
 * @param definitions those of their CustomResourceDefinitions that the cluster has
 * @throws PreflightError, unless the config says to adopt
 */
export async function checkOwnership(
    cluster: KubeConfig | undefined,
    { adopt, createNamespace, namespace }: ClusterConfig,
    manifests: Readonly<Record<string, readonly KubernetesObject[]>>,
    definitions: readonly KubernetesObject[],
): Promise<void> {
    if (cluster === undefined || adopt) return;
    const { ApiException, CoreV1Api } = await import("@kubernetes/client-node");
    const api = cluster.makeApiClient(CoreV1Api);
    const names = Object.values(manifests)
        .flat()
        .filter(({ kind }) => kind === "Namespace")
        .map(({ metadata }) => metadata.name)
        .concat(createNamespace ? [namespace] : []);
    const problems = await Promise.all(
        names.map(async (name) => {
            try {
                const { metadata } = await api.readNamespace({ name });
                const owner = metadata?.annotations?.[stackAnnotation];
                if (owner === thisStack()) return [];
                return [`Namespace ${name}: ${owner === undefined ? "not made by this program" : `of stack ${owner}`}`];
            } catch (error) {
                if (error instanceof ApiException && error.code === 404) return [];
                throw error;
            }
        }),
    );
    const found = [...foreignDefinitions(manifests, definitions), ...problems.flat()];
    if (found.length === 0) return;
    throw new PreflightError(
        `the cluster has already what this stack would install:\n${found.map((line) => `  - ${line}`).join("\n")}\nTo take it over, so that this stack updates it and a destroy removes it: pulumi config set adopt true. Otherwise uninstall it first, or choose another cluster.`,
    );
}

/** Of each product the CustomResourceDefinitions that some other program has made, in whichever namespace it runs. */
function foreignDefinitions(
    manifests: Readonly<Record<string, readonly KubernetesObject[]>>,
    installed: readonly KubernetesObject[],
): string[] {
    const foreign = new Map(
        installed
            .filter(({ metadata }) => metadata.annotations?.[patchForceAnnotation] === undefined)
            .map((definition) => [definition.metadata.name, definition]),
    );
    return Object.entries(manifests).flatMap(([product, objects]) => {
        const [first, ...others] = objects
            .filter(isDefinition)
            .flatMap(({ metadata }) => foreign.get(metadata.name) ?? []);
        if (first === undefined) return [];
        const release = [product, versionOf(first)].filter(Boolean).join(" ");
        const more = others.length === 0 ? "" : ` and ${others.length} more`;
        return [`${release}: CustomResourceDefinition ${first.metadata.name}${more}, not made by this program`];
    });
}
