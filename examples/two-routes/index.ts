import { Namespace } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import {
    Alerting,
    CatchUp,
    EventAuthentication,
    KubernetesResource,
    Receiver,
    type Route,
    type Source,
    TriggerChain,
    waitForAnnotation,
    WebhookToken,
} from "flux-to-tekton/components";
import { installPlatform } from "./platform";

/** Where Flux is. */
const fluxNamespace = "flux-system";
/** Which API versions Flux and Tekton serve: those of Flux 2 and Tekton Pipelines 1. */
const generation = "v1";

/** A commit to the shop's repository tests it, one to that of its documentation publishes it. */
export = async (): Promise<Record<string, pulumi.Output<string>>> => {
    const config = new pulumi.Config();
    const platform = config.getBoolean("install") ? await installPlatform() : [];
    const opts = { dependsOn: platform };
    const namespace = new Namespace("ci", { metadata: { name: "ci" } }, opts).metadata.name;

    const gitSource = (name: string, url: string): Source => {
        const repository = new KubernetesResource(
            name,
            {
                apiVersion: "source.toolkit.fluxcd.io/v1",
                kind: "GitRepository",
                metadata: { name, namespace, annotations: { [waitForAnnotation]: "condition=Ready" } },
                spec: { url, ref: { branch: "main" }, interval: "1m" },
            },
            opts,
        );
        return { kind: "GitRepository", name: repository.metadata.name, namespace };
    };
    const pipeline = (name: string, script: string): pulumi.Output<string> => {
        const revision = { name: "revision", type: "string" };
        return new KubernetesResource(
            name,
            {
                apiVersion: "tekton.dev/v1",
                kind: "Pipeline",
                metadata: { name, namespace },
                spec: {
                    params: [revision],
                    tasks: [
                        {
                            name,
                            params: [{ name: "revision", value: "$(params.revision)" }],
                            taskSpec: {
                                params: [revision],
                                steps: [
                                    {
                                        name,
                                        image: config.get("image") ?? "docker.io/library/alpine:3.22",
                                        imagePullPolicy: "IfNotPresent",
                                        // Whatever comes from an event is an argument, never part of the script.
                                        command: ["sh", "-euc", script, name],
                                        args: ["$(params.revision)"],
                                    },
                                ],
                            },
                        },
                    ],
                },
            },
            opts,
        ).metadata.name;
    };

    const routes: Route[] = [
        {
            name: "shop",
            source: gitSource("shop", config.require("shopUrl")),
            pipeline: { name: pipeline("test-shop", 'echo "testing $1"'), params: ["revision"] },
        },
        {
            name: "docs",
            source: gitSource("docs", config.require("docsUrl")),
            pipeline: { name: pipeline("publish-docs", 'echo "publishing $1"'), params: ["revision"] },
            filter: "extensions.branch == 'main'",
        },
    ];
    const sources = routes.map(({ source }) => source);

    // Each with names of its own: the cluster may have another chain.
    const authentication = new EventAuthentication(
        "authentication",
        {
            senderNamespace: fluxNamespace,
            senderSecretName: "ci-headers",
            listenerNamespace: namespace,
            listenerSecretName: "ci-token",
        },
        opts,
    );
    const chain = new TriggerChain(
        "chain",
        {
            generation,
            namespace,
            eventListenerName: "ci",
            routes,
            authenticationSecretName: authentication.listenerSecretName,
            catchUp: true,
            onlyFrom: fluxNamespace,
        },
        opts,
    );
    new CatchUp(
        "catch-up",
        {
            generation,
            namespace,
            listenerUrl: chain.url,
            authenticationSecretName: authentication.listenerSecretName,
            routes,
            sources,
        },
        opts,
    );
    new Alerting(
        "alerting",
        {
            generation,
            namespace: fluxNamespace,
            providerName: "ci",
            alertName: "ci",
            address: chain.url,
            authenticationSecretName: authentication.senderSecretName,
            sources,
        },
        opts,
    );
    const token = new WebhookToken("token", { namespace: fluxNamespace, secretName: "ci-receiver-token" }, opts);
    const receiver = new Receiver(
        "receiver",
        {
            generation,
            namespace: fluxNamespace,
            receiverName: "ci",
            tokenSecretName: token.secretName,
            token: token.value,
            sources,
        },
        opts,
    );
    return { receiverPath: receiver.path, eventListenerUrl: chain.url };
};
