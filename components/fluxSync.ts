import * as pulumi from "@pulumi/pulumi";
import { type FluxSource, sourceSecret, sourceSpec } from "./fluxSource";
import { type Generation, servedApis } from "./generation";
import type { KubernetesObject } from "./kubernetesObject";
import { KubernetesResource, waitForAnnotation } from "./kubernetesResource";

/** What becomes of that which a Kustomization deployed when it is removed itself: https://fluxcd.io/flux/components/kustomize/kustomizations/#deletion-policy */
export const deletionPolicies = ["Orphan", "WaitForTermination", "Delete", "MirrorPrune"] as const;

/** What Flux reconciles. */
export interface FluxSyncArgs {
    /** Of the releases on the cluster: it says which API versions they serve. */
    readonly generation: Generation;
    /** The namespace that Flux is installed in. */
    readonly namespace: pulumi.Input<string>;
    /** Name of the source, the Kustomization, and the Secret with the credentials. @default "flux-system" */
    readonly name?: string;
    /** What Flux follows. */
    readonly source: FluxSource;
    /**
     * The Secret with the source's credentials: that is what it is called if the source has any, and it is there already
     * if it has none. @default `name` if the source has credentials, else none
     */
    readonly secretName?: string;
    /** The folder to apply, from the source's root. @default "./" */
    readonly path?: string;
    /** How often Flux applies it again, also without a new revision: it sets back what others have changed. @default "10m0s" */
    readonly interval?: string;
    /** Whether Flux removes from the cluster what leaves the source. @default true */
    readonly prune?: boolean;
    /** How long applying it may take. @default `interval` */
    readonly timeout?: string;
    /**
     * What becomes of what Flux deployed when this is removed: `Orphan` leaves it, `WaitForTermination` has Flux remove
     * it first; `Delete` and `MirrorPrune` (which comes to `Delete`, as it prunes) don't wait until it is gone, and what
     * is left then when the controllers go stays. The releases of 2020 have no choice: they remove it. @default "Orphan"
     */
    readonly deletionPolicy?: (typeof deletionPolicies)[number];
    /** How long the first fetch and the first reconciliation may take. @default "3m" */
    readonly readyTimeout?: string;
    /**
     * Flux's namespace: what Flux has nothing to do for at its removal goes with that, and waits for nothing. (The resource
     * option of that name holds for all children.) @default none: each is removed by itself, and Flux has to be alive
     */
    readonly deletedWith?: pulumi.Resource;
}

/**
 * The source and Kustomization that `flux bootstrap` creates for a cluster, and the source's credentials:
 * https://fluxcd.io/flux/installation/bootstrap/generic-git-server/
 *
 * It waits until both are Ready; a source that can't be read, or a path that isn't there, fails with the message of the
 * condition. The Kustomization prunes what leaves the source; `deletionPolicy` says what becomes of the rest when it is
 * removed.
 */
export class FluxSync extends pulumi.ComponentResource {
    /** The source's name. */
    readonly sourceName: pulumi.Output<string>;
    /** The namespace of the source. */
    readonly sourceNamespace: pulumi.Output<string>;
    /** The source's kind. */
    readonly sourceKind: FluxSource["kind"];

    constructor(name: string, args: FluxSyncArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:flux:FluxSync", name, {}, opts);
        const apis = servedApis[args.generation];
        const { source } = args;
        const metadata = { name: args.name ?? "flux-system", namespace: args.namespace };
        const ready = { ...metadata, annotations: { [waitForAnnotation]: "condition=Ready" } };
        const timeout = args.readyTimeout ?? "3m";
        const waiting = { parent: this, customTimeouts: { create: timeout, update: timeout } };
        // Flux takes its finalizer off, which needs its controllers alive. Who doesn't want anything done at that removal
        // needn't wait for it: what goes with its namespace is freed of the finalizer when the controllers have gone.
        const goesWith = { deletedWith: args.deletedWith };

        const credentials = sourceSecret(source);
        const secret =
            credentials === undefined
                ? undefined
                : new KubernetesResource(
                      `${name}-credentials`,
                      {
                          apiVersion: "v1",
                          kind: "Secret",
                          metadata: { ...metadata, name: args.secretName ?? metadata.name },
                          ...credentials,
                      },
                      { parent: this },
                  );
        // A Secret's change makes Flux look by itself only at its next interval, or later after failures. So it is asked to,
        // and that it has looked is waited for: credentials that are wrong are this update's error.
        const read =
            secret === undefined || args.generation === "2020"
                ? undefined
                : secret.metadata.apply(({ resourceVersion }) => resourceVersion ?? "");
        const sourceMetadata =
            read === undefined
                ? ready
                : {
                      ...metadata,
                      annotations: {
                          "reconcile.fluxcd.io/requestedAt": read,
                          [waitForAnnotation]: read.apply((handled) =>
                              JSON.stringify([
                                  "condition=Ready",
                                  `jsonpath={.status.lastHandledReconcileAt}=${handled}`,
                              ]),
                          ),
                      },
                  };
        const repository = new KubernetesResource(
            `${name}-${source.kind === "Bucket" ? "bucket" : "repository"}`,
            {
                apiVersion: apis.source,
                kind: source.kind,
                metadata: sourceMetadata,
                spec: sourceSpec(source, secret?.metadata.name ?? args.secretName),
            },
            { ...waiting, ...goesWith },
        );
        const orphans = args.generation !== "2020" && (args.deletionPolicy ?? "Orphan") === "Orphan";
        new KubernetesResource(
            `${name}-kustomization`,
            {
                apiVersion: apis.kustomize,
                kind: "Kustomization",
                metadata: ready,
                spec: kustomizationSpec(args, repository.metadata.name),
            },
            { ...waiting, ...(orphans && goesWith) },
        );

        this.sourceName = repository.metadata.name;
        this.sourceNamespace = pulumi.output(args.namespace);
        this.sourceKind = source.kind;
        this.registerOutputs({ sourceName: this.sourceName, sourceNamespace: this.sourceNamespace });
    }
}

function kustomizationSpec(
    args: Omit<FluxSyncArgs, "namespace">,
    sourceName: pulumi.Input<string>,
): Record<string, unknown> {
    return {
        interval: args.interval ?? "10m0s",
        path: args.path ?? "./",
        prune: args.prune ?? true,
        ...(args.timeout === undefined ? {} : { timeout: args.timeout }),
        sourceRef: { kind: args.source.kind, name: sourceName },
        ...(args.generation === "2020" ? {} : { deletionPolicy: args.deletionPolicy ?? "Orphan" }),
    };
}

/** The objects that a {@link FluxSync} makes, but the Secret, as plain data: what `flux bootstrap` commits to Git. */
export function syncObjects(
    args: Omit<FluxSyncArgs, "namespace" | "readyTimeout"> & { readonly namespace: string },
): KubernetesObject[] {
    const apis = servedApis[args.generation];
    const metadata = { name: args.name ?? "flux-system", namespace: args.namespace };
    const secretName = args.secretName ?? (args.source.credentials && metadata.name);
    return [
        { apiVersion: apis.source, kind: args.source.kind, metadata, spec: sourceSpec(args.source, secretName) },
        { apiVersion: apis.kustomize, kind: "Kustomization", metadata, spec: kustomizationSpec(args, metadata.name) },
    ];
}
