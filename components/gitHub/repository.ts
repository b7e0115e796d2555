import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { GitKey } from "../fluxSource";

/** Kinds of deploy keys, as `flux bootstrap --ssh-key-algorithm` calls them. */
export const deployKeyAlgorithms = ["ecdsa", "rsa", "ed25519"] as const;

/** Curves of a key of kind `ecdsa`, as `flux bootstrap --ssh-ecdsa-curve` calls them. */
export const deployKeyCurves = ["p256", "p384", "p521"] as const;

/** The key by which Flux reads a repository. */
export interface DeployKeyArgs {
    /** What GitHub shows. @default "flux" */
    readonly title?: string;
    /** Whether it may also push. @default false */
    readonly readWrite?: boolean;
    /** @default "ecdsa" */
    readonly algorithm?: (typeof deployKeyAlgorithms)[number];
    /** Of a key of kind `rsa`. @default 2048 */
    readonly rsaBits?: number;
    /** Of a key of kind `ecdsa`. @default "p384" */
    readonly ecdsaCurve?: (typeof deployKeyCurves)[number];
    /** The host's public keys, as `ssh-keyscan` prints them. @default those of github.com */
    readonly knownHosts?: string;
}

/** A repository on GitHub, and who may do what with it. */
export interface GitHubRepositoryArgs {
    /** The repository's name, without its owner: the provider's. */
    readonly repository: string;
    /** Make it; one that is there already is left as it is. @default true */
    readonly create?: boolean;
    /** Whether the one that is made is private. @default true */
    readonly private?: boolean;
    /** The first and default branch of the one that is made. @default "main" */
    readonly branch?: string;
    /** Which teams of the owner, an organization, get access, and which: `{ platform: "maintain" }`. @default none */
    readonly teams?: Readonly<Record<string, string>>;
    /** Makes a key. @default none: Flux signs in with a token, or the repository is public */
    readonly deployKey?: DeployKeyArgs;
}

/**
 * A repository on GitHub as `flux bootstrap github` sets it up: it is made if it isn't there, teams get access to it,
 * and Flux a key of its own. https://fluxcd.io/flux/installation/bootstrap/github/
 *
 * Its provider, `@pulumi/github`, has to be given: it knows owner, host and token. The repository itself outlives the
 * stack, since it holds more than the stack put there.
 */
export class GitHubRepository extends pulumi.ComponentResource {
    /** The repository's name, known once it is there. */
    readonly repositoryName: pulumi.Output<string>;
    /** How Flux signs in, if a key was asked for. The private key is a secret. */
    readonly credentials?: GitKey;

    constructor(name: string, args: GitHubRepositoryArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:github:GitHubRepository", name, {}, opts);
        this.repositoryName =
            args.create === false ? pulumi.output(args.repository) : this.createRepository(name, args);
        for (const [team, permission] of Object.entries(args.teams ?? {})) {
            new github.TeamRepository(
                `${name}-team-${team}`,
                { repository: this.repositoryName, teamId: team, permission },
                { parent: this },
            );
        }
        if (args.deployKey !== undefined) this.credentials = this.createKey(name, args.deployKey);
        this.registerOutputs({ repositoryName: this.repositoryName });
    }

    private createRepository(name: string, args: GitHubRepositoryArgs): pulumi.Output<string> {
        const repository = new github.Repository(
            `${name}-repository`,
            {
                name: args.repository,
                visibility: args.private === false ? "public" : "private",
                // Flux can't follow a repository without a commit.
                autoInit: true,
            },
            { parent: this, retainOnDelete: true },
        );
        const branch = new github.BranchDefault(
            `${name}-branch`,
            { repository: repository.name, branch: args.branch ?? "main", rename: true },
            { parent: this, retainOnDelete: true },
        );
        return branch.repository;
    }

    private createKey(name: string, args: DeployKeyArgs): GitKey {
        const algorithm = args.algorithm ?? "ecdsa";
        const key = new tls.PrivateKey(
            `${name}-key`,
            {
                algorithm: algorithm.toUpperCase(),
                ...(algorithm === "rsa" ? { rsaBits: args.rsaBits ?? 2048 } : {}),
                ...(algorithm === "ecdsa" ? { ecdsaCurve: (args.ecdsaCurve ?? "p384").toUpperCase() } : {}),
            },
            { parent: this },
        );
        const deployKey = new github.RepositoryDeployKey(
            `${name}-deploy-key`,
            {
                repository: this.repositoryName,
                title: args.title ?? "flux",
                key: key.publicKeyOpenssh,
                readOnly: args.readWrite !== true,
            },
            { parent: this },
        );
        // Known only once GitHub knows the key: Flux, refused once, waits longer and longer.
        const identity = pulumi.all([key.privateKeyOpenssh, deployKey.id]).apply(([privateKey]) => privateKey);
        return { identity: pulumi.secret(identity), knownHosts: args.knownHosts ?? gitHubHostKeys };
    }
}

/** github.com's public keys, but for that of RSA, which Flux doesn't ask for: https://docs.github.com/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints */
export const gitHubHostKeys = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=",
]
    .map((key) => `github.com ${key}\n`)
    .join("");
