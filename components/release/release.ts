import * as pulumi from "@pulumi/pulumi";
import type { KubernetesObject } from "../kubernetesObject";
import {
    deletionPropagationAnnotation,
    KubernetesResource,
    skipAwaitAnnotation,
    waitForAnnotation,
} from "../kubernetesResource";
import { keepingConversionCa } from "./conversionCa";
import { defines, withoutDescriptions } from "./definitions";
import { FinalizerRemoval, type FinalizerRemovalSettings } from "./finalizerRemoval";
import { phasesOf, serversOf } from "./phases";

/** How to install a release. */
export interface ReleaseArgs {
    /** The release's version, as upstream tags it: `v1.15.0`. */
    readonly version: string;
    /** The release's objects: a verified manifest, parsed. */
    readonly objects: readonly KubernetesObject[];
    /** Namespaces that another release creates and this one's objects live in, by name. @default none */
    readonly namespaces?: Readonly<Record<string, KubernetesResource>>;
    /**
     * Keep the descriptions in the CustomResourceDefinitions' schemas. Without them there is far less to compare at each
     * update, and `kubectl explain` of these kinds has no texts. @default true
     */
    readonly crdDescriptions?: boolean;
    /**
     * CustomResourceDefinitions as the cluster has them before this update: those of them that it changes keep the CA of
     * their conversion webhook. @default none: it is gone for the moment until the webhook's controller puts it back
     */
    readonly installedDefinitions?: readonly KubernetesObject[];
    /** A release whose controllers start first, and end last: what they run on is made before this one's definitions. @default none */
    readonly after?: Release;
    /** How long a controller may take to become ready, its image pulled and started: `5m`, `90s`. @default "5m" */
    readonly readyTimeout?: string;
}

/** @default of {@link ReleaseArgs.readyTimeout} */
export const defaultReadyTimeout = "5m";

/**
 * A release manifest, installed in the order in which a cluster can take it:
 *
 * 1. namespaces,
 * 2. what the controllers run on: RBAC, configuration and Services, then CustomResourceDefinitions,
 * 3. custom resources, which no webhook judges yet, and the controllers, waited for: those that answer for custom
 *    resources after these,
 * 4. the webhook configurations, as soon as those who answer them are ready, each waited for until it has its CA: an
 *    object that a webhook judges is refused while the webhook doesn't serve.
 *
 * Removal is the same order backwards: the webhook configurations go while the webhooks still answer. A registered
 * webhook without a pod would refuse the garbage collector's own updates, and a deletion would never end. Finalizers
 * that only the release's controllers clear are removed once those are gone.
 *
 * What needs this release `dependsOn` the component. Where only custom resources do: `customResourcesAfter(...ready)`.
 */
export abstract class Release extends pulumi.ComponentResource {
    /** As upstream tags it. */
    readonly version: string;
    /** The namespaces that the release creates, by name. */
    readonly namespaces: Readonly<Record<string, KubernetesResource>>;
    /** The last that is made of what its controllers run on: what comes after these comes after all of it. */
    readonly foundations: readonly pulumi.Resource[];
    /** The last that is made of it all: the controllers, and the webhook configurations that they answer. */
    readonly ready: readonly pulumi.Resource[];

    /** @param finalizers the finalizer that the release's controllers leave behind, if they use one */
    protected constructor(
        type: string,
        name: string,
        args: ReleaseArgs,
        opts?: pulumi.ComponentResourceOptions,
        finalizers?: FinalizerRemovalSettings,
    ) {
        super(type, name, {}, opts);
        this.version = args.version;
        const phases = phasesOf(args.objects);
        const timeout = args.readyTimeout ?? defaultReadyTimeout;
        const waiting = { customTimeouts: { create: timeout, update: timeout } };

        const register = (object: KubernetesObject, options: pulumi.CustomResourceOptions): KubernetesResource => {
            const { namespace, name: objectName } = object.metadata;
            const path = namespace === undefined ? objectName : `${namespace}/${objectName}`;
            return new KubernetesResource(`${name}-${path}`, object, { parent: this, ...options });
        };

        const created: Record<string, KubernetesResource> = {};
        for (const namespace of phases.namespaces) created[namespace.metadata.name] = register(namespace, {});
        this.namespaces = created;
        const namespaces = { ...args.namespaces, ...created };
        const homeOf = ({ metadata }: KubernetesObject): KubernetesResource[] => {
            const home = namespaces[metadata.namespace ?? ""];
            return home === undefined ? [] : [home];
        };

        // What lives in a namespace goes with it, in one call. That holds for these kinds, which have no finalizers; a
        // custom resource whose controller went with the namespace would hold it for ever.
        const objects = phases.objects.map((object) => {
            const dependsOn = homeOf(object);
            return register(withoutAwait(object), { dependsOn, deletedWith: dependsOn[0] });
        });
        // After the many small objects: the engine saves all of its state twice for each resource that it makes, and their
        // schemas are most of it; and the provider reads all of the API server's schemas anew when one has been made.
        const installed = new Map(args.installedDefinitions?.map((object) => [object.metadata.name, object]));
        const definitions = phases.definitions.map((definition) => {
            const wanted = args.crdDescriptions === false ? withoutDescriptions(definition) : definition;
            const { object, ignoreChanges } = keepingConversionCa(wanted, installed.get(wanted.metadata.name));
            return register(object, { ignoreChanges, dependsOn: [...objects, ...(args.after?.foundations ?? [])] });
        });
        const removal =
            finalizers &&
            new FinalizerRemoval(
                `${name}-finalizers`,
                { ...finalizers, definitions: phases.definitions, deployments: phases.workloads },
                { parent: this, dependsOn: definitions },
            );
        // Only the last of it, which come after the rest: the engine's state has every name with everything that waits.
        this.foundations = removal ? [removal] : definitions.length > 0 ? definitions : objects;
        const customResources = phases.customResources.map((object) =>
            register(object, {
                dependsOn: definitions,
                // A deletion of its own is judged by the release's webhook, which may be dead. With its definition it
                // goes when none is asked any more; the ones that releases ship have no finalizer.
                deletedWith: definitions[phases.definitions.findIndex((one) => defines(one, object))],
            }),
        );
        // Interceptors write their certificate into the ClusterInterceptors that are there when they start, before they
        // are ready, and into later ones only a minute later.
        const servers = new Set(phases.customResources.flatMap((object) => serversOf(object, args.objects)));
        const workloads = new Map(
            phases.workloads.map((object) => {
                const answersFor = servers.has(object) ? customResources : [];
                // Not with their namespace: what is removed after the controllers has to know that they are gone; and
                // Tekton's webhooks take half a minute to end, while all else can be removed.
                const registered = removal
                    ? object
                    : annotated(object, { [deletionPropagationAnnotation]: "background" });
                const dependsOn = [...homeOf(object), ...this.foundations, ...answersFor];
                return [object, register(registered, { dependsOn, ...waiting })];
            }),
        );
        const webhooks = phases.webhookConfigurations.map((object) => {
            const answering = serversOf(object, args.objects).map((server) => workloads.get(server)!);
            // Whom no Service of the release leads to may be any of them.
            const dependsOn = answering.length > 0 ? answering : [...workloads.values()];
            return register(awaitingCa(object), { dependsOn, ...waiting });
        });
        this.ready = [...workloads.values(), ...webhooks];
    }
}

/** A Service that is created before its pods would otherwise wait ten seconds for endpoints that aren't coming. */
function withoutAwait(object: KubernetesObject): KubernetesObject {
    return object.kind === "Service" ? annotated(object, { [skipAwaitAnnotation]: "true" }) : object;
}

/** A webhook configuration ships without a CA; its controller writes it once it has a certificate to serve with. */
function awaitingCa(configuration: KubernetesObject): KubernetesObject {
    const webhooks = Array.isArray(configuration.webhooks) ? configuration.webhooks : [];
    if (webhooks.length === 0) return configuration;
    const conditions = webhooks.map((_, index) => `jsonpath={.webhooks[${index}].clientConfig.caBundle}`);
    const all = [...conditions, ...labelConditions(configuration)];
    return annotated(configuration, { [waitForAnnotation]: JSON.stringify(all) });
}

/**
 * After an update the API server's cache may still answer with the object before it, which has its CA already, and the
 * provider would note that as what is there. The labels tell them apart: releases write their version in one.
 */
function labelConditions({ metadata }: KubernetesObject): string[] {
    const labels = Object.entries(metadata.labels ?? {}).filter(([, value]) => value !== "");
    return labels.map(([key, value]) => `jsonpath={.metadata.labels["${key}"]}=${value}`);
}

function annotated(object: KubernetesObject, annotations: Readonly<Record<string, string>>): KubernetesObject {
    const merged = { ...object.metadata.annotations, ...annotations };
    return { ...object, metadata: { ...object.metadata, annotations: merged } };
}
