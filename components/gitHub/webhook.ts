import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";

/** Which repository calls which Receiver. */
export interface GitHubWebhookArgs {
    /** The repository's name, without its owner: the provider's. */
    readonly repository: pulumi.Input<string>;
    /** The Receiver's URL, as GitHub reaches it. Becomes a secret: it has the Receiver's path. */
    readonly url: pulumi.Input<string>;
    /** The token with which GitHub signs its calls, and a Receiver of type `github` checks them. Becomes a secret. */
    readonly token: pulumi.Input<string>;
}

/** Has GitHub call a Receiver at each push: https://fluxcd.io/flux/components/notification/receivers/#github-receiver */
export class GitHubWebhook extends pulumi.ComponentResource {
    constructor(name: string, args: GitHubWebhookArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:github:GitHubWebhook", name, {}, opts);
        new github.RepositoryWebhook(
            `${name}-webhook`,
            {
                repository: args.repository,
                events: ["push"],
                configuration: pulumi.secret({ url: args.url, secret: args.token, contentType: "json" }),
            },
            { parent: this, additionalSecretOutputs: ["configuration"] },
        );
        this.registerOutputs({});
    }
}
