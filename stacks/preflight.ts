import type { KubeConfig } from "@kubernetes/client-node";
import * as pulumi from "@pulumi/pulumi";
import { type ClusterAccess, loadKubeConfig } from "../components/kubeconfig";
import type { LockedRelease } from "../components/release";
import { nearest } from "../components/suggest";
import type { ClusterConfig } from "./config";

/** The cluster can't take what the stack would install on it. */
export class PreflightError extends Error {
    override readonly name = "PreflightError";
}

/**
 * Checks, before the first resource is registered, that the cluster answers and that its version suits every release.
 * A preview goes on without a cluster, with a warning: it is of use in a pull request all the same.
 * @returns the way to the cluster, if it answers
 * @throws PreflightError
 */
export async function checkCluster(config: ClusterConfig): Promise<KubeConfig | undefined> {
    const reached = await reachCluster(config);
    const { server, version } = reached;
    if (version === undefined) {
        const message = `the cluster can't be reached at ${server}: ${reached.problem}. Check the kubeconfig (KUBECONFIG, or pulumi config set kubernetes:context …) and that the API server runs.`;
        if (!pulumi.runtime.isDryRun()) throw new PreflightError(message);
        await pulumi.log.warn(`${message} The preview is of an empty cluster, and its version isn't checked.`);
        return undefined;
    }
    const problems = Object.values(config.releases).flatMap((release) => versionProblem(release, version));
    if (problems.length > 0) {
        throw new PreflightError(
            `the cluster at ${server} runs Kubernetes ${version}, and that doesn't suit every release:\n${problems.map((line) => `  - ${line}`).join("\n")}`,
        );
    }
    return reached.cluster;
}

/** Why a release can't run on this version of Kubernetes ("1.36"), if it can't. */
export function versionProblem({ product, version, kubernetes }: LockedRelease, cluster: string): string[] {
    if (compare(cluster, kubernetes.min) < 0) {
        return [
            `${product} ${version} needs ${kubernetes.min} or newer: upgrade the cluster, or choose an older release.`,
        ];
    }
    if (kubernetes.max !== undefined && compare(cluster, kubernetes.max) > 0) {
        return [
            `${product} ${version} needs ${kubernetes.max} or older: its API versions have been removed since. Choose a newer release.`,
        ];
    }
    return [];
}

function compare(a: string, b: string): number {
    const [majorA = 0, minorA = 0] = a.split(".").map(Number);
    const [majorB = 0, minorB = 0] = b.split(".").map(Number);
    return majorA - majorB || minorA - minorB;
}

/** Finds the cluster as the provider does, and asks for its version ("1.36"); or says why it can't. */
export async function reachCluster(
    access: ClusterAccess,
): Promise<
    { server: string; version: string; cluster: KubeConfig } | { server: string; version?: undefined; problem: string }
> {
    let server = "an unknown address";
    try {
        const cluster = loadKubeConfig(access);
        const context = cluster.getCurrentContext();
        if (cluster.getContextObject(context) === null) throw new Error(unknownContext(context, cluster.getContexts()));
        const { kubeCluster } = access;
        if (cluster.getCurrentCluster() === null)
            throw new Error(unknown("cluster", kubeCluster ?? "", cluster.getClusters()));
        server = cluster.getCurrentCluster()?.server ?? server;
        const { VersionApi } = await import("@kubernetes/client-node");
        const { major, minor } = await withTimeout(cluster.makeApiClient(VersionApi).getCode(), 15_000);
        return { cluster, server, version: `${major}.${minor.replace(/\D.*$/, "")}` };
    } catch (error) {
        return { server, problem: reason(error) };
    }
}

/** The client's own words for it, "No active cluster", name neither. A kubeconfig may lack a current context. */
function unknownContext(given: string | undefined, contexts: readonly { readonly name: string }[]): string {
    const names = contexts.map(({ name }) => name);
    if (names.length === 0) return "there is no kubeconfig, or it has no contexts";
    if (!given) return `the kubeconfig has no current context, only ${names.join(", ")} to choose from`;
    return unknown("context", given, contexts);
}

function unknown(what: string, given: string, known: readonly { readonly name: string }[]): string {
    const names = known.map(({ name }) => name);
    const match = nearest(given, names);
    const suggestion = match === undefined ? "" : ` (did you mean ${match}?)`;
    return `there is no ${what} ${JSON.stringify(given)}, only ${names.join(", ")}${suggestion}`;
}

async function withTimeout<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds / 1000} s`)), milliseconds);
    });
    try {
        return await Promise.race([promise, expiry]);
    } finally {
        clearTimeout(timer);
    }
}

/** The innermost cause: "connect ECONNREFUSED 127.0.0.1:6443" rather than "request failed". */
function reason(error: unknown): string {
    if (!(error instanceof Error)) return String(error);
    return error.cause === undefined ? error.message.split("\n")[0]! : reason(error.cause);
}
