import { createHash } from "node:crypto";
import type { Facts } from "../../../commands/status/facts";
import type { Stack } from "../../../commands/status/stack";
import type { KubernetesObject } from "../../../components/kubernetesObject";

/** The moment at which the simulated cluster is looked at. */
export const now = new Date("2026-11-23T12:00:00Z");
export const revision = "main@sha1:0123456789abcdef0123456789abcdef01234567";
const token = "the-token-of-the-simulated-cluster";

export function minutesAgo(minutes: number): string {
    return new Date(now.getTime() - minutes * 60_000).toISOString();
}

/** A simulated cluster on which a stack is up and each link holds: its objects, with what controllers would add to them. */
export function healthyCluster(stack: Stack): Facts {
    const objects = stack.objects.map((object) => living(structuredClone(object) as Mutable));
    const listener = objects.find(({ kind }) => kind === "EventListener")!;
    const services = objects.filter(({ kind }) => kind === "Service");
    return {
        now,
        objects: [
            ...objects,
            living({
                apiVersion: "apps/v1",
                kind: "Deployment",
                metadata: { name: `el-${listener.metadata.name}`, namespace: listener.metadata.namespace },
                spec: { replicas: 1, selector: { matchLabels: { eventlistener: listener.metadata.name } } },
            }),
            ...services.map(({ metadata }) => ({
                apiVersion: "discovery.k8s.io/v1",
                kind: "EndpointSlice",
                metadata: { ...metadata, labels: { "kubernetes.io/service-name": metadata.name } },
                endpoints: [{ conditions: { ready: true } }],
            })),
            run("0123456789abcdef0123"),
            task("0123456789abcdef0123"),
        ],
        unreadable: new Map(),
        lastWords: new Map(),
    };
}

/** A route's run that has succeeded. */
export function run(commit: string): KubernetesObject {
    const name = `flux-notification-run-${commit}`;
    return {
        apiVersion: "tekton.dev/v1",
        kind: "PipelineRun",
        metadata: {
            name,
            namespace: "default",
            labels: { "flux-to-tekton/route": "flux-notification" },
            creationTimestamp: minutesAgo(9),
        },
        status: {
            conditions: [{ type: "Succeeded", status: "True", reason: "Succeeded", message: "" }],
            startTime: minutesAgo(9),
            completionTime: new Date(Date.parse(minutesAgo(9)) + 4000).toISOString(),
            childReferences: [{ kind: "TaskRun", name: `${name}-task`, pipelineTaskName: "task-echo-message" }],
        },
    };
}

function task(commit: string): KubernetesObject {
    return {
        apiVersion: "tekton.dev/v1",
        kind: "TaskRun",
        metadata: { name: `flux-notification-run-${commit}-task`, namespace: "default" },
        status: { conditions: [{ type: "Succeeded", status: "True", reason: "Succeeded", message: "" }] },
    };
}

type Mutable = { -readonly [Key in keyof KubernetesObject]: KubernetesObject[Key] };

/** An object as its controllers leave it. */
function living(object: Mutable): KubernetesObject {
    const ready = [
        { type: "Ready", status: "True", reason: "Succeeded", message: "", lastTransitionTime: minutesAgo(10) },
    ];
    const { name, namespace } = object.metadata;
    switch (object.kind) {
        case "Deployment":
            object.spec = { replicas: 1, ...(object.spec as object) };
            object.status = { observedGeneration: 1, availableReplicas: 1, readyReplicas: 1, updatedReplicas: 1 };
            break;
        case "GitRepository":
            object.status = { conditions: ready, artifact: { revision, lastUpdateTime: minutesAgo(10) } };
            break;
        case "Kustomization":
            object.status = { conditions: ready, lastAppliedRevision: revision };
            break;
        case "Receiver":
            object.status = {
                conditions: ready,
                webhookPath: `/hook/${createHash("sha256").update(`${token}${name}${namespace}`).digest("hex")}`,
            };
            break;
        case "EventListener":
            object.status = {
                conditions: ready,
                address: { url: `http://el-${name}.${namespace}.svc.cluster.local:8080` },
            };
            break;
        case "CronJob":
            object.status = { lastScheduleTime: minutesAgo(4), lastSuccessfulTime: minutesAgo(3.9) };
            break;
        case "ClusterInterceptor":
            object.spec = withCa(object.spec);
            break;
        case "MutatingWebhookConfiguration":
        case "ValidatingWebhookConfiguration":
            object.webhooks = (object.webhooks as object[]).map(withCa);
            break;
        case "Secret":
            object.data = Object.fromEntries(
                Object.keys((object.stringData ?? object.data ?? {}) as object).map((key) => [key, encoded(key)]),
            );
            delete object.stringData;
            break;
    }
    return { ...object, metadata: { ...object.metadata, generation: 1, creationTimestamp: minutesAgo(60) } };
}

function encoded(key: string): string {
    return Buffer.from(key === "headers" ? `X-Flux-Event-Token: ${token}` : token).toString("base64");
}

function withCa(holder: unknown): object {
    const { clientConfig } = holder as { clientConfig: object };
    return { ...(holder as object), clientConfig: { ...clientConfig, caBundle: "Q0E=" } };
}
