import * as pulumi from "@pulumi/pulumi";
import { authenticationHeader, authenticationKey } from "./eventAuthentication";
import { type Generation, servedApis } from "./generation";
import { KubernetesResource } from "./kubernetesResource";
import { restrictedContainer, restrictedPod } from "./restricted";
import type { Source } from "./route";
import { catchUpSender } from "./triggerChain/cel";

/** What is repeated, how often, and to whom. */
export interface CatchUpArgs {
    /** Of the releases on the cluster: it says which API versions they serve. */
    readonly generation: Generation;
    /** The EventListener's. */
    readonly namespace: pulumi.Input<string>;
    /** Name of the CronJob and its ServiceAccount. @default "flux-catch-up" */
    readonly catchUpName?: string;
    /** The EventListener's address. */
    readonly listenerUrl: pulumi.Input<string>;
    /** The EventListener's Secret. @see EventAuthentication */
    readonly authenticationSecretName: pulumi.Input<string>;
    /** What is repeated. */
    readonly sources: readonly Source[];
    /** In cron's notation. @default "*\/5 * * * *" */
    readonly schedule?: string;
    /** An image with `sh` and `curl`. @default {@link defaultCatchUpImage} */
    readonly image?: string;
}

/** The curl project's own image. */
export const defaultCatchUpImage = "docker.io/curlimages/curl:8.17.0";

/** On the catch-up's pods. */
export const catchUpLabels = { app: "flux-to-tekton-catch-up" } as const;

const plural = { GitRepository: "gitrepositories", OCIRepository: "ocirepositories", Bucket: "buckets" } as const;

/** Where the pod finds its ServiceAccount's token and the listener's. */
const accountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const tokenPath = "/var/run/secrets/flux-to-tekton";

/**
 * The level-triggered half of the chain. An event that is raised while its dispatcher is down is lost, since Flux tries
 * for seconds and never repeats it. So the head revision of each source is sent to the EventListener at a schedule, as
 * the API server has it. Runs are named by revision, so a revision that has its run gets no second one.
 */
export class CatchUp extends pulumi.ComponentResource {
    constructor(name: string, args: CatchUpArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:triggers:CatchUp", name, {}, opts);
        const rbac = "rbac.authorization.k8s.io";
        const objectName = args.catchUpName ?? "flux-catch-up";
        const metadata = { name: objectName, namespace: args.namespace };
        const account = new KubernetesResource(
            `${name}-account`,
            { apiVersion: "v1", kind: "ServiceAccount", metadata, automountServiceAccountToken: false },
            { parent: this },
        );
        // It may read the sources that it repeats, and nothing else.
        args.sources.forEach((source, index) => {
            const roleMetadata = {
                name: pulumi.interpolate`${args.namespace}-${objectName}-${index}`,
                namespace: source.namespace,
            };
            const role = new KubernetesResource(
                `${name}-role-${index}`,
                {
                    apiVersion: `${rbac}/v1`,
                    kind: "Role",
                    metadata: roleMetadata,
                    rules: [
                        {
                            apiGroups: ["source.toolkit.fluxcd.io"],
                            resources: [plural[source.kind]],
                            resourceNames: [source.name],
                            verbs: ["get"],
                        },
                    ],
                },
                { parent: this },
            );
            new KubernetesResource(
                `${name}-role-binding-${index}`,
                {
                    apiVersion: `${rbac}/v1`,
                    kind: "RoleBinding",
                    metadata: roleMetadata,
                    roleRef: { apiGroup: rbac, kind: "Role", name: role.metadata.name },
                    subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace: args.namespace }],
                },
                { parent: this },
            );
        });

        const paths = args.sources.map(
            ({ kind, name: sourceName, namespace }) =>
                pulumi.interpolate`/apis/${servedApis[args.generation].source}/namespaces/${namespace}/${plural[kind]}/${sourceName}`,
        );
        new KubernetesResource(
            `${name}-cron-job`,
            {
                apiVersion: "batch/v1",
                kind: "CronJob",
                metadata,
                spec: {
                    schedule: args.schedule ?? "*/5 * * * *",
                    concurrencyPolicy: "Forbid",
                    // One that couldn't start in time is made up for by the next.
                    startingDeadlineSeconds: 60,
                    successfulJobsHistoryLimit: 1,
                    failedJobsHistoryLimit: 1,
                    jobTemplate: {
                        spec: {
                            // What the script may wait for, and a minute to start.
                            activeDeadlineSeconds: 60 + 2 * 30 * args.sources.length,
                            backoffLimit: 2,
                            template: {
                                metadata: { labels: catchUpLabels },
                                spec: {
                                    serviceAccountName: account.metadata.name,
                                    restartPolicy: "Never",
                                    automountServiceAccountToken: true,
                                    securityContext: restrictedPod,
                                    containers: [
                                        {
                                            name: "catch-up",
                                            image: args.image ?? defaultCatchUpImage,
                                            imagePullPolicy: "IfNotPresent",
                                            command: ["/bin/sh", "-euc", script],
                                            env: [
                                                {
                                                    name: "SOURCES",
                                                    value: pulumi.all(paths).apply((all) => all.join(" ")),
                                                },
                                                { name: "LISTENER", value: args.listenerUrl },
                                            ],
                                            resources: {
                                                requests: { cpu: "10m", memory: "16Mi" },
                                                limits: { memory: "64Mi" },
                                            },
                                            securityContext: restrictedContainer,
                                            volumeMounts: [
                                                { name: "token", mountPath: tokenPath, readOnly: true },
                                                // For the headers, which must not stand in a command line.
                                                { name: "tmp", mountPath: "/tmp" },
                                            ],
                                        },
                                    ],
                                    volumes: [
                                        { name: "token", secret: { secretName: args.authenticationSecretName } },
                                        { name: "tmp", emptyDir: { medium: "Memory" } },
                                    ],
                                },
                            },
                        },
                    },
                },
            },
            { parent: this },
        );
        this.registerOutputs({});
    }
}

/** Sends each source as it is; the EventListener reads the revision from it. A source that isn't there is an error. */
const script = `
api="https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT"
printf 'Authorization: Bearer %s' "$(cat ${accountPath}/token)" >/tmp/account
printf '${authenticationHeader}: %s' "$(cat ${tokenPath}/${authenticationKey})" >/tmp/sender
# A pod is let in by NetworkPolicies a moment after it has started.
again="-fsS --max-time 20 --retry 5 --retry-delay 2 --retry-all-errors"
failed=0
for source in $SOURCES; do
    curl $again --cacert ${accountPath}/ca.crt -H @/tmp/account -o /tmp/source "$api$source" &&
        curl $again -H @/tmp/sender -H 'Content-Type: application/json' \\
            -H 'Gotk-Component: ${catchUpSender}' --data-binary @/tmp/source -o /dev/null "$LISTENER" &&
        echo "sent $source" || { echo "could not send $source" >&2; failed=1; }
done
exit "$failed"
`.trim();
