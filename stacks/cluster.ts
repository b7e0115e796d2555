import * as k8s from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import { Alerting } from "../components/alerting";
import { CatchUp } from "../components/catchUp";
import { ChainNamespace } from "../components/chainNamespace";
import { DemoPipeline, demoPipelineParams } from "../components/demoPipeline";
import { EventAuthentication } from "../components/eventAuthentication";
import { Flux, type FluxArgs } from "../components/flux";
import { FluxSync } from "../components/fluxSync";
import { ImagePullSecret, pulledWith } from "../components/imagePullSecret";
import { inRegistries } from "../components/imageReference";
import { GitHubWebhook } from "../components/gitHub/webhook";
import { Receiver } from "../components/receiver";
import type { ClusterAccess } from "../components/kubeconfig";
import type { KubernetesObject } from "../components/kubernetesObject";
import { customResourcesAfter } from "../components/kubernetesResource";
import type { Route, Source } from "../components/route";
import { RunHistory } from "../components/runHistory";
import { TektonPipelines } from "../components/tektonPipelines";
import { TektonTriggers } from "../components/tektonTriggers";
import { TriggerChain } from "../components/triggerChain/triggerChain";
import { WebhookToken } from "../components/webhookToken";
import { type ClusterConfig, usesDemoPipeline } from "./config";
import { createGitHub } from "./gitHub";
import type { Manifests } from "./manifests";
import { claim } from "./ownership";

/** What a stack exports. */
export interface ClusterOutputs {
    /** Versions of the installed releases. */
    readonly versions: { readonly tektonPipelines: string; readonly tektonTriggers: string; readonly flux: string };
    /** Where the EventListener takes events, inside the cluster. */
    readonly eventListenerUrl: pulumi.Output<string>;
    /** Path of the Receiver on Service webhook-receiver; whoever knows it can make Flux fetch, so it is a secret. */
    readonly receiverPath: pulumi.Output<string>;
    /** What the Git host's webhook has to know, unless the Receiver is generic, and goes by its path. A secret. */
    readonly receiverToken?: pulumi.Output<string>;
    /** Where the Git host's webhook posts to, if the config says how the Receiver is reached from outside. A secret. */
    readonly receiverUrl?: pulumi.Output<string>;
    /** Names of the chain's objects, in the order in which an event meets them. */
    readonly names: Readonly<
        Record<"source" | "receiver" | "alert" | "provider" | "eventListener", pulumi.Output<string>>
    > & {
        /** The demonstration's, if a route starts it. */
        readonly pipeline?: pulumi.Output<string>;
    };
    /** Namespaces of Flux's objects and of Tekton's. */
    readonly namespaces: { readonly flux: string; readonly chain: string };
}

/** The provider of all that is on the cluster, which it finds as `loadKubeConfig` does. */
export function clusterProvider({ kubeconfig, kubeContext, kubeCluster }: ClusterAccess): k8s.Provider {
    return new k8s.Provider("cluster", {
        // It may have a key in it. "" is the ambient one: the SDK would put KUBECONFIG's value into the state, where it is
        // wrong on every other machine, and as a list of files it is no kubeconfig.
        kubeconfig: kubeconfig === undefined ? "" : pulumi.secret(kubeconfig),
        context: kubeContext,
        cluster: kubeCluster,
        // Fields that controllers fill in (a webhook's CA) stay theirs, and CRDs are too large for an annotation.
        enableServerSideApply: true,
        // Otherwise a change replaces the object, and its readers find nothing in between.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
    });
}

/** Installs the releases on the cluster and wires the chain, each part to the next by its outputs. */
export function createCluster(
    config: ClusterConfig,
    manifests: Manifests,
    installedDefinitions: readonly KubernetesObject[] = [],
): ClusterOutputs {
    const provider = clusterProvider(config);
    const { generation } = config.releases.flux;
    const { readyTimeout, crdDescriptions, tokenRotation: rotation } = config;
    const opts = { provider, ...pulledWith(config.imagePullSecret) };

    const gitHub = createGitHub(config, manifests);
    // First: its controllers are asked only after 10 seconds whether they are ready. And at a destroy, which goes from the
    // deepest down, it is Tekton's webhooks that have to begin soonest: they take half a minute to end.
    const flux = new Flux(
        "flux",
        {
            version: config.fluxVersion,
            objects: manifests.flux,
            readyTimeout,
            crdDescriptions,
            installedDefinitions,
            kubeconfig: config.kubeconfig && pulumi.secret(config.kubeconfig),
            kubeContext: config.kubeContext,
            kubeCluster: config.kubeCluster,
            imagePullSecret: fluxPullSecret(config),
        },
        { provider, ...(config.syncOwner === "git" ? leftToGit() : {}) },
    );
    const pipelines = new TektonPipelines(
        "tekton-pipelines",
        {
            version: config.tektonPipelinesVersion,
            objects: manifests["tekton-pipelines"],
            after: flux,
            readyTimeout,
            crdDescriptions,
            installedDefinitions,
        },
        opts,
    );
    const triggers = new TektonTriggers(
        "tekton-triggers",
        {
            version: config.tektonTriggersVersion,
            objects: manifests["tekton-triggers"],
            namespaces: pipelines.namespaces,
            after: flux,
            readyTimeout,
            crdDescriptions,
            installedDefinitions,
        },
        opts,
    );
    const fluxNamespace = config.fluxNamespace;
    const homeOfFlux = flux.namespaces[fluxNamespace]!;
    const besideFlux = { ...opts, dependsOn: [homeOfFlux] };
    const onFlux = pulumi.mergeOptions(besideFlux, customResourcesAfter(...flux.ready));
    // Removed by itself, what has a finalizer of Flux's would need Flux alive to take it off.
    const withFlux = { ...onFlux, deletedWith: homeOfFlux };
    const onTekton = pulumi.mergeOptions(opts, customResourcesAfter(...pipelines.ready, ...triggers.ready));

    const sync = new FluxSync(
        "flux-sync",
        {
            generation,
            namespace: fluxNamespace,
            name: config.syncName,
            ...config.sync,
            source: gitHub?.source ?? config.sync.source,
            deletionPolicy: config.gitDeletionPolicy,
            interval: config.syncInterval,
            timeout: config.syncTimeout,
            prune: config.syncPrune,
            readyTimeout,
            deletedWith: homeOfFlux,
        },
        pulumi.mergeOptions(
            { provider, dependsOn: [homeOfFlux], ...(config.syncOwner === "git" ? leftToGit("spec") : {}) },
            customResourcesAfter(...flux.ready, ...(gitHub?.resources ?? [])),
        ),
    );
    // Not after Tekton: a destroy would wait for it while Tekton's webhooks, which may be dead, are still asked.
    const namespace = config.createNamespace
        ? new ChainNamespace(
              "chain-namespace",
              { namespace: config.namespace, podSecurity: config.namespacePodSecurity, annotations: claim() },
              opts,
          ).namespace
        : config.namespace;
    if (config.imageLogin !== undefined) {
        // Beside the releases, not after them: their pods wait for it.
        const own = Object.entries(pipelines.namespaces).map(([name, { metadata }]) => [name, metadata.name] as const);
        new ImagePullSecret(
            "image-pull-secret",
            {
                secretName: config.imagePullSecret!,
                namespaces: { ...Object.fromEntries(own), [config.namespace]: namespace },
                registries: Object.values(config.imageRegistries),
                credentials: config.imageLogin,
            },
            { provider },
        );
    }
    const demoPipeline = usesDemoPipeline(config)
        ? new DemoPipeline(
              "demo-pipeline",
              {
                  generation,
                  namespace,
                  pipelineName: config.pipelineName,
                  image: inRegistries(config.pipelineImage, config.imageRegistries),
              },
              pulumi.mergeOptions({ provider }, customResourcesAfter(...pipelines.ready)),
          )
        : undefined;
    const routes = resolveRoutes(config, sync, demoPipeline);
    const sources = distinctSources(config, routes);

    // The releases of 2020 can neither send a header nor read a policy's namespace label.
    const today = generation !== "2020";
    const authentication =
        today && config.authenticateEvents
            ? new EventAuthentication(
                  "event-authentication",
                  {
                      senderNamespace: fluxNamespace,
                      senderSecretName: `${config.providerName}-headers`,
                      listenerNamespace: namespace,
                      listenerSecretName: `${config.eventListenerName}-token`,
                      rotation,
                  },
                  onFlux,
              )
            : undefined;
    const catchUp = authentication !== undefined && config.catchUp;
    const chain = new TriggerChain(
        "trigger-chain",
        {
            generation,
            namespace,
            eventListenerName: config.eventListenerName,
            replicas: config.listenerReplicas,
            resources: config.listenerResources,
            serviceAccountName: config.serviceAccountName,
            runServiceAccountName: config.runServiceAccountName,
            routes,
            runNaming: config.runNaming,
            authenticationSecretName: authentication?.listenerSecretName,
            catchUp,
            onlyFrom: today && config.listenerNetworkPolicy ? fluxNamespace : undefined,
            readyTimeout,
            deletedWith: triggers,
        },
        onTekton,
    );
    const alerting = new Alerting(
        "alerting",
        {
            generation,
            namespace: fluxNamespace,
            providerName: config.providerName,
            alertName: config.alertName,
            address: chain.url,
            timeout: config.providerTimeout,
            authenticationSecretName: authentication?.senderSecretName,
            sources,
        },
        withFlux,
    );
    if (catchUp) {
        new CatchUp(
            "catch-up",
            {
                generation,
                namespace,
                listenerUrl: chain.url,
                authenticationSecretName: authentication.listenerSecretName,
                routes,
                sources,
                catchUpName: config.catchUpName,
                image: inRegistries(config.catchUpImage, config.imageRegistries),
            },
            besideFlux,
        );
    }
    if (today && config.runHistory) {
        new RunHistory(
            "run-history",
            {
                namespace,
                routes: routes.map((route, index) => ({
                    ...route,
                    limit: config.routes[index]?.runHistoryLimit ?? config.runHistoryLimit,
                    age: config.routes[index]?.runHistoryAge ?? config.runHistoryAge,
                })),
                sources,
                runHistoryName: config.runHistoryName,
                schedule: config.runHistorySchedule,
                image: inRegistries(config.runHistoryImage, config.imageRegistries),
            },
            besideFlux,
        );
    }
    const token = new WebhookToken(
        "webhook-token",
        { namespace: fluxNamespace, secretName: config.webhookTokenSecretName, rotation },
        onFlux,
    );
    // GitHub signs its calls; from anyone else the path has to do.
    const calledByGitHub = gitHub !== undefined && config.receiverBaseUrl !== undefined;
    const receiver = new Receiver(
        "receiver",
        {
            generation,
            namespace: fluxNamespace,
            receiverName: config.receiverName,
            ...(calledByGitHub && config.receiverType === "generic"
                ? { type: "github", events: ["ping", "push"] }
                : { type: config.receiverType, events: config.receiverEvents }),
            tokenSecretName: token.secretName,
            token: token.value,
            sources,
        },
        withFlux,
    );
    const receiverUrl =
        config.receiverBaseUrl === undefined
            ? undefined
            : pulumi.interpolate`${config.receiverBaseUrl.replace(/\/$/, "")}${receiver.path}`;
    if (gitHub !== undefined && receiverUrl !== undefined) {
        new GitHubWebhook(
            "github-webhook",
            { repository: gitHub.repository.repositoryName, url: receiverUrl, token: token.value },
            { provider: gitHub.provider },
        );
    }

    return {
        versions: { tektonPipelines: pipelines.version, tektonTriggers: triggers.version, flux: flux.version },
        eventListenerUrl: chain.url,
        receiverPath: receiver.path,
        ...(config.receiverType === "generic" ? {} : { receiverToken: token.value }),
        ...(receiverUrl === undefined ? {} : { receiverUrl }),
        names: {
            source: sync.sourceName,
            receiver: receiver.receiverName,
            alert: alerting.alertName,
            provider: alerting.providerName,
            eventListener: chain.eventListenerName,
            ...(demoPipeline && { pipeline: demoPipeline.pipelineName }),
        },
        namespaces: { flux: fluxNamespace, chain: config.namespace },
    };
}

/** The Secret of Flux's own registry, or else that of all images. */
function fluxPullSecret(config: ClusterConfig): FluxArgs["imagePullSecret"] {
    const { fluxNamespace: namespace, imageRegistries } = config;
    if (config.registryLogin !== undefined) {
        // Where they are pulled from in the end.
        const registry = inRegistries(`${config.fluxRegistry}/source-controller`, imageRegistries);
        return {
            secretName: config.fluxImagePullSecret!,
            namespace,
            registries: [registry],
            credentials: config.registryLogin,
        };
    }
    if (config.imageLogin === undefined || config.fluxImagePullSecret !== undefined) return undefined;
    return {
        secretName: config.imagePullSecret!,
        namespace,
        registries: Object.values(imageRegistries),
        credentials: config.imageLogin,
    };
}

/**
 * For components whose objects Flux itself applies as Git says: made if they aren't there, and left alone then, but for
 * the Secrets, which aren't in Git.
 * @param fields that are Git's @default all
 */
function leftToGit(...fields: readonly string[]): pulumi.ComponentResourceOptions {
    return {
        transformations: [
            ({ type, props, opts }) => {
                if (!type.startsWith("kubernetes:") || type === "kubernetes:core/v1:Secret") return undefined;
                const ignoreChanges = fields.length > 0 ? [...fields] : changeable(props as object);
                return { props, opts: pulumi.mergeOptions(opts, { ignoreChanges }) };
            },
        ],
    };
}

/**
 * What can change of an object. An update that ignores a field sends it as the cluster has it, and the API server takes
 * no `metadata` with the fields that it keeps itself: an object that wasn't ready in a refresh is updated in any case.
 */
function changeable(object: object): string[] {
    const fields = Object.entries(object).filter(([, value]) => value !== undefined);
    return fields.flatMap(([field]) => {
        if (field === "apiVersion" || field === "kind") return [];
        return field === "metadata" ? ["metadata.labels", "metadata.annotations"] : [field];
    });
}

type ConfiguredRoute = Partial<ClusterConfig["routes"][number]> & { readonly name: string };

/** The configured routes; none means the demonstration's: from the synced repository to the demonstration's pipeline. */
function resolveRoutes(config: ClusterConfig, sync: FluxSync, demoPipeline: DemoPipeline | undefined): Route[] {
    const synced: Source = { kind: sync.sourceKind, name: sync.sourceName, namespace: sync.sourceNamespace };
    const demo = demoPipeline && { name: demoPipeline.pipelineName, params: demoPipelineParams };
    const routes: readonly ConfiguredRoute[] =
        config.routes.length > 0 ? config.routes : [{ name: "flux-notification" }];
    return routes.map((route) => ({
        ...route,
        source: sourceKey(config, route) === sourceKey(config, undefined) ? synced : route.source!,
        pipeline: route.pipeline ?? demo!,
    }));
}

/** Each source once, however many routes start from it: two Alerts' worth of events would make two runs. */
function distinctSources(config: ClusterConfig, routes: readonly Route[]): Source[] {
    const byKey = new Map(routes.map(({ source }, index) => [sourceKey(config, config.routes[index]), source]));
    return [...byKey.values()];
}

/** Tells sources apart; a route without one starts from what Flux follows, as does one that spells it out. */
function sourceKey({ sync, syncName, fluxNamespace }: ClusterConfig, route: ConfiguredRoute | undefined): string {
    const { kind, name, namespace } = route?.source ?? {
        kind: sync.source.kind,
        name: syncName,
        namespace: fluxNamespace,
    };
    return `${kind} ${namespace}/${name}`;
}
