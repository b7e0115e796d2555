import { randomBytes } from "node:crypto";
import { defaultCatchUpImage } from "../../components/catchUp";
import { runName } from "../../demo/chain";
import { execa } from "execa";
import { kubectl, list, until } from "../../demo/cluster";

/** An EventListener as whoever is on the cluster's network can reach it. */
export async function listenerAddress(listener = "flux-event-listener", namespace = "default"): Promise<string> {
    const ip = await kubectl("-n", namespace, "get", "service", `el-${listener}`, "-o", "jsonpath={.spec.clusterIP}");
    return `http://${ip}:8080/`;
}

/** The header by which Flux proves its events. */
export async function rightHeader(): Promise<Record<string, string>> {
    const encoded = await kubectl(
        ...["-n", "flux-system", "get", "secret", "tekton-el-provider-headers", "-o", "jsonpath={.data.headers}"],
    );
    const [name, value] = Buffer.from(encoded, "base64").toString().split(": ");
    return { [name!]: value! };
}

export const anyCommit = (): string => randomBytes(20).toString("hex");

/** An event as Flux 2.9 posts it, of a revision that no repository has. */
export function event(commit: string, changes: { kind?: string; component?: string } = {}): Event {
    return {
        headers: {
            "Content-Type": "application/json",
            "Gotk-Component": changes.component ?? "source-controller",
        },
        body: {
            involvedObject: {
                kind: changes.kind ?? "GitRepository",
                namespace: "flux-system",
                name: "flux-system",
                apiVersion: "source.toolkit.fluxcd.io/v1",
            },
            severity: "info",
            message: `stored artifact for commit '${commit}'`,
            reason: "NewArtifact",
            metadata: { revision: `main@sha1:${commit}` },
            reportingController: "source-controller",
        },
    };
}

export interface Event {
    readonly headers: Record<string, string>;
    readonly body: Record<string, unknown>;
}

/** Posts an event; returns the status code. */
export async function post(
    address: string,
    { headers, body }: { headers: Record<string, string>; body: unknown },
    proof: Record<string, string> = {},
): Promise<number> {
    const response = await fetch(address, {
        method: "POST",
        // A connection of its own: one that the listener is about to close would be an error.
        headers: { ...headers, ...proof, Connection: "close" },
        body: typeof body === "string" ? body : JSON.stringify(body),
    });
    await response.arrayBuffer();
    return response.status;
}

/** Names of all PipelineRuns. */
export async function runs(namespace = "default"): Promise<string[]> {
    return (await list("pipelineruns", "-n", namespace)).map(({ metadata }) => metadata.name).sort();
}

/** How often the listener's pod has been started anew. */
export async function restarts(namespace = "default"): Promise<number> {
    const [pod] = await list("pods", "-n", namespace, "-l", "eventlistener=flux-event-listener");
    const [container] = pod!.status!.containerStatuses as { restartCount: number }[];
    return container!.restartCount;
}

/**
 * Waits until the listener has worked off everything posted before a marked event of ours. Where a flood of others costs
 * it the event, it is sent again, as the catch-up does it: it makes one run however often it comes.
 */
export async function runsAfter(address: string, proof: Record<string, string>, marker: string): Promise<string[]> {
    const name = runName(marker);
    const deadline = Date.now() + 60_000;
    let posted = 0;
    while (Date.now() < deadline) {
        if (Date.now() - posted > 10_000) {
            await post(address, event(marker), proof);
            posted = Date.now();
        }
        const all = await runs();
        if (all.includes(name)) return all;
    }
    throw new Error(`the marked event made no PipelineRun ${name}`);
}

/** Whether a pod with these labels, in this namespace, gets an answer from an address. */
export async function reaches(address: string, namespace: string, labels: Record<string, string>): Promise<boolean> {
    const name = `reaches-${Math.random().toString(36).slice(2, 8)}`;
    const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name, namespace, labels },
        spec: {
            restartPolicy: "Never",
            securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: "RuntimeDefault" } },
            containers: [
                {
                    name: "curl",
                    image: defaultCatchUpImage,
                    imagePullPolicy: "IfNotPresent",
                    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
                    // A new pod is known to the policies a moment after it has started.
                    command: [
                        ...["curl", "-sS", "-o", "/dev/null", "-d", "{}", "--max-time", "5"],
                        ...["--retry", "4", "--retry-delay", "2", "--retry-all-errors", address],
                    ],
                },
            ],
        },
    };
    await execa("kubectl", ["create", "-f", "-"], { input: JSON.stringify(pod) });
    try {
        const { object } = await until(
            `/api/v1/namespaces/${namespace}/pods`,
            ({ metadata, status }) =>
                metadata.name === name && ["Succeeded", "Failed"].includes(status?.phase as string),
            { timeout: 60, what: `the end of pod ${name}` },
        );
        return object.status?.phase === "Succeeded";
    } finally {
        await kubectl("-n", namespace, "delete", "pod", name, "--wait=false");
    }
}
