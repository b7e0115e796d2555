import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Stack } from "@pulumi/pulumi/automation";
import type { KubernetesObject } from "../../components/kubernetesObject";
import type { Product } from "../../components/release";
import { openStack } from "../../stacks/automation";
import { render } from "../../stacks/render";
import { readSettings, secretPlaceholder } from "../../stacks/settings";
import { releaseTexts } from "./releaseTexts";

const folder = join(process.env.SANDBOX_STATE!, "naive");

/** The chain of the demonstration, without what this program adds to it. */
const plainConfig = {
    authenticateEvents: "false",
    listenerNetworkPolicy: "false",
    catchUp: "false",
    runHistory: "false",
    runNaming: "uid",
};

/** The releases that the naive program installs. */
export interface NaiveReleases {
    readonly "tekton-pipelines": string;
    /** @default none, and neither Flux nor the chain */
    readonly "tekton-triggers"?: string;
}

/**
 * The program that one would write first: each release's manifest as one ConfigGroup, each after the one before it, and
 * the chain as another. Nothing in it is there to make it fail; it has none of what this program does besides.
 */
export async function naiveStack(name: string, releases: NaiveReleases): Promise<Stack> {
    const groups: { name: string; files: string[] }[] = [];
    for (const [product, version] of Object.entries(releases) as [Product, string][]) {
        groups.push({ name: product, files: await written(product, await releaseTexts(product, version)) });
    }
    if (releases["tekton-triggers"] !== undefined) {
        const { flux, chain } = await fluxAndChain();
        groups.push({ name: "flux", files: await written("flux", [asList(flux)]) });
        groups.push({ name: "chain", files: await written("chain", [asList(chain)]) });
    }
    const program = async (): Promise<void> => {
        let dependsOn: pulumi.Resource[] = [];
        for (const group of groups) {
            dependsOn = [new k8s.yaml.v2.ConfigGroup(group.name, { files: group.files }, { dependsOn })];
        }
    };
    return openStack(name, folder, { settings: "staging", program });
}

async function written(name: string, texts: readonly string[]): Promise<string[]> {
    await mkdir(folder, { recursive: true });
    const files = texts.map((_, index) => join(folder, `${name}-${index}.yaml`));
    await Promise.all(files.map((file, index) => writeFile(file, texts[index]!)));
    return files;
}

const asList = (items: readonly KubernetesObject[]): string =>
    JSON.stringify({ apiVersion: "v1", kind: "List", items });

/** Flux with the source, as `flux install` has it, and the chain: the demonstration's objects, under its names. */
async function fluxAndChain(): Promise<{ flux: KubernetesObject[]; chain: KubernetesObject[] }> {
    const rendered = await render(readSettings("staging", plainConfig));
    const of = (...components: readonly string[]): KubernetesObject[] =>
        rendered.filter(({ component }) => components.includes(component)).map(({ object }) => plain(object));
    return {
        flux: of("flux"),
        chain: of("flux-sync", "webhook-token", "receiver", "alerting", "demo-pipeline", "trigger-chain"),
    };
}

/** Without what this program tells its provider, and with a token that is none. */
function plain(object: KubernetesObject): KubernetesObject {
    const annotations = Object.entries(object.metadata.annotations ?? {}).filter(
        ([key]) => !key.startsWith("pulumi.com/") && !key.startsWith("flux-to-tekton/"),
    );
    const metadata = { ...object.metadata, annotations: Object.fromEntries(annotations) };
    return JSON.parse(
        JSON.stringify({ ...object, metadata }).replaceAll(secretPlaceholder, "not-a-secret"),
    ) as KubernetesObject;
}
