import * as pulumi from "@pulumi/pulumi";
import { seconds } from "./duration";
import { KubernetesResource } from "./kubernetesResource";
import { restrictedContainer, restrictedPod } from "./restricted";
import { type Route, type Source, sourceResources } from "./route";
import { runsAccount } from "./runsAccount";
import { runNameLength } from "./triggerChain/cel";
import { routeLabel } from "./triggerChain/triggerChain";

/** How many of a route's runs are kept, and how long. */
export interface RunHistoryLimits {
    /** How many of the newest are kept. At least 1. @default {@link defaultRunHistoryLimit} */
    readonly limit?: number;
    /** How long one is kept after its end: `720h`. @default as long as the limit allows */
    readonly age?: string;
}

/** Whose runs are removed, when, and by whom. */
export interface RunHistoryArgs {
    /** The PipelineRuns'. */
    readonly namespace: pulumi.Input<string>;
    /** Name of the CronJob, its ServiceAccount and its Role. @default "flux-run-history" */
    readonly runHistoryName?: string;
    /** Each route with its own limits. */
    readonly routes: readonly (Pick<Route, "name" | "source"> & RunHistoryLimits)[];
    /** The routes' sources, each once. */
    readonly sources: readonly Source[];
    /** In cron's notation. @default "17 * * * *" */
    readonly schedule?: string;
    /** An image with `sh`, `kubectl`, and the usual `awk`, `sort`, `date` and `xargs`. @default {@link defaultRunHistoryImage} */
    readonly image?: string;
}

/** @default of {@link RunHistoryLimits.limit} */
export const defaultRunHistoryLimit = 50;

/** Flux's own image for scripts: its CLI and kubectl, on Alpine. https://fluxcd.io/flux/installation/#install-the-flux-cli */
export const defaultRunHistoryImage = "ghcr.io/fluxcd/flux-cli:v2.9.4";

/**
 * Removes old PipelineRuns, with their TaskRuns, pods and logs. Of each route these stay, whatever the limits: the
 * newest, every one that hasn't ended, and that of the source's current revision, which the catch-up would start again.
 *
 * Nothing that Tekton ships does this. `tkn pipelinerun delete` ignores `--keep-since` beside `--keep`, and alone it
 * removes the newest, too; Tekton's pruner knows neither routes nor revisions.
 *
 * Not for the generation of 2020, whose clusters have no CronJob of `batch/v1`.
 */
export class RunHistory extends pulumi.ComponentResource {
    constructor(name: string, args: RunHistoryArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:tekton:RunHistory", name, {}, opts);
        const objectName = args.runHistoryName ?? "flux-run-history";
        const metadata = { name: objectName, namespace: args.namespace };
        const account = runsAccount(this, name, {
            accountName: objectName,
            namespace: args.namespace,
            runVerbs: ["list", "delete"],
            sources: args.sources,
            sourceVerb: "get",
        });

        const lines = args.routes.map(
            ({ name: route, source, limit, age }) =>
                pulumi.interpolate`${route} ${limit ?? defaultRunHistoryLimit} ${seconds(age ?? "0s")} ${sourceResources[source.kind]} ${source.namespace} ${source.name}`,
        );
        new KubernetesResource(
            `${name}-cron-job`,
            {
                apiVersion: "batch/v1",
                kind: "CronJob",
                metadata,
                spec: {
                    schedule: args.schedule ?? "17 * * * *",
                    concurrencyPolicy: "Forbid",
                    // One that couldn't start in time is made up for by the next.
                    startingDeadlineSeconds: 60,
                    successfulJobsHistoryLimit: 1,
                    failedJobsHistoryLimit: 1,
                    jobTemplate: {
                        spec: {
                            // The first time there may be thousands to remove.
                            activeDeadlineSeconds: 1800,
                            backoffLimit: 2,
                            template: {
                                metadata: { labels: { app: "flux-to-tekton-run-history" } },
                                spec: {
                                    serviceAccountName: account,
                                    restartPolicy: "Never",
                                    automountServiceAccountToken: true,
                                    securityContext: restrictedPod,
                                    containers: [
                                        {
                                            name: "run-history",
                                            image: args.image ?? defaultRunHistoryImage,
                                            imagePullPolicy: "IfNotPresent",
                                            command: ["/bin/sh", "-euc", script],
                                            env: [
                                                {
                                                    name: "ROUTES",
                                                    value: pulumi.all(lines).apply((all) => all.join("\n")),
                                                },
                                                { name: "NAMESPACE", value: args.namespace },
                                            ],
                                            resources: {
                                                requests: { cpu: "10m", memory: "64Mi" },
                                                limits: { memory: "512Mi" },
                                            },
                                            securityContext: restrictedContainer,
                                            // kubectl keeps there what kinds the cluster has.
                                            volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
                                        },
                                    ],
                                    volumes: [{ name: "tmp", emptyDir: {} }],
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

/** A route whose source or runs can't be read keeps its runs, and is an error in the end. */
const script = `
export HOME=/tmp
failed=0
while read -r route limit age kind namespace name; do
    if ! revision=$(kubectl get "$kind.source.toolkit.fluxcd.io/$name" -n "$namespace" --ignore-not-found \\
        -o 'jsonpath={.status.artifact.revision}') ||
        ! runs=$(kubectl get pipelineruns.tekton.dev -n "$NAMESPACE" -l "${routeLabel}=$route" \\
            -o 'jsonpath={range .items[*]}{.metadata.creationTimestamp} {.metadata.name} {.status.completionTime}{"\\n"}{end}'); then
        echo "$route: its runs are kept, since they could not be read" >&2
        failed=1
        continue
    fi
    current="$route-run-$(printf '%.${runNameLength}s' "\${revision##*:}")"
    oldest=
    [ "$age" -eq 0 ] || oldest=$(date -u -d "@$(($(date +%s) - age))" +%Y-%m-%dT%H:%M:%SZ)
    # Newest first. Those that were made in one second are equally new.
    old=$(printf '%s\\n' "$runs" | sort -r | awk -v limit="$limit" -v oldest="$oldest" -v current="$current" '
        NR == 1 { newest = $1 }
        $1 == newest || $2 == current || $3 == "" { next }
        NR > limit || $3 < oldest { print $2 }')
    [ -n "$old" ] || continue
    printf '%s\\n' "$old" |
        xargs -n 100 kubectl delete pipelineruns.tekton.dev -n "$NAMESPACE" --ignore-not-found --wait=false || failed=1
done <<ROUTES
$ROUTES
ROUTES
exit "$failed"
`.trim();
