import * as pulumi from "@pulumi/pulumi";
import { authenticationHeader, authenticationKey } from "../eventAuthentication";
import { type Generation, servedApis } from "../generation";
import { listenerLabels, ListenerNetworkPolicy } from "../listenerNetworkPolicy";
import { KubernetesResource, statusField, waitForAnnotation } from "../kubernetesResource";
import { readinessPeriodSeconds } from "../release/readiness";
import { type EventParam, type Route, runNamePrefix } from "../route";
import { bindingValue, eventFilter, eventOverlays } from "./cel";
import { ListenerAccess } from "./listenerAccess";
import { type ObjectPrefix, isPlain, objectPrefixes } from "./objectPrefix";
import { RunAccount } from "./runAccount";

/**
 * How PipelineRuns are named: by `revision`, so that an event that comes twice makes one run; or by `uid`, as in the
 * demonstration of 2020, so that it makes two.
 */
export const runNamings = ["revision", "uid"] as const;
/** One of {@link runNamings}. */
export type RunNaming = (typeof runNamings)[number];

/** What a container asks of its node, and what it may take: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/ */
export interface ResourceRequirements {
    /** By resource, `cpu` and `memory`. @default none */
    readonly requests?: Readonly<Record<string, string>>;
    /** By resource, `cpu` and `memory`. @default none */
    readonly limits?: Readonly<Record<string, string>>;
}

/** @default of {@link TriggerChainArgs.resources} */
export const defaultListenerResources: ResourceRequirements = {
    requests: { cpu: "100m", memory: "64Mi" },
    limits: { memory: "512Mi" },
};

/** From events to PipelineRuns. */
export interface TriggerChainArgs {
    /** Of the releases on the cluster: it says which API versions they serve. */
    readonly generation: Generation;
    /** Where the listener listens and the pipelines run. */
    readonly namespace: pulumi.Input<string>;
    /** Its Deployment and Service are named `el-<name>`. @default "flux-event-listener" */
    readonly eventListenerName?: string;
    /** The listener's. @default "flux-notifications-sa" */
    readonly serviceAccountName?: string;
    /** The PipelineRuns'. @default "flux-notification-run" */
    readonly runServiceAccountName?: string;
    /** Which source starts which pipeline. */
    readonly routes: readonly Route[];
    /** @default "revision" */
    readonly runNaming?: RunNaming;
    /**
     * The Secret by which events prove where they come from. Not for the generation of 2020, whose Providers can't send
     * a header. @default none: whoever reaches the listener can start a run
     */
    readonly authenticationSecretName?: pulumi.Input<string>;
    /** How many pods listen. More than one are spread over nodes, and one is always kept. Not in 2020, where it is one. @default 1 */
    readonly replicas?: number;
    /** Of each of the listener's pods; not in 2020. @default {@link defaultListenerResources} */
    readonly resources?: ResourceRequirements;
    /** Take what the catch-up sends, too. @default false */
    readonly catchUp?: boolean;
    /**
     * Flux's namespace: only its notification-controller, and the catch-up, may reach the listener. @see
     * ListenerNetworkPolicy @default none: everyone may
     */
    readonly onlyFrom?: pulumi.Input<string>;
    /** How long the listener may take to become ready, its image pulled and started. @default "5m" */
    readonly readyTimeout?: string;
    /**
     * The installation of Tekton Triggers: bindings and templates go with that, if it goes. (The resource option of that
     * name holds for all children.) @default none: each is removed by itself, and Triggers' webhook has to be alive
     */
    readonly deletedWith?: pulumi.Resource;
}

/**
 * An EventListener that turns Flux's events into PipelineRuns: https://tekton.dev/docs/triggers/eventlisteners/. Routes
 * with the same parameters share a TriggerBinding; those whose runs have the same settings, too, share a TriggerTemplate,
 * and the triggers tell it which route, pipeline and account it is. It waits until the listener answers.
 */
export class TriggerChain extends pulumi.ComponentResource {
    /** The EventListener's name. */
    readonly eventListenerName: pulumi.Output<string>;
    /** The listener's address inside the cluster, from its status: `http://el-….svc.cluster.local:8080`. */
    readonly url: pulumi.Output<string>;

    constructor(name: string, args: TriggerChainArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:triggers:TriggerChain", name, {}, opts);
        const { generation, namespace } = args;
        const timeout = args.readyTimeout ?? "5m";
        const replicas = args.replicas ?? 1;
        const eventListenerName = args.eventListenerName ?? "flux-event-listener";
        const labels = listenerLabels(eventListenerName);
        const access = new ListenerAccess(
            `${name}-access`,
            { generation, namespace, serviceAccountName: args.serviceAccountName },
            { parent: this },
        );
        const runAccount = new RunAccount(
            `${name}-runs`,
            { namespace, serviceAccountName: args.runServiceAccountName },
            { parent: this },
        );
        // Before the listener: a policy that comes later is enforced some seconds later, and that stops what is let in, too.
        const policies =
            args.onlyFrom === undefined
                ? []
                : [
                      new ListenerNetworkPolicy(
                          `${name}-network-policy`,
                          { namespace, eventListenerName, fluxNamespace: args.onlyFrom },
                          { parent: this },
                      ),
                  ];
        const shared = new Map<string, KubernetesResource>();
        const make: Make = (kind, { name: prefix, isShared }, spec) => {
            const metadata = { name: `${prefix}-${kind === "TriggerBinding" ? "binding" : "template"}`, namespace };
            const object =
                shared.get(metadata.name) ??
                new KubernetesResource(
                    `${name}-${metadata.name}`,
                    { apiVersion: servedApis[generation].triggers, kind, metadata, spec },
                    { parent: this, deletedWith: args.deletedWith },
                );
            if (isShared) shared.set(metadata.name, object);
            return object.metadata.name;
        };
        const bindings = objectPrefixes(eventListenerName, args.routes, (route) => boundParams(route, args).join(" "));
        const templates = objectPrefixes(eventListenerName, args.routes, (route) => runSettings(route, args));
        const listener = new KubernetesResource(
            `${name}-listener`,
            {
                apiVersion: servedApis[generation].triggers,
                kind: "EventListener",
                metadata: {
                    name: eventListenerName,
                    namespace,
                    annotations: { [waitForAnnotation]: listenerConditions },
                },
                spec: {
                    serviceAccountName: access.serviceAccountName,
                    ...(generation === "2020"
                        ? {}
                        : {
                              resources: {
                                  kubernetesResource: workload(
                                      replicas,
                                      args.resources ?? defaultListenerResources,
                                      labels,
                                  ),
                              },
                          }),
                    triggers: args.routes.map((route) => {
                        const prefixes = { binding: bindings.get(route)!, template: templates.get(route)! };
                        return trigger(route, args, runAccount.serviceAccountName, prefixes, make);
                    }),
                },
            },
            { parent: this, dependsOn: policies, customTimeouts: { create: timeout, update: timeout } },
        );
        if (replicas > 1 && generation !== "2020") {
            new KubernetesResource(
                `${name}-disruption-budget`,
                {
                    apiVersion: "policy/v1",
                    kind: "PodDisruptionBudget",
                    metadata: { name: `el-${eventListenerName}`, namespace },
                    spec: { minAvailable: 1, selector: { matchLabels: labels } },
                },
                { parent: this },
            );
        }
        this.eventListenerName = listener.metadata.name;
        this.url = statusField(listener, "address", "url");
        this.registerOutputs({ eventListenerName: this.eventListenerName, url: this.url });
    }
}

/** Makes a binding or a template, a shared one once, and returns its name as an output. */
type Make = (kind: "TriggerBinding" | "TriggerTemplate", prefix: ObjectPrefix, spec: object) => pulumi.Output<string>;

/** Creates what a route's trigger refers to, and returns the trigger. */
function trigger(
    route: Route,
    args: TriggerChainArgs,
    runServiceAccountName: pulumi.Input<string>,
    prefixes: Readonly<Record<"binding" | "template", ObjectPrefix>>,
    make: Make,
): object {
    const { generation } = args;
    const params = boundParams(route, args);
    const own: RunOfRoute = {
        route: route.name,
        pipeline: route.pipeline.name,
        serviceAccountName: route.pipeline.serviceAccountName ?? runServiceAccountName,
    };
    const { isShared } = prefixes.template;
    const given = isShared ? Object.entries(own).map(([name, value]) => ({ name, value })) : [];
    const templateName = make("TriggerTemplate", prefixes.template, {
        params: [...params, ...given.map(({ name }) => name)].map((name) => ({ name })),
        resourcetemplates: [pipelineRun(route, args, isShared ? runOfTrigger : own)],
    });
    const bindingName = make("TriggerBinding", prefixes.binding, {
        params: params.map((param) => ({ name: param, value: bindingValue(generation, param) })),
    });
    return {
        name: `${route.name}-trigger`,
        bindings: [{ ref: bindingName }, ...given],
        interceptors: interceptors(route, args),
        template: generation === "2020" ? { name: templateName } : { ref: templateName },
    };
}

/** What a route's binding takes from an event. */
function boundParams({ pipeline }: Route, { runNaming }: TriggerChainArgs): (EventParam | "run")[] {
    return runNaming === "uid" ? [...pipeline.params] : [...pipeline.params, "run"];
}

/** What of a run is the route's own; all else, routes may have in common. */
interface RunOfRoute {
    readonly route: string;
    readonly pipeline: pulumi.Input<string>;
    readonly serviceAccountName: pulumi.Input<string>;
}

/** The same, where the trigger says it. */
const runOfTrigger: RunOfRoute = {
    route: "$(tt.params.route)",
    pipeline: "$(tt.params.pipeline)",
    serviceAccountName: "$(tt.params.serviceAccountName)",
};

/** All that a route's template says but {@link RunOfRoute}; undefined if it isn't known yet, or can't be shared. */
function runSettings({ pipeline }: Route, { generation, runNaming }: TriggerChainArgs): string | undefined {
    const { params, values, workspaces, timeout } = pipeline;
    const settings = [runNaming, params, values, workspaces, timeout];
    // In 2020 a trigger had nothing to say to its template.
    return generation === "2020" || !isPlain(settings) ? undefined : JSON.stringify(settings);
}

/** The listener's Deployment: what it asks of a node, and how its pods are spread. */
function workload(
    replicas: number,
    resources: ResourceRequirements,
    labels: Record<string, pulumi.Input<string>>,
): object {
    // A flood of posts makes it slow; a restart would make it worse, and lose what it has taken.
    const httpGet = { path: "/live", port: 8080, scheme: "HTTP" };
    const livenessProbe = { httpGet, periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6 };
    const readinessProbe = { httpGet, periodSeconds: readinessPeriodSeconds, failureThreshold: 15 };
    return {
        replicas,
        spec: {
            template: {
                spec: {
                    containers: [{ resources, livenessProbe, readinessProbe }],
                    ...(replicas === 1
                        ? {}
                        : {
                              topologySpreadConstraints: [
                                  {
                                      maxSkew: 1,
                                      topologyKey: "kubernetes.io/hostname",
                                      whenUnsatisfiable: "ScheduleAnyway",
                                      labelSelector: { matchLabels: labels },
                                  },
                              ],
                          }),
                },
            },
        },
    };
}

/** Lets the route's events pass, and adds to them what follows from their revision. */
function interceptors(
    route: Route,
    { generation, namespace, authenticationSecretName, runNaming, catchUp }: TriggerChainArgs,
): object[] {
    const { source, pipeline, filter } = route;
    const passes = pulumi
        .all([source.name, source.namespace, authenticationSecretName, namespace])
        .apply(([name, sourceNamespace, secretName, secretNamespace]) => {
            const proof =
                secretName === undefined
                    ? undefined
                    : { header: authenticationHeader, key: authenticationKey, secretName, secretNamespace };
            const which = { kind: source.kind, name, namespace: sourceNamespace };
            return eventFilter(which, {
                generation,
                proof,
                runNamePrefix: catchUp ? runNamePrefix(route) : undefined,
            });
        });
    const wanted = new Set<string>([
        ...pipeline.params,
        ...(runNaming === "uid" ? [] : ["run"]),
        ...(filter === undefined ? [] : ["revision", "branch", "commit"]),
    ]);
    const overlays = eventOverlays(generation).filter(({ key }) => wanted.has(key));
    const added = overlays.length === 0 ? {} : { overlays };
    if (generation === "2020") {
        return [{ cel: { filter: passes, ...added } }, ...(filter === undefined ? [] : [{ cel: { filter } }])];
    }
    const cel = (params: Record<string, unknown>): object => ({
        ref: { name: "cel" },
        params: Object.entries(params).map(([name, value]) => ({ name, value })),
    });
    return [cel({ filter: passes, ...added }), ...(filter === undefined ? [] : [cel({ filter })])];
}

function pipelineRun(
    { pipeline }: Route,
    { generation, runNaming }: TriggerChainArgs,
    { route, pipeline: pipelineName, serviceAccountName }: RunOfRoute,
): object {
    return {
        apiVersion: servedApis[generation].pipelines,
        kind: "PipelineRun",
        metadata: {
            name: runNamePrefix({ name: route }) + (runNaming === "uid" ? "$(uid)" : "$(tt.params.run)"),
            labels: { [routeLabel]: route },
        },
        spec: {
            params: [
                ...pipeline.params.map((param) => ({ name: param, value: `$(tt.params.${param})` })),
                ...Object.entries(pipeline.values ?? {}).map(([name, value]) => ({ name, value })),
            ],
            pipelineRef: { name: pipelineName },
            ...(pipeline.workspaces === undefined ? {} : { workspaces: pipeline.workspaces }),
            ...(pipeline.timeout === undefined
                ? {}
                : generation === "2020"
                  ? { timeout: pipeline.timeout }
                  : { timeouts: { pipeline: pipeline.timeout } }),
            ...(generation === "2020" ? { serviceAccountName } : { taskRunTemplate: { serviceAccountName } }),
        },
    };
}

/** On every PipelineRun: the name of its route. */
export const routeLabel = "flux-to-tekton/route";

/**
 * The listener has its address before it has a pod; and for a moment it is Ready, too: before Triggers has looked at its
 * Deployment.
 */
const listenerConditions = JSON.stringify(["jsonpath={.status.address.url}", "condition=Available"]);
