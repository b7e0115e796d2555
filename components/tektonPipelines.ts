import type * as pulumi from "@pulumi/pulumi";
import { Release, type ReleaseArgs } from "./release/release";

/** @see ReleaseArgs */
export type TektonPipelinesArgs = Omit<ReleaseArgs, "namespaces">;

/** Tekton Pipelines: https://tekton.dev/docs/pipelines/install/. Ready when its webhooks judge pipelines. */
export class TektonPipelines extends Release {
    constructor(name: string, args: TektonPipelinesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:tekton:TektonPipelines", name, args, opts);
        this.registerOutputs({ version: this.version });
    }
}
