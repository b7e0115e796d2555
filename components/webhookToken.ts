import * as pulumi from "@pulumi/pulumi";
import { KubernetesResource } from "./kubernetesResource";
import { randomToken } from "./randomToken";

/** Where the token is kept. */
export interface WebhookTokenArgs {
    /** Of the Secret: the Receiver's. */
    readonly namespace: pulumi.Input<string>;
    /** Name of the Secret; the token is its key `token`. @default "generic-receiver-token" */
    readonly secretName?: string;
    /** Another value makes another token. @default none */
    readonly rotation?: string;
}

/** A random token in a Secret: what a Receiver and whoever calls it share. A secret throughout. */
export class WebhookToken extends pulumi.ComponentResource {
    /** The Secret's name. */
    readonly secretName: pulumi.Output<string>;
    /** The token. A secret. */
    readonly value: pulumi.Output<string>;

    constructor(name: string, args: WebhookTokenArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:notifications:WebhookToken", name, {}, opts);
        this.value = randomToken(`${name}-token`, args.rotation, this);
        const secret = new KubernetesResource(
            `${name}-secret`,
            {
                apiVersion: "v1",
                kind: "Secret",
                metadata: { name: args.secretName ?? "generic-receiver-token", namespace: args.namespace },
                stringData: { token: this.value },
            },
            { parent: this },
        );
        this.secretName = secret.metadata.name;
        this.registerOutputs({ secretName: this.secretName });
    }
}
