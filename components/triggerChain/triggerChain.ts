import * as pulumi from "@pulumi/pulumi";
import { type Generation, servedApis } from "../generation";
import { KubernetesResource, statusField, waitForAnnotation } from "../kubernetesResource";
import type { Route } from "../route";
import { bindingValue, eventFilter, revisionOverlays } from "./cel";
import { ListenerAccess } from "./listenerAccess";

/** From events to PipelineRuns. */
export interface TriggerChainArgs {
    readonly generation: Generation;
    /** Where the listener listens and the pipelines run. */
    readonly namespace: pulumi.Input<string>;
    /** Its Deployment and Service are named `el-<name>`. @default "flux-event-listener" */
    readonly eventListenerName?: string;
    /** @default "flux-notifications-sa" */
    readonly serviceAccountName?: string;
    readonly routes: readonly Route[];
    /** How long the listener may take to become ready, its image pulled and started. @default "5m" */
    readonly readyTimeout?: string;
}

/**
 * An EventListener that turns Flux's events into PipelineRuns, with a TriggerBinding and a TriggerTemplate for each
 * route: https://tekton.dev/docs/triggers/eventlisteners/. It waits until the listener answers.
 */
export class TriggerChain extends pulumi.ComponentResource {
    readonly eventListenerName: pulumi.Output<string>;
    /** The listener's address inside the cluster, from its status: `http://el-….svc.cluster.local:8080`. */
    readonly url: pulumi.Output<string>;

    constructor(name: string, args: TriggerChainArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:triggers:TriggerChain", name, {}, opts);
        const { generation, namespace } = args;
        const timeout = args.readyTimeout ?? "5m";
        const access = new ListenerAccess(
            `${name}-access`,
            { generation, namespace, serviceAccountName: args.serviceAccountName },
            { parent: this },
        );
        const listener = new KubernetesResource(
            `${name}-listener`,
            {
                apiVersion: servedApis[generation].triggers,
                kind: "EventListener",
                metadata: {
                    name: args.eventListenerName ?? "flux-event-listener",
                    namespace,
                    annotations: { [waitForAnnotation]: listenerConditions(generation) },
                },
                spec: {
                    serviceAccountName: access.serviceAccountName,
                    triggers: args.routes.map((route) => this.trigger(`${name}-${route.name}`, route, args)),
                },
            },
            { parent: this, customTimeouts: { create: timeout, update: timeout } },
        );
        this.eventListenerName = listener.metadata.name;
        this.url = statusField(listener, "address", "url");
        this.registerOutputs({ eventListenerName: this.eventListenerName, url: this.url });
    }

    /** Creates a route's TriggerBinding and TriggerTemplate; returns the trigger that refers to them. */
    private trigger(name: string, route: Route, { generation, namespace }: TriggerChainArgs): object {
        const apiVersion = servedApis[generation].triggers;
        const binding = new KubernetesResource(
            `${name}-binding`,
            {
                apiVersion,
                kind: "TriggerBinding",
                metadata: { name: `${route.name}-binding`, namespace },
                spec: {
                    params: route.pipeline.params.map((param) => ({
                        name: param,
                        value: bindingValue(generation, param),
                    })),
                },
            },
            { parent: this },
        );
        const template = new KubernetesResource(
            `${name}-template`,
            {
                apiVersion,
                kind: "TriggerTemplate",
                metadata: { name: `${route.name}-template`, namespace },
                spec: {
                    params: route.pipeline.params.map((param) => ({ name: param })),
                    resourcetemplates: [pipelineRun(generation, route)],
                },
            },
            { parent: this },
        );
        const filter = pulumi
            .all([route.source.name, route.source.namespace])
            .apply(([name, namespace]) =>
                eventFilter({ kind: route.source.kind, name, namespace, filter: route.filter }),
            );
        const overlays = revisionOverlays(generation, route.pipeline.params);
        return {
            name: `${route.name}-trigger`,
            bindings: [{ ref: binding.metadata.name }],
            ...(generation === "2020"
                ? {
                      interceptors: [{ cel: { filter, ...(overlays.length === 0 ? {} : { overlays }) } }],
                      template: { name: template.metadata.name },
                  }
                : {
                      interceptors: [
                          {
                              ref: { name: "cel" },
                              params: [
                                  { name: "filter", value: filter },
                                  ...(overlays.length === 0 ? [] : [{ name: "overlays", value: overlays }]),
                              ],
                          },
                      ],
                      template: { ref: template.metadata.name },
                  }),
        };
    }
}

function pipelineRun(generation: Generation, route: Route): object {
    return {
        apiVersion: servedApis[generation].pipelines,
        kind: "PipelineRun",
        metadata: { name: `${route.name}-run-$(uid)` },
        spec: {
            params: route.pipeline.params.map((param) => ({ name: param, value: `$(tt.params.${param})` })),
            pipelineRef: { name: route.pipeline.name },
        },
    };
}

/** The listener has its address before it has a pod; ready is both. In 2020 it only said Available. */
function listenerConditions(generation: Generation): string {
    const condition = generation === "2020" ? "condition=Available" : "condition=Ready";
    return JSON.stringify(["jsonpath={.status.address.url}", condition]);
}
