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
 * The Secret by which registries are signed in to, each with the same login:
 * https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
 * @param registries `host` or `host/path`, of which the host counts
 */
export function dockerConfig(registries: readonly string[], { username, password }: RegistryLogin): SecretContent {
    const hosts = new Set(registries.map((registry) => registry.split("/")[0]!));
    const config = pulumi.all([username, pulumi.secret(password)]).apply(([name, secret]) => {
        const auth = Buffer.from(`${name}:${secret}`).toString("base64");
        const login = { username: name, password: secret, auth };
        return JSON.stringify({ auths: Object.fromEntries([...hosts].map((host) => [host, login])) });
    });
    return { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": config } };
}
