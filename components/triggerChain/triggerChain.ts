import * as pulumi from "@pulumi/pulumi";
import { authenticationHeader, authenticationKey } from "../eventAuthentication";
import { type Generation, servedApis } from "../generation";
import { listenerLabels, ListenerNetworkPolicy } from "../listenerNetworkPolicy";
import { KubernetesResource, statusField, waitForAnnotation } from "../kubernetesResource";
import { readinessPeriodSeconds } from "../release/readiness";
import { type Route, runNamePrefix } from "../route";
import { bindingValue, catchUpFilter, eventFilter, type EventShape, eventOverlays } from "./cel";
import { ListenerAccess } from "./listenerAccess";
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
 * An EventListener that turns Flux's events into PipelineRuns, with a TriggerTemplate for each route, and a
 * TriggerBinding for all routes with the same parameters: https://tekton.dev/docs/triggers/eventlisteners/. It waits
 * until the listener answers.
 */
export class TriggerChain extends pulumi.ComponentResource {
    /** The EventListener's name. */
    readonly eventListenerName: pulumi.Output<string>;
    /** The listener's address inside the cluster, from its status: `http://el-….svc.cluster.local:8080`. */
    readonly url: pulumi.Output<string>;
    /** By what they take from which kind of event: a hundred routes needn't have two hundred that are all the same. */
    private readonly bindings = new Map<string, KubernetesResource>();

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
                    triggers: args.routes.flatMap((route) =>
                        this.triggers(`${name}-${route.name}`, route, args, runAccount.serviceAccountName, {
                            parent: this,
                            deletedWith: args.deletedWith,
                        }),
                    ),
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

    /** Creates what a route's triggers refer to, and returns the triggers. */
    private triggers(
        name: string,
        route: Route,
        args: TriggerChainArgs,
        runServiceAccountName: pulumi.Input<string>,
        opts: pulumi.CustomResourceOptions,
    ): object[] {
        const { generation, namespace } = args;
        const params = args.runNaming === "uid" ? route.pipeline.params : [...route.pipeline.params, "run" as const];
        const template = new KubernetesResource(
            `${name}-template`,
            {
                apiVersion: servedApis[generation].triggers,
                kind: "TriggerTemplate",
                metadata: { name: `${route.name}-template`, namespace },
                spec: {
                    params: params.map((param) => ({ name: param })),
                    resourcetemplates: [pipelineRun(route, args, runServiceAccountName)],
                },
            },
            opts,
        );
        const trigger = (shape: EventShape, infix: string): object => {
            const kind = [shape, ...params].join(" ");
            const binding =
                this.bindings.get(kind) ??
                new KubernetesResource(
                    `${name}${infix}-binding`,
                    {
                        apiVersion: servedApis[generation].triggers,
                        kind: "TriggerBinding",
                        metadata: { name: `${route.name}${infix}-binding`, namespace },
                        spec: {
                            params: params.map((param) => ({
                                name: param,
                                value: bindingValue(generation, shape, param),
                            })),
                        },
                    },
                    opts,
                );
            this.bindings.set(kind, binding);
            return {
                name: `${route.name}${infix}-trigger`,
                bindings: [{ ref: binding.metadata.name }],
                interceptors: interceptors(route, shape, args),
                template: generation === "2020" ? { name: template.metadata.name } : { ref: template.metadata.name },
            };
        };
        return [trigger("event", ""), ...(args.catchUp ? [trigger("catch-up", "-catch-up")] : [])];
    }
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
    shape: EventShape,
    { generation, namespace, authenticationSecretName, runNaming }: TriggerChainArgs,
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
            return shape === "event"
                ? eventFilter(which, proof, generation)
                : catchUpFilter(which, runNamePrefix(route), proof);
        });
    const wanted = new Set<string>([
        ...pipeline.params,
        ...(runNaming === "uid" ? [] : ["run"]),
        ...(filter === undefined ? [] : ["revision", "branch", "commit"]),
    ]);
    const overlays = eventOverlays(generation, shape).filter(({ key }) => wanted.has(key));
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
    route: Route,
    { generation, runNaming }: TriggerChainArgs,
    runServiceAccountName: pulumi.Input<string>,
): object {
    const { pipeline } = route;
    const serviceAccountName = pipeline.serviceAccountName ?? runServiceAccountName;
    return {
        apiVersion: servedApis[generation].pipelines,
        kind: "PipelineRun",
        metadata: {
            name: runNamePrefix(route) + (runNaming === "uid" ? "$(uid)" : "$(tt.params.run)"),
            labels: { [routeLabel]: route.name },
        },
        spec: {
            params: [
                ...pipeline.params.map((param) => ({ name: param, value: `$(tt.params.${param})` })),
                ...Object.entries(pipeline.values ?? {}).map(([name, value]) => ({ name, value })),
            ],
            pipelineRef: { name: pipeline.name },
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
