import type { KubernetesObject } from "../kubernetesObject.js";

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
export type FluxComponent = (typeof fluxComponents)[number];

/** What `flux bootstrap` and `flux install` install when nothing is chosen. */
export const defaultFluxComponents: readonly FluxComponent[] = [
    "source-controller",
    "kustomize-controller",
    "helm-controller",
    "notification-controller",
];

export const fluxLogLevels = ["debug", "info", "error"] as const;
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

/**
 * Turns the objects of Flux's published install.yaml into those that `flux install` of the same version writes for the
 * given options (`flux bootstrap` commits the same): https://fluxcd.io/flux/cmd/flux_install/
 * @throws ReleaseError for an unknown or missing component, or objects that aren't Flux's install.yaml
 */
export function fluxInstall(objects: readonly KubernetesObject[], options: FluxInstallOptions): KubernetesObject[] {
    throw new Error(`not written yet ${objects} ${options}`);
}
