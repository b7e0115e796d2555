import * as pulumi from "@pulumi/pulumi";
import { type Generation, servedApis } from "./generation";
import { KubernetesResource } from "./kubernetesResource";
import { restrictedStep } from "./restricted";
import type { EventParam } from "./route";

/** Where the demonstration's pipeline lives. */
export interface DemoPipelineArgs {
    /** Of the releases on the cluster: it says which API versions they serve. */
    readonly generation: Generation;
    /** Of the Pipeline: the EventListener's, since runs are made beside it. */
    readonly namespace: pulumi.Input<string>;
    /** @default "flux-demo-pipeline" */
    readonly pipelineName?: string;
    /** Image of the two steps; all it needs is `echo`. @default "alpine" */
    readonly image?: string;
}

const descriptions = {
    message: "incoming notification message",
    repository: "The name of the notification GitRepository",
    namespace: "The namespace of the notification GitRepository",
} satisfies Partial<Record<EventParam, string>>;

/** The parameters that the demonstration's pipeline declares. */
export const demoPipelineParams = ["message", "repository", "namespace"] as const satisfies readonly EventParam[];

/** The demonstration's pipeline: it writes which repository sent a notification, and the message, to its log. */
export class DemoPipeline extends pulumi.ComponentResource {
    /** The Pipeline's name. */
    readonly pipelineName: pulumi.Output<string>;

    constructor(name: string, args: DemoPipelineArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:tekton:DemoPipeline", name, {}, opts);
        const image = args.image ?? "alpine";
        // The command is given since its lookup in a registry would fail where there is none; the message is an
        // argument and never part of a script, since a stranger wrote it.
        // An image without a tag would be pulled anew for every run, and is the same one every time.
        const echo = (step: string, text: string): object => ({
            name: step,
            image,
            imagePullPolicy: "IfNotPresent",
            command: ["echo"],
            args: [text],
        });
        const pipeline = new KubernetesResource(
            `${name}-pipeline`,
            {
                apiVersion: servedApis[args.generation].pipelines,
                kind: "Pipeline",
                metadata: { name: args.pipelineName ?? "flux-demo-pipeline", namespace: args.namespace },
                spec: {
                    params: demoPipelineParams.map((param) => ({
                        name: param,
                        description: descriptions[param],
                        type: "string",
                    })),
                    tasks: [
                        {
                            name: "task-echo-message",
                            params: demoPipelineParams.map((param) => ({ name: param, value: `$(params.${param})` })),
                            taskSpec: {
                                params: demoPipelineParams.map((param) => ({ name: param, type: "string" })),
                                ...(args.generation === "2020"
                                    ? {}
                                    : { stepTemplate: { securityContext: restrictedStep } }),
                                steps: [
                                    echo("echo-pipeline", "notification from $(params.namespace)/$(params.repository)"),
                                    echo("echo-message", "$(params.message)"),
                                ],
                            },
                        },
                    ],
                },
            },
            { parent: this },
        );
        this.pipelineName = pipeline.metadata.name;
        this.registerOutputs({ pipelineName: this.pipelineName });
    }
}
