import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { authenticationHeader } from "./eventAuthentication";
import { type Generation, servedApis } from "./generation";
import { deletionPropagationAnnotation, KubernetesResource } from "./kubernetesResource";
import { restrictedContainer, restrictedPod } from "./restricted";
import { type Route, runNamePrefix, type Source, sourceResources } from "./route";
import { runsAccount } from "./runsAccount";
import { catchUpSender, runNameLength } from "./triggerChain/cel";

/** What is followed, and who is told. */
export interface CatchUpArgs {
    /** Of the releases on the cluster: it says which API versions they serve. */
    readonly generation: Generation;
    /** The EventListener's. */
    readonly namespace: pulumi.Input<string>;
    /** Name of the Deployment, its ServiceAccount and its Role. @default "flux-catch-up" */
    readonly catchUpName?: string;
    /** The EventListener's address. */
    readonly listenerUrl: pulumi.Input<string>;
    /** The EventListener's Secret. @see EventAuthentication */
    readonly authenticationSecretName: pulumi.Input<string>;
    /** Their runs have to be there. */
    readonly routes: readonly Pick<Route, "name" | "source">[];
    /** The routes' sources, each once: they are followed. */
    readonly sources: readonly Source[];
    /** An image with `sh` and `curl`. @default {@link defaultCatchUpImage} */
    readonly image?: string;
}

/** The curl project's own image. */
export const defaultCatchUpImage = "docker.io/curlimages/curl:8.17.0";

/** On the catch-up's pods. */
export const catchUpLabels = { app: "flux-to-tekton-catch-up" } as const;

/** Flux tries for 14 seconds to deliver an event. */
const headStartSeconds = 15;
/** How often it looks whether there is anything to do; no request is made for that. */
const tickSeconds = 2;

const script = readFileSync(join(__dirname, "catchUp.sh"), "utf8");

/**
 * The level-triggered half of the chain. An event is lost when one of those that pass it on is down: Flux tries for
 * seconds and never repeats it, and the EventListener says that it has taken an event before it has made anything of it.
 * So a pod follows the sources itself, and of every revision that they have it sees to it that the run is there: what
 * has none is sent to the EventListener, until it has. Runs are named by revision, so none gets a second one.
 */
export class CatchUp extends pulumi.ComponentResource {
    constructor(name: string, args: CatchUpArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:triggers:CatchUp", name, {}, opts);
        const objectName = args.catchUpName ?? "flux-catch-up";
        const metadata = { name: objectName, namespace: args.namespace };
        const account = runsAccount(this, name, {
            accountName: objectName,
            namespace: args.namespace,
            runVerbs: ["get"],
            sources: args.sources,
            sourceVerb: "watch",
        });

        const apis = servedApis[args.generation];
        const routes = args.routes.map(({ name: routeName, source }) => {
            const { kind, namespace, name: sourceName } = source;
            const which = pulumi.interpolate`${kind} ${namespace} ${sourceName} /apis/${apis.source}/namespaces/${namespace}/${sourceResources[kind]}`;
            return which.apply((followed) => [followed, runNamePrefix({ name: routeName })] as const);
        });
        const env = {
            SOURCES: pulumi.all(routes).apply(bySource),
            RUNS: pulumi.interpolate`/apis/${apis.pipelines}/namespaces/${args.namespace}/pipelineruns`,
            RUN_DIGITS: String(runNameLength),
            LISTENER: args.listenerUrl,
            LISTENER_HEADER: authenticationHeader,
            SENDER: catchUpSender,
            HEAD_START: String(headStartSeconds),
            TICK: String(tickSeconds),
        };
        new KubernetesResource(
            `${name}-deployment`,
            {
                apiVersion: "apps/v1",
                kind: "Deployment",
                // Nothing waits for its pod to end.
                metadata: { ...metadata, annotations: { [deletionPropagationAnnotation]: "background" } },
                spec: {
                    replicas: 1,
                    selector: { matchLabels: catchUpLabels },
                    template: {
                        metadata: { labels: catchUpLabels },
                        spec: {
                            serviceAccountName: account,
                            automountServiceAccountToken: true,
                            // A shell that is a pod's first process doesn't hear that it should end.
                            terminationGracePeriodSeconds: 1,
                            securityContext: restrictedPod,
                            containers: [
                                {
                                    name: "catch-up",
                                    image: args.image ?? defaultCatchUpImage,
                                    imagePullPolicy: "IfNotPresent",
                                    command: ["/bin/sh", "-c", script],
                                    env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
                                    resources: {
                                        requests: { cpu: "10m", memory: "16Mi" },
                                        limits: { memory: "64Mi" },
                                    },
                                    securityContext: restrictedContainer,
                                    volumeMounts: [
                                        {
                                            name: "token",
                                            mountPath: "/var/run/secrets/flux-to-tekton",
                                            readOnly: true,
                                        },
                                        { name: "tmp", mountPath: "/tmp" },
                                    ],
                                },
                            ],
                            volumes: [
                                { name: "token", secret: { secretName: args.authenticationSecretName } },
                                // On the node's disk, so that it is there again when the node has been restarted.
                                { name: "tmp", emptyDir: {} },
                            ],
                        },
                    },
                },
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

/** A line for each source: what it is, and the prefixes of its routes. */
function bySource(routes: readonly (readonly [source: string, prefix: string])[]): string {
    const lines = new Map<string, string>();
    for (const [source, prefix] of routes) lines.set(source, `${lines.get(source) ?? source} ${prefix}`);
    return [...lines.values()].join("\n");
}
