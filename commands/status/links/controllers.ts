import type { KubernetesObject } from "../../../components/kubernetesObject";
import { versionOf } from "../../../components/release";
import { presence, restore } from "../checks";
import { type Facts, find } from "../facts";
import { counted, listed } from "../format";
import { type Link, link, type Problem } from "../link";
import { field, items, text, title } from "../objects";
import type { Stack } from "../stack";
import { availability } from "../workload";

/** Tekton and Flux: whether each is there as a whole, its controllers run, and its webhooks can be called. */
export function controllerLinks(stack: Stack, facts: Facts): Link[] {
    return [...stack.releases].map(([release, objects]) => {
        const deployments = objects.filter(({ kind }) => kind === "Deployment");
        const installed = deployments.flatMap((one) => find(facts, one) ?? []);
        const problems = [
            ...missing(objects, facts, stack),
            ...otherVersion(deployments, facts, stack),
            ...installed.flatMap((deployment) => availability(deployment, facts, restore(stack.name))),
            ...objects.flatMap((object) => unanswered(object, facts)),
        ];
        const webhooks = objects.filter(isWebhookConfiguration).length;
        const parts = [counted(deployments.length, "Deployment"), ...(webhooks === 0 ? [] : [`${webhooks} webhooks`])];
        const version = deployments.map(versionOf).find((one) => one !== undefined);
        return link("controllers", [release, version].filter(Boolean).join(" "), parts.join(", "), problems);
    });
}

/** What isn't there, together: a release that is gone would fill the screen. */
function missing(objects: readonly KubernetesObject[], facts: Facts, stack: Stack): Problem[] {
    const problems = objects.map((object) => ({ object, found: presence(object, facts, restore(stack.name)) }));
    const gone = problems.filter(({ object, found }) => found.length > 0 && find(facts, object) === undefined);
    const known = gone.filter(({ found }) => !found[0]!.unknown);
    const others = problems.filter((one) => !known.includes(one)).flatMap(({ found }) => found);
    if (known.length < 2) return [...known.flatMap(({ found }) => found), ...others];
    const names = listed(known.map(({ object }) => title(object)));
    return [{ problem: `${names} aren't there`, todo: restore(stack.name) }, ...others];
}

function otherVersion(deployments: readonly KubernetesObject[], facts: Facts, stack: Stack): Problem[] {
    const problems = deployments.map((expected) => {
        const actual = find(facts, expected);
        const [has, wants] = [actual && versionOf(actual), versionOf(expected)];
        return actual === undefined || has === wants ? undefined : `${has} is installed, and the stack has ${wants}`;
    });
    return [...new Set(problems)]
        .filter((problem) => problem !== undefined)
        .map((problem) => ({ problem, todo: `pulumi up --stack ${stack.name}` }));
}

/**
 * Whether the API server can call what an object names: a webhook or an interceptor. It takes the caller's trust in
 * their certificate, `caBundle`, which their controller fills in, and a pod that answers.
 */
function unanswered(expected: KubernetesObject, facts: Facts): Problem[] {
    const actual = find(facts, expected);
    if (actual === undefined) return [];
    const clients = isWebhookConfiguration(actual)
        ? items(actual, "webhooks").map((webhook) => field(webhook, "clientConfig"))
        : [field(actual, "spec", "clientConfig")];
    return clients
        .filter((client) => field(client, "service") !== undefined)
        .flatMap((client) => {
            const namespace = text(client, "service", "namespace") ?? "";
            const service = text(client, "service", "name") ?? "";
            const problems: Problem[] = [];
            if (text(client, "caBundle") === undefined) {
                // Tekton names a Service as the Deployment behind it.
                const restart = `kubectl -n ${namespace} rollout restart deployment/${service}`;
                problems.push({
                    problem: `${title(expected)} has no caBundle, so the API server can't call it`,
                    todo: `its controller writes one when it starts: ${restart}`,
                });
            }
            const pods = readyEndpoints(namespace, service, facts);
            if (pods === undefined) {
                const problem = `whether Service ${namespace}/${service} has pods can't be read`;
                problems.push({ problem, todo: "see what your account may do", unknown: true });
            } else if (pods === 0) {
                const problem = `${title(expected)}: no pod of Service ${namespace}/${service} answers`;
                problems.push({ problem, todo: `kubectl -n ${namespace} get pods` });
            }
            return problems;
        });
}

/** How many pods answer for a Service; undefined if that can't be read. */
function readyEndpoints(namespace: string, service: string, facts: Facts): number | undefined {
    if (facts.unreadable.has(`EndpointSlices ${namespace}`)) return undefined;
    return facts.objects
        .filter(
            ({ kind, metadata }) =>
                kind === "EndpointSlice" &&
                metadata.namespace === namespace &&
                metadata.labels?.["kubernetes.io/service-name"] === service,
        )
        .flatMap((slice) => items(slice, "endpoints"))
        .filter((endpoint) => field(endpoint, "conditions", "ready") !== false).length;
}

function isWebhookConfiguration({ kind }: KubernetesObject): boolean {
    return kind.endsWith("WebhookConfiguration");
}
