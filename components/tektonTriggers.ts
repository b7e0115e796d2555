import type * as pulumi from "@pulumi/pulumi";
import { Release, type ReleaseArgs } from "./release/release";

/** `namespaces` holds that of Tekton Pipelines, in which Triggers lives too. @see ReleaseArgs */
export type TektonTriggersArgs = ReleaseArgs;

/**
 * Tekton Triggers with its core interceptors: https://tekton.dev/docs/triggers/install/. Ready when its webhooks judge
 * EventListeners and every ClusterInterceptor has its CA: an EventListener that starts earlier crashes.
 */
export class TektonTriggers extends Release {
    constructor(name: string, args: TektonTriggersArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:tekton:TektonTriggers", name, args, opts);
        this.registerOutputs({ version: this.version });
    }
}
