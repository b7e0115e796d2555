import * as pulumi from "@pulumi/pulumi";
import { dockerConfig, type RegistryLogin } from "./dockerConfig";
import { KubernetesResource } from "./kubernetesResource";

/** How images are pulled from registries that ask for a password. */
export interface ImagePullSecretArgs {
    /** What the pods, or their ServiceAccounts, call the Secret. */
    readonly secretName: string;
    /** Where those pods are: each namespace's name → the same, once it is there. */
    readonly namespaces: Readonly<Record<string, pulumi.Input<string>>>;
    /** `host` or `host/path`, of which the host counts. */
    readonly registries: readonly string[];
    /** User and password, the same for all of them. */
    readonly credentials: RegistryLogin;
}

/**
 * The Secret with which images are pulled, in every namespace whose pods need it:
 * https://kubernetes.io/docs/concepts/containers/images/#specifying-imagepullsecrets-on-a-pod
 */
export class ImagePullSecret extends pulumi.ComponentResource {
    constructor(name: string, args: ImagePullSecretArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:images:ImagePullSecret", name, {}, opts);
        for (const [plain, namespace] of Object.entries(args.namespaces)) {
            new KubernetesResource(
                `${name}-${plain}`,
                {
                    apiVersion: "v1",
                    kind: "Secret",
                    metadata: { name: args.secretName, namespace },
                    ...dockerConfig(args.registries, args.credentials),
                },
                { parent: this },
            );
        }
        this.registerOutputs({});
    }
}

/**
 * Has the pods of every ServiceAccount that a component makes pull their images with a Secret.
 * @param secretName none: the options of nothing
 */
export function pulledWith(secretName: string | undefined): pulumi.ComponentResourceOptions {
    if (secretName === undefined) return {};
    const imagePullSecrets = [{ name: secretName }];
    return {
        transformations: [
            ({ type, props, opts }) =>
                type === "kubernetes:core/v1:ServiceAccount"
                    ? { props: { ...(props as object), imagePullSecrets }, opts }
                    : undefined,
        ],
    };
}
