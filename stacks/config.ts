import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import {
    defaultFluxComponents,
    fluxComponents,
    fluxLogLevels,
    lockedRelease,
    readLock,
    type LockedRelease,
    type Product,
} from "../components/release";
import type { RegistryLogin } from "../components/dockerConfig";
import { demoPipelineParams } from "../components/demoPipeline";
import { defaultCatchUpImage } from "../components/catchUp";
import { podSecurityLevels } from "../components/chainNamespace";
import { isImageReference } from "../components/imageReference";
import type { ClusterAccess } from "../components/kubeconfig";
import { receiverTypes, receiverTypesOf2020 } from "../components/receiver";
import { eventParams, runNamePrefix, sourceKinds } from "../components/route";
import { defaultRunHistoryImage, defaultRunHistoryLimit } from "../components/runHistory";
import { runNameLength } from "../components/triggerChain/cel";
import { defaultListenerResources, runNamings } from "../components/triggerChain/triggerChain";
import { nearest } from "../components/suggest";
import { duration, objectName, resources } from "./configValues";
import { checkChoice, readSync, type SyncConfig, syncKeys, syncSecretKeys } from "./syncConfig";

const text = z.string();
const schedule = z
    .string()
    .regex(/^(@\w+|\S+( \S+){4})$/, "must be a schedule in cron's notation, such as */5 * * * *");
const historyLimit = z.int().min(1, "must be 1 or more: the newest run is always kept");
const image = z.string().refine(isImageReference, "must be an image, such as alpine or ghcr.io/my-org/tools:v1");
/** A registry always has a dot or a port in its name, or it is localhost: otherwise it would be a path on docker.io. */
const registry = z
    .string()
    .regex(
        /^([a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?|[a-z0-9-]+:\d+|localhost)(\/[a-z0-9._-]+)*$/,
        "must be a registry or a path on one, such as docker.io or registry.example.com/mirror, without https://, tag and final slash",
    );
const baseUrl = z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" });

const route = z.strictObject({
    name: objectName,
    source: z
        .strictObject({
            kind: z.enum(sourceKinds).default("GitRepository"),
            name: objectName,
            namespace: objectName.default("flux-system"),
        })
        .optional(),
    pipeline: z
        .strictObject({
            name: objectName,
            params: z.array(z.enum(eventParams)).default([...demoPipelineParams]),
            values: z.record(z.string(), z.string()).optional(),
            workspaces: z.array(z.looseObject({ name: z.string().min(1) })).optional(),
            timeout: duration.optional(),
            serviceAccountName: objectName.optional(),
        })
        .optional(),
    filter: z.string().min(1, "must be a CEL expression; leave it out for none").optional(),
    runHistoryLimit: historyLimit.optional(),
    runHistoryAge: duration.optional(),
});

/**
 * Every key of a stack's config, with its default. Pulumi.yaml declares the same keys, for `pulumi` itself and for
 * whoever reads it; a test holds the two against each other.
 */
export const schema = z.strictObject({
    tektonPipelinesVersion: z.string().default("v1.15.0"),
    tektonTriggersVersion: z.string().default("v0.37.0"),
    fluxVersion: z.string().default("v2.9.4"),
    releaseMirror: text.optional(),
    releaseLock: text.optional(),
    crdDescriptions: z.boolean().default(true),
    readyTimeout: duration.default("5m"),
    adopt: z.boolean().default(false),
    imageRegistries: z.record(registry, registry).default({}),
    imagePullSecret: objectName.optional(),
    imageRegistryUsername: text.optional(),

    tektonFeatureFlags: z.record(z.string(), z.string()).default({}),

    fluxNamespace: objectName.default("flux-system"),
    fluxComponents: z
        .array(z.enum(fluxComponents))
        .min(1)
        .default([...defaultFluxComponents]),
    fluxComponentsExtra: z.array(z.enum(fluxComponents)).default([]),
    fluxNetworkPolicy: z.boolean().default(true),
    fluxWatchAllNamespaces: z.boolean().default(true),
    fluxLogLevel: z.enum(fluxLogLevels).default("info"),
    fluxClusterDomain: z.string().min(1).default("cluster.local"),
    fluxRegistry: z.string().min(1).default("ghcr.io/fluxcd"),
    fluxImagePullSecret: text.optional(),
    fluxRegistryUsername: text.optional(),
    fluxTolerationKeys: z.array(z.string().min(1)).default([]),

    ...syncKeys,

    webhookTokenSecretName: objectName.default("generic-receiver-token"),
    receiverName: objectName.default("generic-receiver"),
    receiverType: z.enum(receiverTypes).default("generic"),
    receiverEvents: z.array(z.string().min(1)).default([]),
    receiverBaseUrl: baseUrl.optional(),
    receiverIngressNamespace: objectName.optional(),
    providerName: objectName.default("tekton-el-provider"),
    providerTimeout: duration.optional(),
    alertName: objectName.default("tekton-alert"),
    authenticateEvents: z.boolean().default(true),
    tokenRotation: text.optional(),

    namespace: objectName.default("default"),
    createNamespace: z.boolean().default(false),
    namespacePodSecurity: z.enum(podSecurityLevels).optional(),
    // Its Service is named el-<name>.
    eventListenerName: objectName.max(60, "must have 60 characters at most").default("flux-event-listener"),
    listenerReplicas: z.int().min(1, "must be 1 or more").default(1),
    listenerResources: resources.default(defaultListenerResources),
    serviceAccountName: objectName.default("flux-notifications-sa"),
    runServiceAccountName: objectName.default("flux-notification-run"),
    runNaming: z.enum(runNamings).default("revision"),
    listenerNetworkPolicy: z.boolean().default(true),
    catchUp: z.boolean().default(true),
    catchUpName: objectName.default("flux-catch-up"),
    catchUpImage: image.default(defaultCatchUpImage),
    runHistory: z.boolean().default(true),
    runHistoryLimit: historyLimit.default(defaultRunHistoryLimit),
    runHistoryAge: duration.optional(),
    runHistoryName: objectName.default("flux-run-history"),
    runHistorySchedule: schedule.default("17 * * * *"),
    runHistoryImage: image.default(defaultRunHistoryImage),
    pipelineName: objectName.default("flux-demo-pipeline"),
    pipelineImage: image.default("alpine"),
    routes: z.array(route).default([]),
});

/** Keys whose values are secrets: read as outputs, never looked at. */
export const secretKeys = [...syncSecretKeys, "imageRegistryPassword", "fluxRegistryPassword"] as const;

/** Keys of the Kubernetes provider's own config that count. */
const providerKeys = ["kubeconfig", "context", "cluster"] as const;

/** A stack's config, checked: what its cluster is to be. */
export type ClusterConfig = Readonly<z.output<typeof schema>> &
    Readonly<ClusterAccess> & {
        readonly releases: Readonly<Record<Product, LockedRelease>>;
        readonly sync: SyncConfig;
        /** Of the registries in `imageRegistries`. */
        readonly imageLogin?: RegistryLogin;
        /** Of `fluxRegistry`. */
        readonly registryLogin?: RegistryLogin;
        /** From the provider's own config, `github:token`; the provider reads GITHUB_TOKEN if absent. */
        readonly gitHubToken?: pulumi.Output<string>;
    };

/** Whether any route starts the demonstration's pipeline. */
export function usesDemoPipeline({ routes }: Pick<ClusterConfig, "routes">): boolean {
    return routes.length === 0 || routes.some(({ pipeline }) => pipeline === undefined);
}

/** Every mistake in a stack's config, a line each. */
export class ConfigError extends Error {
    constructor(readonly problems: readonly string[]) {
        super(
            `the stack's config has ${problems.length} problem(s):\n${problems.map((line) => `  - ${line}`).join("\n")}`,
        );
        this.name = "ConfigError";
    }
}

/**
 * Reads the config of the stack that is being run; nothing else reads any.
 *
 * `RELEASE_MIRROR` and `RELEASE_LOCK` in the environment stand in where `releaseMirror` and `releaseLock` aren't set:
 * a machine can have its own mirror.
 * @throws ConfigError naming every wrong key, its value, what is allowed and the fix
 */
export function readConfig(): ClusterConfig {
    const config = new pulumi.Config();
    const values = readValues(config);
    const parsed = schema.safeParse(values);
    const problems = [
        ...unknownKeys(
            config.name,
            [...Object.keys(schema.shape), ...secretKeys],
            "Pulumi.yaml describes all of them.",
        ),
        ...unknownKeys("kubernetes", providerKeys, "The others of the Kubernetes provider have no effect here."),
        ...(parsed.error?.issues ?? []).map((issue) => explain(issue, values)),
    ];
    checkChoice(values, problems);
    if (!parsed.success) throw new ConfigError(problems);

    const releases = lockReleases(parsed.data, problems);
    const secrets = readSecrets(config, problems);
    const sync = readSync(parsed.data, secrets, problems);
    const imageLogin = readLogin(loginKeys.images, parsed.data, secrets, problems);
    const registryLogin = readLogin(loginKeys.flux, parsed.data, secrets, problems);
    checkGeneration(parsed.data, releases?.flux, secrets, problems);
    checkRoutes(parsed.data, problems);
    checkCatchUp(parsed.data, problems);
    checkNamespace(parsed.data, problems);
    checkReceiver(parsed.data, releases?.flux, problems);
    if (problems.length > 0) throw new ConfigError(problems);

    const kubernetes = new pulumi.Config("kubernetes");
    return Object.freeze({
        ...parsed.data,
        releases: releases as ClusterConfig["releases"],
        sync: sync!,
        imageLogin,
        registryLogin,
        gitHubToken: new pulumi.Config("github").getSecret("token"),
        kubeconfig: kubernetes.get("kubeconfig") || undefined,
        kubeContext: kubernetes.get("context") || undefined,
        kubeCluster: kubernetes.get("cluster") || undefined,
    });
}

/** The values that are set, each as its type in the schema says; an empty text or object counts as not set. */
function readValues(config: pulumi.Config): Record<string, unknown> {
    const environment: Record<string, string | undefined> = {
        releaseMirror: process.env.RELEASE_MIRROR,
        releaseLock: process.env.RELEASE_LOCK,
    };
    const values: Record<string, unknown> = {};
    for (const [key, { type }] of Object.entries(keyTypes())) {
        const value = config.get(key) || environment[key];
        if (value === undefined || value === "" || value === "{}") continue;
        values[key] = type === "string" ? value : fromJson(value);
    }
    return values;
}

/** Pulumi keeps structured values as JSON; what isn't JSON is left for the schema to refuse. */
function fromJson(value: string): unknown {
    try {
        return JSON.parse(value);
    } catch {
        return value;
    }
}

/** The schema's keys as JSON Schema: type and default. */
export function keyTypes(): Readonly<Record<string, Pick<JsonSchema, "type" | "default">>> {
    return jsonSchema().properties!;
}

function unknownKeys(namespace: string, known: readonly string[], remark: string): string[] {
    return Object.keys(pulumi.runtime.allConfig())
        .filter((key) => key.startsWith(`${namespace}:`))
        .map((key) => key.slice(namespace.length + 1))
        .filter((key) => !known.includes(key))
        .map((key) => {
            const name = namespace === "kubernetes" ? `kubernetes:${key}` : key;
            return `${name}: there is no such key.${suggestion(key, known)} ${remark}`;
        });
}

/** One of zod's issues in our words: key, value, what is allowed, the fix. */
function explain(issue: z.core.$ZodIssue, values: unknown): string {
    const path = issue.path.reduce<string>(
        (text, key) =>
            typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`,
        "",
    );
    const value = issue.path.reduce<unknown>(
        (at, key) => (typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
        values,
    );
    if (value === undefined) {
        return `${path}: is missing.`;
    }
    const given = JSON.stringify(value);
    switch (issue.code) {
        case "invalid_value": {
            const allowed = issue.values.map(String);
            return `${path}: ${given} is not one of ${allowed.join(", ")}.${suggestion(String(value), allowed)}`;
        }
        case "unrecognized_keys": {
            const allowed = innerKeys(issue.path);
            return issue.keys
                .map(
                    (key) =>
                        `${path}.${key}: there is no such key; allowed are ${allowed.join(", ")}.${suggestion(key, allowed)}`,
                )
                .join("\n  - ");
        }
        case "invalid_key":
            return `${path}: the key ${issue.issues[0]?.message}.`;
        case "invalid_type":
            return `${path}: ${given} must be of type ${issue.expected}.`;
        default:
            return `${path}: ${given} ${issue.message}.`;
    }
}

interface JsonSchema {
    readonly type?: string;
    readonly default?: unknown;
    readonly properties?: Readonly<Record<string, JsonSchema>>;
    readonly items?: JsonSchema;
}

function jsonSchema(): JsonSchema {
    return z.toJSONSchema(schema, { io: "input" }) as JsonSchema;
}

/** Which keys an object inside the config may have. */
function innerKeys(path: readonly PropertyKey[]): string[] {
    const at = path.reduce<JsonSchema | undefined>(
        (outer, key) => (typeof key === "number" ? outer?.items : outer?.properties?.[String(key)]),
        jsonSchema(),
    );
    return Object.keys(at?.properties ?? {});
}

function suggestion(given: string, allowed: readonly string[]): string {
    const match = nearest(given, allowed);
    return match === undefined ? "" : ` Did you mean ${match}?`;
}

function lockReleases(
    config: z.output<typeof schema>,
    problems: string[],
): Partial<Record<Product, LockedRelease>> | undefined {
    const versions = {
        "tekton-pipelines": "tektonPipelinesVersion",
        "tekton-triggers": "tektonTriggersVersion",
        flux: "fluxVersion",
    } as const;
    const lock = attempt("releaseLock", problems, () => readLock(config.releaseLock));
    if (lock === undefined) return undefined;
    const releases: Partial<Record<Product, LockedRelease>> = {};
    for (const [product, key] of Object.entries(versions) as [Product, (typeof versions)[Product]][]) {
        releases[product] = attempt(key, problems, () => lockedRelease(product, config[key], lock));
    }
    const found = Object.values(releases).filter((release) => release !== undefined);
    if (new Set(found.map(({ generation }) => generation)).size > 1) {
        const given = found.map(({ product, version }) => `${product} ${version}`).join(", ");
        problems.push(
            `${Object.values(versions).join(", ")}: ${given} serve different generations of API versions, and no Kubernetes runs them all. Choose all of today's, or all of 2020's (v0.18.1, v0.10.1, v0.5.6).`,
        );
    }
    return releases;
}

type Secrets = Readonly<Partial<Record<(typeof secretKeys)[number], pulumi.Output<string>>>>;

function readSecrets(config: pulumi.Config, problems: string[]): Secrets {
    return Object.fromEntries(secretKeys.map((key) => [key, readSecret(config, key, problems)]));
}

/** A secret's value is only looked at for being empty. */
function readSecret(
    config: pulumi.Config,
    key: (typeof secretKeys)[number],
    problems: string[],
): pulumi.Output<string> | undefined {
    const name = `${config.name}:${key}`;
    if (!pulumi.runtime.allConfig()[name]) return undefined;
    // Exported, but missing from the SDK's declarations.
    const runtime = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
    if (!runtime.isConfigSecret(name)) {
        problems.push(
            `${key}: stands in clear in the stack's config file. Replace it, and then set it so that it is encrypted: pulumi config set --secret ${key} …`,
        );
    }
    return config.getSecret(key);
}

const loginKeys = {
    flux: ["fluxRegistryUsername", "fluxRegistryPassword", "fluxImagePullSecret"],
    images: ["imageRegistryUsername", "imageRegistryPassword", "imagePullSecret"],
} as const;

/** User, password and the Secret's name belong together; the Secret alone is one that is there already. */
function readLogin(
    [userKey, passwordKey, pullSecretKey]: (typeof loginKeys)[keyof typeof loginKeys],
    values: z.output<typeof schema>,
    secrets: Secrets,
    problems: string[],
): RegistryLogin | undefined {
    const [username, password] = [values[userKey], secrets[passwordKey]];
    if (username === undefined && password === undefined) return undefined;
    const given = { [userKey]: username, [passwordKey]: password, [pullSecretKey]: values[pullSecretKey] };
    for (const [key, value] of Object.entries(given)) {
        if (value !== undefined) continue;
        const secret = key === passwordKey ? "--secret " : "";
        problems.push(
            `${key}: is missing; ${userKey}, ${passwordKey} and ${pullSecretKey}, the Secret that is made of them, belong together. Set it: pulumi config set ${secret}${key} …`,
        );
    }
    if (userKey === "imageRegistryUsername" && Object.keys(values.imageRegistries).length === 0) {
        problems.push(
            `${userKey}: is that of the registries in imageRegistries, and there are none. Set that, or remove ${userKey} and ${passwordKey}.`,
        );
    }
    return username === undefined || password === undefined ? undefined : { username, password };
}

/** Refuses what the releases of 2020 don't know, which would be dropped without a word. */
function checkGeneration(
    config: z.output<typeof schema>,
    flux: LockedRelease | undefined,
    secrets: Secrets,
    problems: string[],
): void {
    if (flux?.generation !== "2020") return;
    const { gitRecurseSubmodules, gitSparseCheckout, gitCaCertificate, oci, bucket } = config;
    const given = {
        "syncOwner git": config.syncOwner === "git",
        gitRecurseSubmodules,
        gitSparseCheckout: gitSparseCheckout.length > 0,
        gitCaCertificate,
        oci,
        bucket,
        ...secrets,
    };
    const unknown = [
        "gitRecurseSubmodules",
        "gitSparseCheckout",
        "gitCaCertificate",
        "gitBearerToken",
        "oci",
        "bucket",
    ];
    for (const key of unknown) {
        if (!given[key as keyof typeof given]) continue;
        problems.push(`${key}: Flux ${flux.version} doesn't have it. Remove it, or choose a Flux 2 release.`);
    }
}

function checkRoutes({ routes, runNaming }: z.output<typeof schema>, problems: string[]): void {
    const first = new Map<string, number>();
    // Tekton makes labels of a PipelineRun's name, which is <name>-run- and part of a revision, or a UUID.
    const longest = 63 - runNamePrefix({ name: "" }).length - (runNaming === "uid" ? 36 : runNameLength);
    routes.forEach(({ name }, index) => {
        if (name.length > longest) {
            problems.push(
                `routes[${index}].name: ${JSON.stringify(name)} has ${name.length} characters; with runNaming "${runNaming}" it can have ${longest} at most. Shorten it.`,
            );
        }
        const earlier = first.get(name);
        if (earlier === undefined) first.set(name, index);
        else
            problems.push(
                `routes[${index}].name: ${JSON.stringify(name)} is also the name of routes[${earlier}]. Give each route its own.`,
            );
    });
}

/** What repeats an event must be let in, and must not start a second run. */
function checkCatchUp({ catchUp, authenticateEvents, runNaming }: z.output<typeof schema>, problems: string[]): void {
    if (!catchUp) return;
    if (!authenticateEvents) {
        problems.push("catchUp: true needs authenticateEvents. Set that to true, or catchUp to false.");
    }
    if (runNaming === "uid") {
        problems.push(
            'catchUp: true needs runNaming "revision": it repeats events, and with "uid" each makes another run. Set runNaming to revision, or catchUp to false.',
        );
    }
}

/** Namespaces that are there already, or are a release's. */
const takenNamespaces = ["default", "kube-system", "kube-public", "kube-node-lease", "tekton-pipelines"];

function checkNamespace(values: z.output<typeof schema>, problems: string[]): void {
    const { namespace, createNamespace, namespacePodSecurity, tektonFeatureFlags, fluxNamespace } = values;
    const ofAnother = [...takenNamespaces, fluxNamespace].includes(namespace);
    if (createNamespace && ofAnother) {
        problems.push(
            `createNamespace: true needs a namespace of the chain's own, and ${JSON.stringify(namespace)} isn't one. Set namespace, or createNamespace to false.`,
        );
    }
    if (namespacePodSecurity === undefined) return;
    if (!createNamespace) {
        problems.push(
            `namespacePodSecurity: ${namespacePodSecurity} is for a namespace that the stack makes. Set createNamespace to true, or label the namespace yourself and remove namespacePodSecurity.`,
        );
    }
    if (namespacePodSecurity === "restricted" && (tektonFeatureFlags["set-security-context"] ?? "true") !== "true") {
        problems.push(
            'namespacePodSecurity: restricted refuses the containers that Tekton adds to a run. Let it set their security context: remove tektonFeatureFlags.set-security-context, or set it to "true".',
        );
    }
}

function checkReceiver(
    { receiverType }: z.output<typeof schema>,
    flux: LockedRelease | undefined,
    problems: string[],
): void {
    if (flux?.generation !== "2020" || receiverTypesOf2020.includes(receiverType)) return;
    problems.push(
        `receiverType: ${JSON.stringify(receiverType)} isn't one that Flux ${flux.version} knows: ${receiverTypesOf2020.join(", ")}.`,
    );
}

function attempt<T>(key: string, problems: string[], action: () => T): T | undefined {
    try {
        return action();
    } catch (error) {
        problems.push(`${key}: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
    }
}
