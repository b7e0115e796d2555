import * as pulumi from "@pulumi/pulumi";

/** What a Secret is besides its name. */
export interface SecretContent {
    /** @default "Opaque" */
    readonly type?: string;
    /** Its keys and values. */
    readonly stringData: Readonly<Record<string, pulumi.Input<string>>>;
}

/**
 * The Secret by which a registry is signed in to:
 * https://kubernetes.io/docs/concepts/configuration/secret/#docker-config-secrets
 * @param registry `host` or `host/path`, of which the host counts
 * @param credentials `user:password`; a secret from here on
 */
export function dockerConfig(registry: pulumi.Input<string>, credentials: pulumi.Input<string>): SecretContent {
    const config = pulumi.all([registry, credentials]).apply(([where, text]) => {
        const host = where.split("/")[0]!;
        const colon = text.indexOf(":");
        const auth = Buffer.from(text).toString("base64");
        const login = { username: text.slice(0, colon), password: text.slice(colon + 1), auth };
        return JSON.stringify({ auths: { [host]: login } });
    });
    return { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": pulumi.secret(config) } };
}
