import type * as pulumi from "@pulumi/pulumi";
import { Release, type ReleaseArgs } from "./release/release";

/** `objects` are those of `fluxInstall`: what `flux bootstrap` would install. @see ReleaseArgs */
export type FluxArgs = Omit<ReleaseArgs, "namespaces">;

/** Flux's controllers: https://fluxcd.io/flux/components/. Ready when each of them is. */
export class Flux extends Release {
    constructor(name: string, args: FluxArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:flux:Flux", name, args, opts);
        this.registerOutputs({ version: this.version });
    }
}
