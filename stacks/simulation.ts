import * as pulumi from "@pulumi/pulumi";
import type { StackSettings } from "./settings";

/** A resource as a program registered it. */
export interface Registered {
    readonly type: string;
    readonly name: string;
    readonly urn: string;
    readonly custom: boolean;
    /** Secrets in clear, as the program has them. */
    readonly inputs: Record<string, unknown>;
    /** URN of the component that it is part of; empty for none. */
    readonly parent: string;
    /** URNs of all that it waits for. */
    readonly dependsOn: readonly string[];
    readonly deletedWith: string;
    /** `<URN>::<id>` of the provider that manages it; empty for the default one. */
    readonly provider: string;
    /** Version of the provider's plugin that it asks for. */
    readonly version: string;
    /** How long its creation may take, if the program says so. */
    readonly createTimeout?: string;
    /** Input properties whose changes are ignored once it is there. */
    readonly ignoreChanges: readonly string[];
    /** Whether it outlives the stack. */
    readonly retainOnDelete: boolean;
    readonly additionalSecretOutputs: readonly string[];
    /** Input properties, at any depth below these, that the program marked secret. */
    readonly secretInputs: readonly string[];
    /** The inputs, with something else in place of what is secret, and of what isn't known yet. */
    inputsWith(placeholders: { readonly secret: unknown; readonly unknown: unknown }): Record<string, unknown>;
}

/** What stands for the cluster and for every other provider. */
export interface Simulation {
    readonly settings: StackSettings;
    /** A preview: outputs that {@link stateOf} doesn't give are unknown. @default false */
    readonly preview?: boolean;
    /** A resource's id and outputs. */
    readonly stateOf: (type: string, name: string, inputs: Record<string, unknown>) => { id?: string; state: object };
    /** Gets what is registered, also if the program fails. */
    readonly resources: Registered[];
}

/** Runs a program without an engine, on Pulumi's mocks: everything is registered, and nothing created. */
export async function simulate<T>(program: () => Promise<T> | T, simulation: Simulation): Promise<T> {
    const { settings, stateOf, resources, preview } = simulation;
    await pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => stateOf(type, name, inputs) as pulumi.runtime.MockResourceResult,
            call: ({ inputs }) => inputs,
        },
        settings.project,
        settings.stack,
        preview,
        settings.organization,
    );
    record(resources);
    pulumi.runtime.setAllConfig({ ...settings.config }, [...settings.secretKeys]);
    const outputs = await program();
    await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
    return outputs;
}

/** URNs of what has to be there before a resource is registered: a child waits for all that its parent waits for. */
export function prerequisites({ dependsOn, parent }: Registered): string[] {
    return parent === "" ? [...dependsOn] : [...dependsOn, parent];
}

/** What of Pulumi's wire protocol a registration is read from: the mocks' own arguments leave out most of it. */
interface RegisterRequest {
    getType(): string;
    getName(): string;
    getCustom(): boolean;
    getParent(): string;
    getDependenciesList(): string[];
    getDeletedwith(): string;
    getProvider(): string;
    getVersion(): string;
    getCustomtimeouts(): { getCreate(): string } | undefined;
    getIgnorechangesList(): string[];
    getRetainondelete(): boolean;
    getAdditionalsecretoutputsList(): string[];
    getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
}
type Register = (
    request: RegisterRequest,
    callback: (error: unknown, response?: { getUrn(): string }) => void,
) => Promise<void>;

function record(resources: Registered[]): void {
    // As the engine does it, for all children of a component.
    const inherited = (parent: string): string => resources.find(({ urn }) => urn === parent)?.deletedWith ?? "";
    const monitor = pulumi.runtime.getMonitor() as unknown as { registerResource: Register };
    const register = monitor.registerResource.bind(monitor);
    monitor.registerResource = (request, callback) =>
        register(request, (error, response) => {
            const object = request.getObject()?.toJavaScript() ?? {};
            resources.push({
                type: request.getType(),
                name: request.getName(),
                urn: response?.getUrn() ?? "",
                custom: request.getCustom(),
                inputs: replaceMarked(object, (value) => value) as Record<string, unknown>,
                parent: request.getParent(),
                dependsOn: request.getDependenciesList(),
                deletedWith: request.getDeletedwith() || inherited(request.getParent()),
                provider: request.getProvider(),
                version: request.getVersion(),
                createTimeout: request.getCustomtimeouts()?.getCreate(),
                ignoreChanges: request.getIgnorechangesList(),
                retainOnDelete: request.getRetainondelete(),
                additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
                secretInputs: Object.keys(object).filter((key) => holdsSecret(object[key])),
                inputsWith: ({ secret, unknown }) =>
                    replaceMarked(
                        object,
                        () => secret,
                        () => unknown,
                    ) as Record<string, unknown>,
            });
            callback(error, response);
        });
}

/** The signature by which Pulumi marks a value on the wire, the one that says secret, and what says not known yet. */
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether a value on Pulumi's wire is marked as a secret. */
export function isSecret(value: unknown): value is { value: unknown } {
    return (
        typeof value === "object" && value !== null && (value as Record<string, unknown>)[signature] === secretSignature
    );
}

function holdsSecret(value: unknown): boolean {
    return isSecret(value) || (typeof value === "object" && value !== null && Object.values(value).some(holdsSecret));
}

function replaceMarked(
    value: unknown,
    secret: (value: unknown) => unknown,
    unknown: (value: unknown) => unknown = (same) => same,
): unknown {
    const replace = (inner: unknown): unknown => replaceMarked(inner, secret, unknown);
    if (isSecret(value)) return secret(replace(value.value));
    if (value === unknownValue) return unknown(value);
    if (Array.isArray(value)) return value.map(replace);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
}
