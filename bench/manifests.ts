import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import type { KubernetesObject } from "../components/kubernetesObject";
import { loadRelease, lockedRelease, type Product, readLock } from "../components/release";

/** The manifests of what a stack has on the cluster, for those who do the same without Pulumi. */
export interface Manifests {
    /** pipelines.yaml, triggers.yaml, interceptors.yaml (as released), flux.yaml, tekton-chain.yaml, flux-chain.yaml. */
    readonly folder: string;
    /** Every object of the stack but the Secrets, as one list. */
    readonly all: string;
}

/** Writes them, from the releases and from the stack's state. */
export async function writeManifests(stack: Stack, folder: string): Promise<Manifests> {
    await mkdir(folder, { recursive: true });
    const resources = ((await stack.exportStack()).deployment as { resources: Resource[] }).resources;
    const objects = resources.filter(
        ({ type, inputs }) => type.startsWith("kubernetes:") && !type.endsWith(":Secret") && inputs !== undefined,
    );
    const of = (component: RegExp): KubernetesObject[] =>
        objects.filter(({ urn }) => component.test(urn.split("::").at(-2)!)).map(({ inputs }) => inputs!);
    const write = async (name: string, list: readonly KubernetesObject[]): Promise<string> => {
        const file = join(folder, name);
        await writeFile(file, JSON.stringify({ apiVersion: "v1", kind: "List", items: list }));
        return file;
    };
    const { versions } = (await stack.outputs()) as unknown as {
        versions: { value: { tektonPipelines: string; tektonTriggers: string } };
    };
    const released = async (product: Product, version: string, names: readonly string[]): Promise<void> => {
        const lock = readLock(process.env.RELEASE_LOCK);
        const { files } = await loadRelease(lockedRelease(product, version, lock), {
            mirror: process.env.RELEASE_MIRROR,
        });
        await Promise.all(names.map((name, index) => writeFile(join(folder, name), files[index]!.text)));
    };
    await released("tekton-pipelines", versions.value.tektonPipelines, ["pipelines.yaml"]);
    await released("tekton-triggers", versions.value.tektonTriggers, ["triggers.yaml", "interceptors.yaml"]);
    await write("flux.yaml", of(/:Flux\$/));
    await write("tekton-chain.yaml", of(/:(TriggerChain|DemoPipeline|CatchUp)\$/));
    await write("flux-chain.yaml", of(/:(FluxSync|Alerting|Receiver)\$/));
    return { folder, all: await write("all.yaml", of(/./)) };
}

interface Resource {
    readonly urn: string;
    readonly type: string;
    readonly inputs?: KubernetesObject;
}
