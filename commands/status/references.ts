import { catchUpLabels } from "../../components/catchUp";
import { authenticationKey } from "../../components/eventAuthentication";
import { servedApis } from "../../components/generation";
import type { KubernetesObject } from "../../components/kubernetesObject";
import { type SourceKind, sourceKinds } from "../../components/route";
import { routeLabel } from "../../components/triggerChain/triggerChain";
import { readFilter } from "../../components/triggerChain/cel";
import { distinctObjects } from "./checks";
import { field, items, type ObjectName, text } from "./objects";
import type { Stack } from "./stack";

/** What a stack's objects refer to, by name. It may be the stack's own, or someone else's. */

/** The sources that a stack's Alerts listen to, each once. */
export function sourcesOf(stack: Stack): ObjectName[] {
    const own = stack.of(...sourceKinds);
    const apiVersion = own[0]?.apiVersion ?? servedApis.v1.source;
    const named = stack.of("Alert").flatMap((alert) =>
        items(alert, "spec", "eventSources").map((source) => ({
            apiVersion,
            kind: text(source, "kind") as SourceKind,
            metadata: { name: text(source, "name")!, namespace: text(source, "namespace") },
        })),
    );
    return distinctObjects([...own, ...named]);
}

/** The Deployment that Tekton Triggers makes for an EventListener. */
export function deploymentOf({ metadata }: ObjectName): ObjectName {
    return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: `el-${metadata.name}`, namespace: metadata.namespace },
    };
}

/** The EventListener of a stack behind an address; undefined for an address that is none of theirs. */
export function listenerAt(stack: Stack, address: string | undefined): KubernetesObject | undefined {
    return stack
        .of("EventListener")
        .find(({ metadata }) => address?.includes(`//el-${metadata.name}.${metadata.namespace}.`));
}

/** The Secret by which an EventListener knows its senders; undefined if everyone may send. */
export function listenerSecret(listener: KubernetesObject | undefined): ObjectName | undefined {
    const proofs = triggersOf(listener).flatMap(({ filter }) => readFilter(filter).proof ?? []);
    const [proof] = proofs;
    if (proof === undefined || proof.key !== authenticationKey) return undefined;
    return {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name: proof.secretName, namespace: proof.secretNamespace },
    };
}

/** The Deployment of the catch-up, which repeats events; undefined if the stack has none. */
export function catchUpOf(stack: Stack): KubernetesObject | undefined {
    const labels = JSON.stringify(catchUpLabels);
    return stack.of("Deployment").find((deployment) => {
        const template = field(deployment, "spec", "template");
        return JSON.stringify(field(template, "metadata", "labels")) === labels;
    });
}

/** A route of a stack: what starts which Pipeline. */
export interface RouteObjects {
    readonly name: string;
    /** What its trigger refers to; another route's may, too. */
    readonly bindings: readonly KubernetesObject[];
    readonly template: KubernetesObject;
    readonly listener: KubernetesObject;
    readonly source: ObjectName;
    readonly pipeline: ObjectName;
    /** The PipelineRun that the template makes, with what the trigger says put in. */
    readonly run: unknown;
    /** Whether it has a condition of its own, and may let a revision pass by. */
    readonly hasFilter: boolean;
}

/** A stack's routes, in the order of its triggers. */
export function routesOf(stack: Stack): RouteObjects[] {
    const sources = sourcesOf(stack);
    return stack
        .of("EventListener")
        .flatMap((listener) =>
            triggersOf(listener).flatMap((trigger) => routeOf(stack, listener, trigger, sources) ?? []),
        );
}

/** The route of a trigger; undefined for a trigger of someone else's. */
function routeOf(
    stack: Stack,
    listener: KubernetesObject,
    trigger: Trigger,
    sources: readonly ObjectName[],
): RouteObjects | undefined {
    const from = readFilter(trigger.filter).source;
    const source = sources.find(
        ({ kind, metadata }) =>
            kind === from?.kind && metadata.name === from.name && metadata.namespace === from.namespace,
    );
    const template = stack.of("TriggerTemplate").find(({ metadata }) => metadata.name === trigger.template);
    if (source === undefined || template === undefined) return undefined;
    const run = withParams(field(template, "spec", "resourcetemplates", 0), trigger.given);
    const name = text(run, "metadata", "labels", routeLabel);
    const pipeline = text(run, "spec", "pipelineRef", "name");
    if (name === undefined || pipeline === undefined) return undefined;
    return {
        name,
        bindings: stack.of("TriggerBinding").filter(({ metadata }) => trigger.bindings.includes(metadata.name)),
        template,
        listener,
        source,
        pipeline: {
            apiVersion: text(run, "apiVersion")!,
            kind: "Pipeline",
            metadata: { name: pipeline, namespace: template.metadata.namespace },
        },
        run,
        hasFilter: trigger.hasFurther,
    };
}

/** A template's resource with these parameters put in; others stay as they are. */
function withParams(resource: unknown, params: ReadonlyMap<string, string>): unknown {
    return JSON.parse(JSON.stringify(resource ?? {}), (_key, value: unknown) =>
        typeof value === "string"
            ? value.replace(/\$\(tt\.params\.([^)]+)\)/g, (whole, name: string) => params.get(name) ?? whole)
            : value,
    );
}

/** A trigger of an EventListener. */
interface Trigger {
    /** Names of the TriggerBindings that it refers to. */
    readonly bindings: readonly string[];
    /** What it gives its template itself. */
    readonly given: ReadonlyMap<string, string>;
    /** Name of its TriggerTemplate. */
    readonly template?: string;
    /** The filter that {@link readFilter} reads. */
    readonly filter: string;
    /** Whether another one follows. */
    readonly hasFurther: boolean;
}

function triggersOf(listener: KubernetesObject | undefined): Trigger[] {
    return items(listener, "spec", "triggers").map((trigger) => {
        const bindings = items(trigger, "bindings");
        const filters = items(trigger, "interceptors").flatMap(
            (interceptor) =>
                // In 2020 it stood in the interceptor itself.
                text(interceptor, "cel", "filter") ??
                text(
                    items(interceptor, "params").find((param) => field(param, "name") === "filter"),
                    "value",
                ) ??
                [],
        );
        return {
            bindings: bindings.flatMap((binding) => text(binding, "ref") ?? []),
            given: new Map(
                bindings.flatMap((binding) => {
                    const [name, value] = [text(binding, "name"), text(binding, "value")];
                    return name === undefined || value === undefined ? [] : [[name, value] as const];
                }),
            ),
            template: text(trigger, "template", "ref") ?? text(trigger, "template", "name"),
            filter: filters[0] ?? "",
            hasFurther: filters.length > 1,
        };
    });
}
