import * as pulumi from "@pulumi/pulumi";
import { type Generation, servedApis } from "./generation";
import { KubernetesResource, waitForAnnotation } from "./kubernetesResource";

/**
 * How Flux signs in to the Git host: https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference.
 * Over https a user and a password or token; over ssh a private key and the host's public keys.
 */
export type GitCredentials =
    | {
          /** The user; Git hosts take any with a token. */
          readonly username: pulumi.Input<string>;
          /** The password or token. Becomes a secret. */
          readonly password: pulumi.Input<string>;
      }
    | {
          /** The private key, in PEM form. Becomes a secret. */
          readonly identity: pulumi.Input<string>;
          /** The host's public keys, as `ssh-keyscan` prints them. */
          readonly knownHosts: pulumi.Input<string>;
      };

/** What becomes of that which a Kustomization deployed when it is removed itself: https://fluxcd.io/flux/components/kustomize/kustomizations/#deletion-policy */
export const deletionPolicies = ["Orphan", "WaitForTermination", "Delete", "MirrorPrune"] as const;

/** What Flux reconciles from Git. */
export interface FluxSyncArgs {
    /** Of the releases on the cluster: it says which API versions they serve. */
    readonly generation: Generation;
    /** The namespace that Flux is installed in. */
    readonly namespace: pulumi.Input<string>;
    /** Name of the GitRepository, the Kustomization, and the Secret with the credentials. @default "flux-system" */
    readonly name?: string;
    /** `https://…`, `http://…` or `ssh://user@host/…` */
    readonly url: string;
    /** @default "main" */
    readonly branch?: string;
    /** The folder to apply, from the repository's root. @default "./" */
    readonly path?: string;
    /** How often Flux looks for a new commit by itself; the Receiver makes it look at once. @default "1m0s" */
    readonly interval?: string;
    /**
     * What becomes of what Flux deployed when this is removed: `Orphan` leaves it, `WaitForTermination` has Flux remove
     * it first; `Delete` and `MirrorPrune` (which comes to `Delete`, as it prunes) don't wait until it is gone, and what
     * is left then when the controllers go stays. The releases of 2020 have no choice: they remove it. @default "Orphan"
     */
    readonly deletionPolicy?: (typeof deletionPolicies)[number];
    /** @default none: the repository is public */
    readonly credentials?: GitCredentials;
    /** How long the first fetch and the first reconciliation may take. @default "3m" */
    readonly readyTimeout?: string;
}

/**
 * The GitRepository and Kustomization that `flux bootstrap git` creates for a cluster, and their credentials:
 * https://fluxcd.io/flux/installation/bootstrap/generic-git-server/
 *
 * It waits until both are Ready; a repository that can't be read, or a path that isn't there, fails with the message
 * of the condition. The Kustomization prunes what leaves Git; `deletionPolicy` says what becomes of the rest when it is removed.
 */
export class FluxSync extends pulumi.ComponentResource {
    /** The GitRepository's name. */
    readonly repositoryName: pulumi.Output<string>;
    /** The namespace of the GitRepository. */
    readonly repositoryNamespace: pulumi.Output<string>;

    constructor(name: string, args: FluxSyncArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:flux:FluxSync", name, {}, opts);
        const apis = servedApis[args.generation];
        const metadata = { name: args.name ?? "flux-system", namespace: args.namespace };
        const ready = { ...metadata, annotations: { [waitForAnnotation]: "condition=Ready" } };
        const timeout = args.readyTimeout ?? "3m";
        const waiting = { parent: this, customTimeouts: { create: timeout, update: timeout } };

        const secret =
            args.credentials === undefined
                ? undefined
                : new KubernetesResource(
                      `${name}-credentials`,
                      { apiVersion: "v1", kind: "Secret", metadata, stringData: secretData(args.credentials) },
                      { parent: this },
                  );
        const repository = new KubernetesResource(
            `${name}-repository`,
            {
                apiVersion: apis.source,
                kind: "GitRepository",
                metadata: ready,
                spec: {
                    interval: args.interval ?? "1m0s",
                    ref: { branch: args.branch ?? "main" },
                    url: args.url,
                    ...(secret === undefined ? {} : { secretRef: { name: secret.metadata.name } }),
                },
            },
            waiting,
        );
        new KubernetesResource(
            `${name}-kustomization`,
            {
                apiVersion: apis.kustomize,
                kind: "Kustomization",
                metadata: ready,
                spec: {
                    interval: "10m0s",
                    path: args.path ?? "./",
                    prune: true,
                    sourceRef: { kind: "GitRepository", name: repository.metadata.name },
                    ...(args.generation === "2020" ? {} : { deletionPolicy: args.deletionPolicy ?? "Orphan" }),
                },
            },
            waiting,
        );

        this.repositoryName = repository.metadata.name;
        this.repositoryNamespace = pulumi.output(args.namespace);
        this.registerOutputs({
            repositoryName: this.repositoryName,
            repositoryNamespace: this.repositoryNamespace,
        });
    }
}

function secretData(credentials: GitCredentials): Record<string, pulumi.Input<string>> {
    return "identity" in credentials
        ? { identity: pulumi.secret(credentials.identity), known_hosts: credentials.knownHosts }
        : { username: credentials.username, password: pulumi.secret(credentials.password) };
}
