import type { KubeConfig } from "@kubernetes/client-node";
import type { KubernetesObject } from "../../components/kubernetesObject";
import { routeLabel } from "../../components/triggerChain/triggerChain";
import { Api } from "./api";
import { distinctObjects, secretOf } from "./checks";
import type { Facts } from "./facts";
import { runsOf } from "./links/runs";
import { field, isSame, items, type ObjectName, text, title } from "./objects";
import { deploymentOf, listenerSecret, routesOf, sourcesOf } from "./references";
import type { Stack } from "./stack";
import { crashed, isAvailable } from "./workload";

/** Reads all that the verdicts on a stack need of a cluster. It reads only; Secrets' values stay in memory. */
export async function readFacts(cluster: KubeConfig, stack: Stack): Promise<Facts> {
    const api = await Api.connect(cluster);
    try {
        return await new Reader(api).read(stack);
    } finally {
        api.close();
    }
}

class Reader {
    private readonly objects: KubernetesObject[] = [];
    private readonly unreadable = new Map<string, string>();
    private readonly lastWords = new Map<string, string>();

    constructor(private readonly api: Api) {}

    async read(stack: Stack): Promise<Facts> {
        const now = new Date();
        const facts: Facts = {
            now,
            objects: this.objects,
            unreadable: this.unreadable,
            lastWords: this.lastWords,
        };
        const runNamespaces = [...new Set(routesOf(stack).map(({ template }) => template.metadata.namespace!))];
        await Promise.all([
            ...namesOf(stack).map((name) => this.object(name)),
            ...webhookNamespaces(stack).map((namespace) =>
                this.list("EndpointSlices", "discovery.k8s.io/v1", "EndpointSlice", namespace),
            ),
            ...runNamespaces.map((namespace) =>
                this.list("PipelineRuns", pipelineRunVersion(stack), "PipelineRun", namespace, routeLabel),
            ),
        ]);
        // Secrets of sources that aren't the stack's own.
        const secrets = sourcesOf(stack).flatMap((name) =>
            this.found(name).flatMap((source) => secretOf(source) ?? []),
        );
        await Promise.all([
            ...secrets.filter((name) => this.found(name).length === 0).map((name) => this.object(name)),
            ...this.objects
                .filter((object) => object.kind === "Deployment" && !isAvailable(object))
                .map((deployment) => this.pods(deployment, field(deployment, "spec", "selector", "matchLabels"))),
            ...stack
                .of("CronJob")
                .map((one) =>
                    this.pods(one, field(one, "spec", "jobTemplate", "spec", "template", "metadata", "labels")),
                ),
            ...routesOf(stack)
                .flatMap((route) => runsOf(route, facts).slice(0, 1))
                .map((run) => this.tasks(run)),
        ]);
        return facts;
    }

    private found(name: ObjectName): KubernetesObject[] {
        return this.objects.filter((object) => isSame(object, name));
    }

    private async object(name: ObjectName): Promise<void> {
        await this.attempt(title(name), async () => {
            const object = await this.api.read(name);
            if (object !== undefined) this.objects.push(object);
        });
    }

    private async list(what: string, apiVersion: string, kind: string, namespace: string, labels = ""): Promise<void> {
        await this.attempt(`${what} ${namespace}`, async () => {
            this.objects.push(...(await this.api.list(apiVersion, kind, namespace, labels)));
        });
    }

    /** The pods of something that may not be well, and what those wrote last that have crashed. */
    private async pods({ metadata }: KubernetesObject, labels: unknown): Promise<void> {
        const namespace = metadata.namespace!;
        const selector = Object.entries((labels ?? {}) as Record<string, string>).map((pair) => pair.join("="));
        if (selector.length === 0) return;
        await this.attempt(`pods of ${metadata.name}`, async () => {
            const pods = await this.api.list("v1", "Pod", namespace, selector.join(","));
            this.objects.push(...pods);
            await Promise.all(pods.map((pod) => this.crashes(pod)));
        });
    }

    private async crashes(pod: KubernetesObject): Promise<void> {
        const { namespace, name } = pod.metadata;
        for (const { container, previous } of crashed(pod)) {
            const id = `${namespace}/${name}/${container}`;
            await this.attempt(`log of ${id}`, async () => {
                const line = await this.api.lastLine(namespace!, name, container, previous);
                if (line !== undefined) this.lastWords.set(id, line);
            });
        }
    }

    private async tasks(run: KubernetesObject): Promise<void> {
        const { namespace } = run.metadata;
        const tasks = items(run, "status", "childReferences").filter((child) => text(child, "kind") === "TaskRun");
        await Promise.all(
            tasks.map((child) =>
                this.object({
                    apiVersion: text(child, "apiVersion") ?? run.apiVersion,
                    kind: "TaskRun",
                    metadata: { name: text(child, "name")!, namespace },
                }),
            ),
        );
    }

    /** What can't be read is a fact, too. */
    private async attempt(what: string, action: () => Promise<void>): Promise<void> {
        try {
            await action();
        } catch (error) {
            this.unreadable.set(what, error instanceof Error ? error.message : String(error));
        }
    }
}

/** All that has to be there: a stack's objects, and what they refer to. */
function namesOf(stack: Stack): ObjectName[] {
    const listeners = stack.of("EventListener");
    const references = [
        ...sourcesOf(stack),
        ...routesOf(stack).map(({ pipeline }) => pipeline),
        ...listeners.map(deploymentOf),
        ...listeners.flatMap((listener) => listenerSecret(listener) ?? []),
        ...[...stack.of("Provider"), ...stack.of("Receiver")].flatMap((object) => secretOf(object) ?? []),
    ];
    return distinctObjects([...stack.objects, ...references]);
}

/** Where the Services are behind which webhooks and interceptors answer: beside the releases' controllers. */
function webhookNamespaces(stack: Stack): string[] {
    const deployments = [...stack.releases.values()].flat().filter(({ kind }) => kind === "Deployment");
    return [...new Set(deployments.flatMap(({ metadata }) => metadata.namespace ?? []))];
}

function pipelineRunVersion(stack: Stack): string {
    return routesOf(stack)[0]!.pipeline.apiVersion;
}
