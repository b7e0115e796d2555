import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type FluxSource, type GitCredentials, sourceProviders } from "../components/fluxSource";
import { deployKeyAlgorithms, deployKeyCurves } from "../components/gitHub/repository";
import { deletionPolicies } from "../components/fluxSync";
import { duration, objectName } from "./configValues";

const gitUrl = z
    .string()
    .regex(
        /^(https?|ssh):\/\/[^/\s]+\/\S+$/,
        "must be http://…, https://… or ssh://user@host/… (git@host:path is not a URL: write ssh://git@host/path)",
    );

const folder = z.string().min(1).default("./");
const interval = duration.default("1m0s");
const provider = z.enum(sourceProviders).optional();

const oci = z.strictObject({
    url: z.string().regex(/^oci:\/\/[^/\s]+\/\S+$/, "must be oci://host/path, without a tag"),
    tag: z.string().min(1).optional(),
    semver: z.string().min(1).optional(),
    digest: z
        .string()
        .regex(/^sha256:[0-9a-f]{64}$/, "must be sha256: and 64 hexadecimal digits")
        .optional(),
    path: folder,
    interval,
    provider,
    insecure: z.boolean().default(false),
    username: z.string().min(1).optional(),
    secretName: objectName.optional(),
});

const bucket = z.strictObject({
    name: z.string().min(1),
    endpoint: z.string().min(1),
    region: z.string().min(1).optional(),
    prefix: z.string().min(1).optional(),
    path: folder,
    interval,
    provider,
    insecure: z.boolean().default(false),
    accessKey: z.string().min(1).optional(),
    secretName: objectName.optional(),
});

/** As `flux bootstrap github` has them. https://docs.github.com/organizations/managing-user-access-to-your-organizations-repositories/managing-repository-roles/repository-roles-for-an-organization */
const teamPermissions = ["pull", "triage", "push", "maintain", "admin"] as const;

const github = z.strictObject({
    owner: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, "must be the name of a user or an organization"),
    repository: z.string().regex(/^(?!.*\.git$)[\w.-]+$/, "must be a repository's name, without its owner and .git"),
    create: z.boolean().default(true),
    personal: z.boolean().default(false),
    private: z.boolean().default(true),
    teams: z
        .array(
            z
                .string()
                .regex(
                    new RegExp(`^[a-z0-9][a-z0-9_-]*(:(${teamPermissions.join("|")}))?$`),
                    `must be a team's slug, or slug:permission, of ${teamPermissions.join(", ")}`,
                ),
        )
        .default([]),
    hostname: z.string().min(1).default("github.com"),
    sshHostname: z.string().min(1).optional(),
    readWriteKey: z.boolean().default(false),
    keyAlgorithm: z.enum(deployKeyAlgorithms).default("ecdsa"),
    rsaBits: z.int().min(2048, "must be 2048 or more").multipleOf(8, "must be a multiple of 8").default(2048),
    ecdsaCurve: z.enum(deployKeyCurves).default("p384"),
    authorName: z.string().min(1).optional(),
    authorEmail: z.string().min(1).optional(),
    commitMessageAppendix: z.string().min(1).optional(),
});

/** Who keeps Flux itself as it should be: this program at each `up`, or Flux as Git says. */
export const syncOwners = ["pulumi", "git"] as const;

/** The keys that say what Flux follows: Git, an OCI artifact, or a bucket. */
export const syncKeys = {
    gitUrl: gitUrl.optional(),
    gitBranch: z.string().min(1).default("main"),
    gitPath: folder,
    gitInterval: interval,
    gitDeletionPolicy: z.enum(deletionPolicies).default("Orphan"),
    gitRecurseSubmodules: z.boolean().default(false),
    gitSparseCheckout: z.array(z.string().min(1)).default([]),
    gitUsername: z.string().optional(),
    gitKnownHosts: z.string().optional(),
    gitCaCertificate: z
        .string()
        .regex(/^\s*-----BEGIN CERTIFICATE-----/, "must be certificates in PEM form: pulumi config set … < ca.pem")
        .optional(),
    gitSecretName: objectName.optional(),
    github: github.optional(),
    oci: oci.optional(),
    bucket: bucket.optional(),
    syncOwner: z.enum(syncOwners).default("pulumi"),
    syncName: objectName.default("flux-system"),
    syncInterval: duration.default("10m0s"),
    syncTimeout: duration.optional(),
    syncPrune: z.boolean().default(true),
};

/** Those that are secrets. */
export const syncSecretKeys = [
    "gitPassword",
    "gitBearerToken",
    "gitIdentity",
    "ociPassword",
    "bucketSecretKey",
] as const;
type SecretKey = (typeof syncSecretKeys)[number];

type Values = z.output<z.ZodObject<typeof syncKeys>>;
type Secrets = Readonly<Partial<Record<SecretKey, pulumi.Output<string>>>>;

/** What Flux follows, and which folder of it it applies. */
export interface SyncConfig {
    readonly source: FluxSource;
    /** The Secret with the source's credentials, if it isn't called as the source. */
    readonly secretName?: string;
    readonly path: string;
    /** The repository on GitHub that the source is. */
    readonly github?: GitHubConfig;
}

/** A repository on GitHub. */
export interface GitHubConfig extends z.output<typeof github> {
    /** Team → permission. */
    readonly permissions: Readonly<Record<string, string>>;
    /** Whether Flux gets a key of its own; otherwise it has the source's credentials. */
    readonly deployKey: boolean;
    /** The host's public keys; undefined for those of github.com. */
    readonly knownHosts?: string;
}

/** The keys of which one says what Flux follows. */
const choices = ["gitUrl", "github", "oci", "bucket"] as const;

/**
 * Checks that it is said once what Flux follows.
 * @param values as they are in the config, of whatever type
 */
export function checkChoice(values: Readonly<Record<string, unknown>>, problems: string[]): void {
    const chosen = choices.filter((key) => values[key] !== undefined);
    if (chosen.length > 1) {
        problems.push(
            `${chosen.join(", ")}: Flux follows one of them, and ${chosen.length} are set. Remove the others.`,
        );
    } else if (chosen.length === 0) {
        problems.push(
            "gitUrl: is missing. Set it: pulumi config set gitUrl https://… (or github, oci or bucket in its place: docs/configuration.md).",
        );
    }
}

/**
 * What the keys say together.
 * @param problems gets every contradiction, a line each
 * @returns undefined if nothing is chosen
 */
export function readSync(values: Values, secrets: Secrets, problems: string[]): SyncConfig | undefined {
    const { gitUrl, oci, bucket, syncOwner } = values;
    if (syncOwner === "git" && gitUrl === undefined && values.github === undefined) {
        problems.push(
            "syncOwner: git needs a repository to keep Flux in. Set gitUrl or github, or syncOwner to pulumi.",
        );
    }
    checkStrays(
        choices.find((key) => values[key] !== undefined),
        values,
        secrets,
        problems,
    );
    if (gitUrl !== undefined) return readGit({ ...values, gitUrl }, secrets, problems);
    if (values.github !== undefined) return readGitHub(values.github, values, secrets, problems);
    if (oci !== undefined) return readOci(oci, secrets, problems);
    return bucket && readBucket(bucket, secrets, problems);
}

/** A setting of a source that isn't followed means something else than it says. */
function checkStrays(chosen: string | undefined, values: Values, secrets: Secrets, problems: string[]): void {
    const git = ["gitUsername", "gitKnownHosts", "gitCaCertificate", "gitSecretName", "gitPassword"] as const;
    const own: Record<string, (keyof Values | SecretKey)[]> = {
        gitUrl: [...git, "gitBearerToken", "gitIdentity"],
        github: [...git],
        oci: ["ociPassword"],
        bucket: ["bucketSecretKey"],
    };
    if (chosen === undefined) return;
    const all: Readonly<Record<string, unknown>> = { ...values, ...secrets };
    const strays = Object.entries(own).flatMap(([source, keys]) =>
        keys.filter((key) => !own[chosen]!.includes(key) && all[key] !== undefined).map((key) => ({ key, source })),
    );
    for (const [key, source] of new Map(strays.reverse().map((one) => [one.key, one.source]))) {
        problems.push(`${key}: belongs to ${source}, and ${chosen} is set. Remove it.`);
    }
}

function readGit(values: Values & { readonly gitUrl: string }, secrets: Secrets, problems: string[]): SyncConfig {
    const { gitPath: path, gitSparseCheckout: sparseCheckout } = values;
    if (sparseCheckout.length > 0 && !sparseCheckout.some((folder) => isWithin(path, folder))) {
        problems.push(
            `gitSparseCheckout: ${JSON.stringify(sparseCheckout)} leaves out gitPath, ${path}. Add it, or Flux finds nothing to apply.`,
        );
    }
    return {
        source: {
            kind: "GitRepository",
            url: values.gitUrl,
            branch: values.gitBranch,
            interval: values.gitInterval,
            recurseSubmodules: values.gitRecurseSubmodules,
            sparseCheckout,
            credentials: gitCredentials(values, secrets, problems),
        },
        secretName: values.gitSecretName,
        path,
    };
}

/** A token makes it https, as `--token-auth` does; otherwise Flux gets a key of its own. */
function readGitHub(
    settings: z.output<typeof github>,
    values: Values,
    secrets: Secrets,
    problems: string[],
): SyncConfig {
    const { owner, repository, hostname, sshHostname, personal, teams, authorName, authorEmail } = settings;
    const { gitKnownHosts: knownHosts, gitSecretName } = values;
    const deployKey = secrets.gitPassword === undefined && gitSecretName === undefined;
    const host = sshHostname ?? hostname;
    if (personal && teams.length > 0) {
        problems.push(`github.teams: a user has no teams, and github.personal is true. Remove the one or the other.`);
    }
    if ((authorName === undefined) !== (authorEmail === undefined)) {
        problems.push("github.authorName, github.authorEmail: GitHub takes both or none. Set or remove the other.");
    }
    if (deployKey && host !== "github.com" && knownHosts === undefined) {
        problems.push(
            `gitKnownHosts: is missing; without the public keys of ${host} (ssh-keyscan ${host}) Flux refuses to connect. ${howToSet("gitKnownHosts")}`,
        );
    }
    const gitUrl = deployKey
        ? `ssh://git@${host}/${owner}/${repository}`
        : `https://${hostname}/${owner}/${repository}`;
    const permissions = Object.fromEntries(
        teams.map((team) => {
            const [slug, permission = "maintain"] = team.split(":");
            return [slug!, permission];
        }),
    );
    // The key doesn't exist yet; a Secret that does says by which way Flux comes.
    const withUrl = deployKey ? { ...values, gitUrl, gitSecretName: values.syncName } : { ...values, gitUrl };
    return {
        ...readGit({ ...withUrl, ...(deployKey ? { gitKnownHosts: undefined } : {}) }, secrets, problems),
        github: { ...settings, permissions, deployKey, knownHosts },
    };
}

/** Whether a folder is another, or in it. */
function isWithin(path: string, folder: string): boolean {
    const parts = (text: string): string[] => text.split("/").filter((part) => part !== "" && part !== ".");
    const inner = parts(path);
    return parts(folder).every((part, index) => inner[index] === part);
}

/** https wants user and password or a token, ssh wants key and host keys; one without the other would fail much later. */
function gitCredentials(
    values: Values & { readonly gitUrl: string },
    { gitPassword: password, gitBearerToken: bearerToken, gitIdentity: identity }: Secrets,
    problems: string[],
): GitCredentials | undefined {
    const { gitUrl, gitUsername, gitKnownHosts: knownHosts, gitCaCertificate: caCertificate, gitSecretName } = values;
    if (gitUrl.startsWith("ssh:")) {
        if (gitUsername !== undefined || bearerToken !== undefined || caCertificate !== undefined)
            problems.push(
                `gitUsername, gitBearerToken, gitCaCertificate: are for https, and gitUrl is ${gitUrl}. Remove them; the user stands in the URL.`,
            );
        const given = [identity, knownHosts, password].some((one) => one !== undefined);
        if (!given && gitSecretName !== undefined) return undefined;
        if (identity === undefined)
            problems.push(`gitIdentity: is missing; gitUrl ${gitUrl} needs a private key. ${howToSet("gitIdentity")}`);
        if (knownHosts === undefined)
            problems.push(
                `gitKnownHosts: is missing; without the host's keys (ssh-keyscan HOST) Flux refuses to connect. ${howToSet("gitKnownHosts")}`,
            );
        return identity === undefined || knownHosts === undefined ? undefined : { identity, knownHosts, password };
    }
    if (identity !== undefined || knownHosts !== undefined)
        problems.push(
            `gitIdentity, gitKnownHosts: are for ssh, and gitUrl is ${gitUrl}. Remove them, or use an ssh:// URL.`,
        );
    if (caCertificate !== undefined && !gitUrl.startsWith("https:"))
        problems.push(`gitCaCertificate: is for https, and gitUrl is ${gitUrl}. Remove it, or use an https:// URL.`);
    if (bearerToken !== undefined) {
        if (password !== undefined || gitUsername !== undefined)
            problems.push(
                "gitBearerToken: takes the place of gitUsername and gitPassword. Remove the one or the others.",
            );
        return { bearerToken, caCertificate };
    }
    // Git hosts take a token as the password of any user.
    if (password !== undefined) return { username: gitUsername ?? "git", password, caCertificate };
    if (gitUsername !== undefined)
        problems.push(
            `gitPassword: is missing, and gitUsername is ${JSON.stringify(gitUsername)}. ${howToSet("gitPassword")}`,
        );
    return caCertificate === undefined ? undefined : { caCertificate };
}

function readOci(
    { url, tag, semver, digest, path, interval, provider, insecure, username, secretName }: z.output<typeof oci>,
    { ociPassword: password }: Secrets,
    problems: string[],
): SyncConfig {
    const refs = Object.entries({ tag, semver, digest }).filter(([, value]) => value !== undefined);
    if (refs.length > 1) {
        problems.push(`oci.${refs.map(([key]) => key).join(", oci.")}: only one can be followed. Remove the others.`);
    }
    checkPair("oci.username", username, "ociPassword", password, problems);
    return {
        source: {
            kind: "OCIRepository",
            url,
            ref: digest !== undefined ? { digest } : semver !== undefined ? { semver } : { tag: tag ?? "latest" },
            interval,
            provider,
            insecure,
            credentials: username === undefined || password === undefined ? undefined : { username, password },
        },
        secretName,
        path,
    };
}

function readBucket(
    {
        name,
        endpoint,
        region,
        prefix,
        path,
        interval,
        provider,
        insecure,
        accessKey,
        secretName,
    }: z.output<typeof bucket>,
    { bucketSecretKey: secretKey }: Secrets,
    problems: string[],
): SyncConfig {
    checkPair("bucket.accessKey", accessKey, "bucketSecretKey", secretKey, problems);
    const credentials = accessKey === undefined || secretKey === undefined ? undefined : { accessKey, secretKey };
    return {
        source: {
            kind: "Bucket",
            bucketName: name,
            endpoint,
            region,
            prefix,
            interval,
            provider,
            insecure,
            credentials,
        },
        secretName,
        path,
    };
}

function checkPair(key: string, value: unknown, secretKey: SecretKey, secret: unknown, problems: string[]): void {
    if ((value === undefined) === (secret === undefined)) return;
    problems.push(
        value === undefined
            ? `${key}: is missing, and ${secretKey} is set. Set it: pulumi config set --path ${key} …`
            : `${secretKey}: is missing, and ${key} is ${JSON.stringify(value)}. ${howToSet(secretKey)}`,
    );
}

function howToSet(key: string): string {
    const secret = (syncSecretKeys as readonly string[]).includes(key) ? "--secret " : "";
    return `Set it: pulumi config set ${secret}${key} …`;
}
