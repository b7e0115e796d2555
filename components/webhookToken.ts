import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { KubernetesResource } from "./kubernetesResource";

/** Where the token is kept. */
export interface WebhookTokenArgs {
    readonly namespace: pulumi.Input<string>;
    /** Name of the Secret; the token is its key `token`. @default "generic-receiver-token" */
    readonly secretName?: string;
}

/** A random token of 256 bits (43 letters and digits) in a Secret: what a Receiver and whoever calls it share. A secret throughout. */
export class WebhookToken extends pulumi.ComponentResource {
    readonly secretName: pulumi.Output<string>;

    constructor(name: string, args: WebhookTokenArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:notifications:WebhookToken", name, {}, opts);
        // Not a RandomId: its resource id is the random value itself, and ids stand in clear in state and logs.
        const token = new random.RandomPassword(`${name}-token`, { length: 43, special: false }, { parent: this });
        const secret = new KubernetesResource(
            `${name}-secret`,
            {
                apiVersion: "v1",
                kind: "Secret",
                metadata: { name: args.secretName ?? "generic-receiver-token", namespace: args.namespace },
                stringData: { token: pulumi.secret(token.result) },
            },
            { parent: this },
        );
        this.secretName = secret.metadata.name;
        this.registerOutputs({ secretName: this.secretName });
    }
}
