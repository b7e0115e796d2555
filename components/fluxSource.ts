import * as pulumi from "@pulumi/pulumi";
import { dockerConfig, type RegistryLogin, type SecretContent } from "./dockerConfig";

/** User and password over https. */
export interface GitPassword {
    /** The user; Git hosts take any with a token. */
    readonly username: pulumi.Input<string>;
    /** The password or token. Becomes a secret. */
    readonly password: pulumi.Input<string>;
    /** The host's CA, in PEM form, if it isn't publicly trusted. @default none */
    readonly caCertificate?: pulumi.Input<string>;
}

/** A token over https, for hosts that take it as a bearer's only. */
export interface GitBearerToken {
    /** The token. Becomes a secret. */
    readonly bearerToken: pulumi.Input<string>;
    /** The host's CA, in PEM form, if it isn't publicly trusted. @default none */
    readonly caCertificate?: pulumi.Input<string>;
}

/** A public repository of a host that isn't publicly trusted. */
export interface GitCa {
    /** The host's CA, in PEM form. */
    readonly caCertificate: pulumi.Input<string>;
}

/** A key over ssh. */
export interface GitKey {
    /** The private key, in PEM form. Becomes a secret. */
    readonly identity: pulumi.Input<string>;
    /** The host's public keys, as `ssh-keyscan` prints them. */
    readonly knownHosts: pulumi.Input<string>;
    /** The key's passphrase. Becomes a secret. @default none */
    readonly password?: pulumi.Input<string>;
}

/** How Flux signs in to the Git host: https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference. */
export type GitCredentials = GitPassword | GitBearerToken | GitCa | GitKey;

/** A branch of a Git repository: https://fluxcd.io/flux/components/source/gitrepositories/ */
export interface GitSource {
    /** Tells the sources apart. */
    readonly kind: "GitRepository";
    /** `https://…`, `http://…` or `ssh://user@host/…` */
    readonly url: string;
    /** @default "main" */
    readonly branch?: string;
    /** Take submodules along. @default false */
    readonly recurseSubmodules?: boolean;
    /** The folders to take, from the repository's root. @default all */
    readonly sparseCheckout?: readonly string[];
    /** @default none: the repository is public, or `secretName` says where they are */
    readonly credentials?: GitCredentials;
}

/** Clouds whose own identity a source can use in place of a Secret. */
export const sourceProviders = ["generic", "aws", "azure", "gcp"] as const;
/** One of {@link sourceProviders}. */
export type SourceProvider = (typeof sourceProviders)[number];

/** One of a tag, a range of versions, and a digest. */
export interface OciRef {
    /** `latest` */
    readonly tag?: string;
    /** `>=1.0.0 <2.0.0` */
    readonly semver?: string;
    /** `sha256:…` */
    readonly digest?: string;
}

/** Access and secret key of a bucket. */
export interface BucketKey {
    /** Says whose key it is. */
    readonly accessKey: pulumi.Input<string>;
    /** Becomes a secret. */
    readonly secretKey: pulumi.Input<string>;
}

/** An artifact in an OCI registry: https://fluxcd.io/flux/components/source/ocirepositories/ */
export interface OciSource {
    /** Tells the sources apart. */
    readonly kind: "OCIRepository";
    /** `oci://host/path` */
    readonly url: string;
    /** Which of its artifacts. @default `{ tag: "latest" }` */
    readonly ref?: OciRef;
    /** @default "generic" */
    readonly provider?: SourceProvider;
    /** Over http. @default false */
    readonly insecure?: boolean;
    /** @default none: public, or `secretName` says where they are */
    readonly credentials?: RegistryLogin;
}

/** A bucket of an S3-compatible store, Azure or Google Cloud: https://fluxcd.io/flux/components/source/buckets/ */
export interface BucketSource {
    /** Tells the sources apart. */
    readonly kind: "Bucket";
    /** The bucket. */
    readonly bucketName: string;
    /** `host` or `host:port`; with Azure a URL. */
    readonly endpoint: string;
    /** Where the store has more than one. */
    readonly region?: string;
    /** Only what begins with it. */
    readonly prefix?: string;
    /** @default "generic" */
    readonly provider?: SourceProvider;
    /** Over http. @default false */
    readonly insecure?: boolean;
    /** @default none: public, or `secretName` says where they are */
    readonly credentials?: BucketKey;
}

/** What Flux follows. */
export type FluxSource = (GitSource | OciSource | BucketSource) & {
    /** How often Flux looks by itself; the Receiver makes it look at once. @default "1m0s" */
    readonly interval?: string;
};

/**
 * The `spec` of a source.
 * @param secretName the Secret with its credentials; none if it needs none
 */
export function sourceSpec(source: FluxSource, secretName?: pulumi.Input<string>): Record<string, unknown> {
    return withoutUndefined({
        interval: source.interval ?? "1m0s",
        ...ownFields(source),
        secretRef: secretName === undefined ? undefined : { name: secretName },
    });
}

function ownFields(source: FluxSource): Record<string, unknown> {
    switch (source.kind) {
        case "GitRepository":
            return {
                url: source.url,
                ref: { branch: source.branch ?? "main" },
                recurseSubmodules: source.recurseSubmodules || undefined,
                sparseCheckout: source.sparseCheckout?.length ? source.sparseCheckout : undefined,
            };
        case "OCIRepository":
            return {
                url: source.url,
                ref: source.ref ?? { tag: "latest" },
                provider: source.provider,
                insecure: source.insecure || undefined,
            };
        case "Bucket":
            return {
                bucketName: source.bucketName,
                endpoint: source.endpoint,
                region: source.region,
                prefix: source.prefix,
                provider: source.provider,
                insecure: source.insecure || undefined,
            };
    }
}

/** The Secret with a source's credentials, as Flux reads it; undefined if there are none. */
export function sourceSecret(source: FluxSource): SecretContent | undefined {
    if (source.credentials === undefined) return undefined;
    switch (source.kind) {
        case "GitRepository":
            return { stringData: gitSecretData(source.credentials) };
        case "OCIRepository":
            return dockerConfig([new URL(source.url).host], source.credentials);
        case "Bucket": {
            const { accessKey, secretKey } = source.credentials;
            return { stringData: { accesskey: accessKey, secretkey: pulumi.secret(secretKey) } };
        }
    }
}

function gitSecretData(credentials: GitCredentials): Record<string, pulumi.Input<string>> {
    if ("identity" in credentials) {
        const { identity, knownHosts, password } = credentials;
        return withoutUndefined({
            identity: pulumi.secret(identity),
            known_hosts: knownHosts,
            password: password && pulumi.secret(password),
        });
    }
    return withoutUndefined({
        ...("username" in credentials
            ? { username: credentials.username, password: pulumi.secret(credentials.password) }
            : {}),
        ...("bearerToken" in credentials ? { bearerToken: pulumi.secret(credentials.bearerToken) } : {}),
        "ca.crt": credentials.caCertificate,
    });
}

function withoutUndefined<T>(fields: Readonly<Record<string, T | undefined>>): Record<string, T> {
    return Object.fromEntries(Object.entries(fields).filter((field): field is [string, T] => field[1] !== undefined));
}
