import type * as pulumi from "@pulumi/pulumi";

/** Kinds whose new revisions Flux announces. */
export const sourceKinds = ["GitRepository", "OCIRepository", "Bucket"] as const;
/** One of {@link sourceKinds}. */
export type SourceKind = (typeof sourceKinds)[number];

/** What each kind is called in the API's paths, and in a Role. */
export const sourceResources: Readonly<Record<SourceKind, string>> = {
    GitRepository: "gitrepositories",
    OCIRepository: "ocirepositories",
    Bucket: "buckets",
};

/** A Flux source: what is watched for new revisions. */
export interface Source {
    /** Its kind. */
    readonly kind: SourceKind;
    /** Its name. */
    readonly name: pulumi.Input<string>;
    /** Its namespace. */
    readonly namespace: pulumi.Input<string>;
}

/**
 * What of a Flux event a pipeline can take as a parameter:
 *
 * - `message`: the event's message, text written by whoever commits; `$(` is made `$ (`, so that Tekton substitutes
 *   nothing in it
 * - `repository`, `namespace`: name and namespace of the source
 * - `revision`: `main@sha1:<40 hex digits>`; `branch` and `commit`: its parts
 */
export const eventParams = ["message", "repository", "namespace", "revision", "branch", "commit"] as const;
/** One of {@link eventParams}. */
export type EventParam = (typeof eventParams)[number];

/** One wire from a source to a pipeline: each new revision of the source starts a run of the pipeline. */
export interface Route {
    /**
     * Prefix of what the route is made of: trigger `<name>-trigger`, TriggerBinding `<name>-binding`, TriggerTemplate
     * `<name>-template`, and the PipelineRuns `<name>-run-…`. A binding or template that several routes share is named
     * by the EventListener and a hash of its content instead.
     */
    readonly name: string;
    /** What is watched. */
    readonly source: Source;
    /** What is started. */
    readonly pipeline: {
        /** A Pipeline beside the EventListener. */
        readonly name: pulumi.Input<string>;
        /** The parameters that the pipeline declares, of those that an event offers. */
        readonly params: readonly EventParam[];
        /** Further parameters, which are the same in every run. @default none */
        readonly values?: Readonly<Record<string, string>>;
        /** What the pipeline's workspaces are, as a PipelineRun has it: https://tekton.dev/docs/pipelines/workspaces/ @default none */
        readonly workspaces?: readonly Readonly<Record<string, unknown>>[];
        /** How long a run may take. @default as Tekton has it, one hour */
        readonly timeout?: string;
        /** Whom its runs run as, beside the EventListener. @default the account without rights of all runs */
        readonly serviceAccountName?: pulumi.Input<string>;
    };
    /**
     * A further CEL condition. It has `extensions.revision`, `extensions.branch` and `extensions.commit` (with the
     * releases of 2020 `body.revision` and so on); the message and other fields may be others in what the catch-up repeats.
     * @default none
     */
    readonly filter?: string;
}

/** What the names of a route's runs begin with; the rest tells its runs apart. */
export function runNamePrefix({ name }: Pick<Route, "name">): string {
    return `${name}-run-`;
}
