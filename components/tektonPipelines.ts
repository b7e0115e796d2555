import type * as pulumi from "@pulumi/pulumi";
import type { Generation } from "./generation";
import type { KubernetesObject } from "./kubernetesObject";
import { ReleaseError } from "./release/error";
import { Release, type ReleaseArgs } from "./release/release";
import { nearest } from "./suggest";

/** @see ReleaseArgs */
export type TektonPipelinesArgs = Omit<ReleaseArgs, "namespaces">;

/** Tekton Pipelines: https://tekton.dev/docs/pipelines/install/. Ready when its webhooks judge pipelines. */
export class TektonPipelines extends Release {
    constructor(name: string, args: TektonPipelinesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:tekton:TektonPipelines", name, args, opts);
        this.registerOutputs({ version: this.version });
    }
}

/**
 * The feature flags that differ from the release's own: the containers that Tekton adds to a run's pod ask for no more
 * than Pod Security `restricted` allows, so that a run's namespace can enforce that. In 2020 there was neither.
 */
export function featureFlags(generation: Generation): Readonly<Record<string, string>> {
    return generation === "2020" ? {} : { "set-security-context": "true" };
}

/**
 * Sets feature flags of a Tekton Pipelines release: https://tekton.dev/docs/pipelines/additional-configs/
 * @throws Error for a flag that the release doesn't have
 */
export function withFeatureFlags(
    objects: readonly KubernetesObject[],
    flags: Readonly<Record<string, string>>,
): KubernetesObject[] {
    return objects.map((object) => {
        if (object.kind !== "ConfigMap" || object.metadata.name !== "feature-flags") return object;
        const data = object.data as Readonly<Record<string, string>>;
        const known = Object.keys(data).filter((key) => !key.startsWith("_"));
        for (const flag of Object.keys(flags)) {
            if (known.includes(flag)) continue;
            const match = nearest(flag, known);
            throw new ReleaseError(
                `tektonFeatureFlags: this release of Tekton Pipelines has no flag ${JSON.stringify(flag)}${match === undefined ? "" : `; did you mean ${match}?`}. It has ${known.join(", ")}.`,
            );
        }
        return { ...object, data: { ...data, ...flags } };
    });
}
