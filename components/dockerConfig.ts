import * as pulumi from "@pulumi/pulumi";

/** What a Secret is besides its name. */
export interface SecretContent {
    /** @default "Opaque" */
    readonly type?: string;
    /** Its keys and values. */
    readonly stringData: Readonly<Record<string, pulumi.Input<string>>>;
}

/** User and password of a registry. */
export interface RegistryLogin {
    /** The user. */
    readonly username: pulumi.Input<string>;
    /** The password or token. Becomes a secret. */
    readonly password: pulumi.Input<string>;
}

/**
 * The Secret by which a registry is signed in to:
 * https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
 * @param registry `host` or `host/path`, of which the host counts
 */
export function dockerConfig(registry: string, { username, password }: RegistryLogin): SecretContent {
    const host = registry.split("/")[0]!;
    const config = pulumi.all([username, pulumi.secret(password)]).apply(([name, secret]) => {
        const auth = Buffer.from(`${name}:${secret}`).toString("base64");
        return JSON.stringify({ auths: { [host]: { username: name, password: secret, auth } } });
    });
    return { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": config } };
}
