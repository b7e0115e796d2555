import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { ApiObject } from "../../demo/cluster";
import { condition, kubectl, list } from "../../demo/cluster";

/** Kinds of which a destroy leaves none behind; what Kubernetes makes by itself stands in the list before, too. */
const inventoryKinds = [
    "namespaces",
    "customresourcedefinitions",
    "validatingwebhookconfigurations",
    "mutatingwebhookconfigurations",
    "clusterroles",
    "clusterrolebindings",
    "roles",
    "rolebindings",
    "serviceaccounts",
    "deployments",
    "replicasets",
    "statefulsets",
    "daemonsets",
    "jobs",
    "pods",
    "services",
    "secrets",
    "networkpolicies",
    "resourcequotas",
    "horizontalpodautoscalers",
    "poddisruptionbudgets",
];

/** Everything of these kinds on the cluster, as `kind namespace/name`. */
export async function inventory(): Promise<string[]> {
    const objects = await list(inventoryKinds.join(","), "--all-namespaces");
    return objects
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined || metadata.finalizers !== undefined)
        .map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ""}/${metadata.name}`)
        .sort();
}

const baselineFile = join(process.env.SANDBOX_STATE!, "baseline.json");

/** What was on the cluster before the first test: the first call takes it down. */
export async function baseline(): Promise<string[]> {
    if (existsSync(baselineFile)) return JSON.parse(readFileSync(baselineFile, "utf8")) as string[];
    const objects = await inventory();
    writeFileSync(baselineFile, JSON.stringify(objects));
    return objects;
}

/** What is there beyond the baseline, once the garbage collector has done its part: pods whose owners are gone. */
export async function left(): Promise<string[]> {
    const empty = await baseline();
    const deadline = Date.now() + 120_000;
    let objects: string[];
    do objects = (await inventory()).filter((object) => !empty.includes(object));
    while (objects.length > 0 && Date.now() < deadline);
    return objects;
}

/** What was measured, in that order; printed at the end of a run. */
const figures: string[] = [];

/** Runs an action and records how long it took. */
export async function measured<T>(what: string, action: () => Promise<T>): Promise<T> {
    const start = Date.now();
    const result = await action();
    record(what, Date.now() - start);
    return result;
}

export function record(what: string, milliseconds: number): void {
    noteFigure(`${(milliseconds / 1000).toFixed(2).padStart(7)} s  ${what}`);
}

/** Records what is a count, and not a time. */
export function noteFigure(what: string): void {
    figures.push(what);
}

export function printFigures(): void {
    console.log("\n  Measured (single runs on a noisy machine):");
    for (const figure of figures) console.log(`    ${figure}`);
}

/** What the cluster says of its state, for a failure: conditions, events, and the logs of pods that aren't ready. */
export async function explainCluster(): Promise<string> {
    const lines: string[] = [];
    const pods = await list("pods", "--all-namespaces");
    lines.push("Pods:", await kubectl("get", "pods", "--all-namespaces", "-o", "wide"));
    for (const pod of pods.filter(
        (one) => condition(one, "Ready")?.status !== "True" && one.status?.phase !== "Succeeded",
    )) {
        const { namespace = "", name } = pod.metadata;
        const logs = await execa(
            "kubectl",
            ["-n", namespace, "logs", name, "--all-containers", "--tail=20", "--prefix"],
            { reject: false, all: true },
        );
        lines.push(`Log of ${namespace}/${name}:`, logs.all);
    }
    const kinds = ["gitrepositories", "kustomizations", "receivers", "eventlisteners", "pipelineruns"];
    for (const kind of kinds) {
        for (const object of await list(kind, "--all-namespaces").catch(() => [])) lines.push(conditions(object));
    }
    lines.push("Events:", await kubectl("get", "events", "--all-namespaces", "--sort-by=.lastTimestamp").then(tail));
    return lines.join("\n");
}

function conditions({ kind, metadata, status }: ApiObject): string {
    const all = (status?.conditions ?? []) as { type: string; status: string; reason: string; message: string }[];
    return `${kind} ${metadata.name}: ${all.map((one) => `${one.type}=${one.status} (${one.reason}: ${one.message})`).join(", ")}`;
}

function tail(text: string): string {
    return text.split("\n").slice(-40).join("\n");
}

/** A moment, in milliseconds, as the timestamps of objects tell it: in whole seconds. */
export function asTimestamp(moment: number): number {
    return Math.floor(moment / 1000) * 1000;
}
