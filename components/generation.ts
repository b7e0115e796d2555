/**
 * A generation of releases: releases that serve the same API versions with the same shapes.
 *
 * - `v1`: Tekton Pipelines 1.x, Tekton Triggers 0.20 and newer, Flux 2.
 * - `2020`: Tekton Pipelines v0.18, Tekton Triggers v0.10, Flux v0.5.
 */
export type Generation = "2020" | "v1";

/** The `apiVersion` of each kind that this program writes. */
export interface ServedApis {
    /** Pipeline, PipelineRun */
    readonly pipelines: string;
    /** EventListener, TriggerBinding, TriggerTemplate */
    readonly triggers: string;
    /** GitRepository */
    readonly source: string;
    /** Kustomization */
    readonly kustomize: string;
    /** Receiver */
    readonly receiver: string;
    /** Provider, Alert */
    readonly notification: string;
}

/** What each generation serves. Shapes that differ too are written by the component of the kind. */
export const servedApis: Readonly<Record<Generation, ServedApis>> = {
    "2020": {
        pipelines: "tekton.dev/v1beta1",
        triggers: "triggers.tekton.dev/v1alpha1",
        source: "source.toolkit.fluxcd.io/v1beta1",
        kustomize: "kustomize.toolkit.fluxcd.io/v1beta1",
        receiver: "notification.toolkit.fluxcd.io/v1beta1",
        notification: "notification.toolkit.fluxcd.io/v1beta1",
    },
    v1: {
        pipelines: "tekton.dev/v1",
        triggers: "triggers.tekton.dev/v1beta1",
        source: "source.toolkit.fluxcd.io/v1",
        kustomize: "kustomize.toolkit.fluxcd.io/v1",
        receiver: "notification.toolkit.fluxcd.io/v1",
        notification: "notification.toolkit.fluxcd.io/v1beta3",
    },
};
