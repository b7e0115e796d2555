import type { KubernetesObject } from "../kubernetesObject";
import { nearest } from "../suggest";
import { ReleaseError } from "./error";
import { fluxDeployment, type FluxDeployment, fluxLabels } from "./fluxDeployment";

/** The controllers that a Flux release ships. */
export const fluxComponents = [
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
    "image-reflector-controller",
    "image-automation-controller",
    "source-watcher",
] as const;
/** One of {@link fluxComponents}. */
export type FluxComponent = (typeof fluxComponents)[number];

/** What `flux bootstrap` and `flux install` install when nothing is chosen. */
export const defaultFluxComponents: readonly FluxComponent[] = [
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
];

/** How much Flux's controllers may log. */
export const fluxLogLevels = ["debug", "info", "error"] as const;
/** One of {@link fluxLogLevels}. */
export type FluxLogLevel = (typeof fluxLogLevels)[number];

/** The options of `flux install` that shape its manifest, by the same names. */
export interface FluxInstallOptions {
    /** The release's version, "v2.9.4": it becomes the objects' app.kubernetes.io/version. */
    readonly version: string;
    /** @default "flux-system" */
    readonly namespace?: string;
    /** @default defaultFluxComponents */
    readonly components?: readonly string[];
    /** Components in addition to `components`. @default none */
    readonly componentsExtra?: readonly string[];
    /** Deny ingress to the controllers from other namespaces. @default true */
    readonly networkPolicy?: boolean;
    /** Reconcile objects of all namespaces, not only of `namespace`. @default true */
    readonly watchAllNamespaces?: boolean;
    /** @default "info" */
    readonly logLevel?: FluxLogLevel;
    /** @default "cluster.local" */
    readonly clusterDomain?: string;
    /** Where the controllers' images are. @default "ghcr.io/fluxcd" */
    readonly registry?: string;
    /** Name of a Secret, in `namespace`, with which to pull them. @default none */
    readonly imagePullSecret?: string;
    /** Keys of node taints that the controllers tolerate. @default none */
    readonly tolerationKeys?: readonly string[];
}

/** Without these two nothing that `flux bootstrap` sets up would work, and it refuses to. */
const requiredComponents: readonly FluxComponent[] = ["source-controller", "kustomize-controller"];

const componentLabel = "app.kubernetes.io/component";
const versionLabel = "app.kubernetes.io/version";

/**
 * Turns the objects of Flux's published install.yaml into those that `flux install --export` of the same version writes
 * for the given options, in the same order (`flux bootstrap` commits the same):
 * https://fluxcd.io/flux/cmd/flux_install/
 *
 * A manifest that `flux` wrote itself, as that of v0.5.6 is, comes out as it is; it can't be had for other options.
 * @throws ReleaseError for an unknown, missing or repeated component, options that a written manifest doesn't have, or
 * objects that aren't Flux's install.yaml
 */
export function fluxInstall(objects: readonly KubernetesObject[], options: FluxInstallOptions): KubernetesObject[] {
    const components = chosenComponents(options);
    const namespace = objects.find((object) => object.kind === "Namespace");
    // install.yaml has no version label; what flux writes has it on every object.
    if (namespace?.metadata.labels?.[versionLabel] !== undefined) {
        return asWritten(objects, components, options);
    }
    const settings: FluxSettings = { ...defaults, ...defined(options), components };
    const ofComponent = (component: string | undefined) =>
        objects.filter((object) => object.metadata.labels?.[componentLabel] === component);
    const missing = components.filter((component) => ofComponent(component).length === 0);
    if (missing.length > 0) {
        throw new ReleaseError(`flux ${options.version}: the manifest has no ${missing.join(", ")}.`);
    }
    const shared = ofComponent(undefined).filter((object) => object.kind !== "Namespace");
    const policies = shared.filter((object) => object.kind === "NetworkPolicy");
    const roles = shared.filter((object) => object.kind !== "NetworkPolicy");
    const roleNames = new Set(roles.map((object) => object.metadata.name));
    return [
        ...objects.filter((object) => object.kind === "Namespace"),
        ...(settings.networkPolicy ? policies : []),
        ...roles.map((object) => withSuffix(object, roleNames, `-${settings.namespace}`)),
        ...components.flatMap(ofComponent),
    ].map((object) => {
        const placed = inNamespace(withLabels(object, settings), settings.namespace);
        return placed.kind === "Deployment" ? fluxDeployment(placed as FluxDeployment, settings) : placed;
    });
}

/** The options with their defaults. @internal */
export type FluxSettings = Required<Omit<FluxInstallOptions, "imagePullSecret" | "componentsExtra" | "components">> &
    Pick<FluxInstallOptions, "imagePullSecret"> & { readonly components: readonly FluxComponent[] };

const defaults = {
    namespace: "flux-system",
    networkPolicy: true,
    watchAllNamespaces: true,
    logLevel: "info",
    clusterDomain: "cluster.local",
    registry: "ghcr.io/fluxcd",
    tolerationKeys: [],
} as const satisfies Partial<FluxInstallOptions>;

/** The options that are given, so that an explicit `undefined` doesn't hide a default. */
function defined(options: FluxInstallOptions): FluxInstallOptions {
    return Object.fromEntries(
        Object.entries(options).filter(([, value]) => value !== undefined),
    ) as unknown as FluxInstallOptions;
}

function chosenComponents(options: FluxInstallOptions): readonly FluxComponent[] {
    const components = [...(options.components ?? defaultFluxComponents), ...(options.componentsExtra ?? [])];
    const known = (component: string): component is FluxComponent => fluxComponents.some((one) => one === component);
    for (const [index, component] of components.entries()) {
        if (!known(component)) {
            const suggestion = nearest(component, fluxComponents);
            throw new ReleaseError(
                `Flux components: "${component}" is not one of ${fluxComponents.join(", ")}.` +
                    (suggestion ? ` Did you mean ${suggestion}?` : ""),
            );
        }
        if (components.indexOf(component) !== index) {
            throw new ReleaseError(`Flux components: "${component}" is given twice. Name each component once.`);
        }
    }
    for (const component of requiredComponents) {
        if (!components.includes(component)) {
            throw new ReleaseError(
                `Flux components: ${component} is missing from ${components.join(", ") || "an empty list"}. ` +
                    `Add it: bootstrapping Flux needs ${requiredComponents.join(" and ")}.`,
            );
        }
    }
    return components.filter(known);
}

/** Checks that a manifest that flux wrote earlier is the one that the options ask for. */
function asWritten(
    objects: readonly KubernetesObject[],
    components: readonly FluxComponent[],
    options: FluxInstallOptions,
): KubernetesObject[] {
    const written = objects.filter((object) => object.kind === "Deployment").map((object) => object.metadata.name);
    const unlike = Object.entries(defaults).filter(([key, value]) => {
        const given = options[key as keyof typeof defaults];
        return given !== undefined && JSON.stringify(given) !== JSON.stringify(value);
    });
    const differing = [
        ...unlike.map(([key]) => key),
        ...(options.imagePullSecret === undefined ? [] : ["imagePullSecret"]),
        ...(written.toSorted().join() === components.toSorted().join() ? [] : ["components"]),
    ];
    if (differing.length > 0) {
        throw new ReleaseError(
            `flux ${options.version}: ${differing.join(", ")} can't be chosen, because this release's manifest is ` +
                `what flux wrote for ${written.join(", ")} and the default options. ` +
                `Leave ${differing.length === 1 ? "it" : "them"} at the default, or choose a Flux 2 release.`,
        );
    }
    return [...objects];
}

/** Cluster-wide names carry the namespace, so that several installations can share a cluster. */
function withSuffix(object: KubernetesObject, renamed: ReadonlySet<string>, suffix: string): KubernetesObject {
    const { roleRef } = object as { roleRef?: { name: string } };
    return {
        ...object,
        metadata: { ...object.metadata, name: object.metadata.name + suffix },
        ...(roleRef && renamed.has(roleRef.name) && { roleRef: { ...roleRef, name: roleRef.name + suffix } }),
    };
}

function withLabels(object: KubernetesObject, settings: FluxSettings): KubernetesObject {
    const labels = { ...object.metadata.labels, ...fluxLabels(settings) };
    return { ...object, metadata: { ...object.metadata, labels } };
}

function inNamespace(object: KubernetesObject, namespace: string): KubernetesObject {
    const { subjects } = object as { subjects?: readonly { namespace?: string }[] };
    return {
        ...object,
        metadata: {
            ...object.metadata,
            ...(object.metadata.namespace !== undefined && { namespace }),
            ...(object.kind === "Namespace" && { name: namespace }),
        },
        ...(subjects && { subjects: subjects.map((subject) => ({ ...subject, namespace })) }),
    };
}
