import * as pulumi from "@pulumi/pulumi";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { secretKeys } from "../../../stacks/config";

/** A resource as the program registered it with the simulated engine. */
export interface Registered {
    readonly type: string;
    readonly name: string;
    readonly urn: string;
    readonly custom: boolean;
    readonly inputs: Record<string, unknown>;
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
    readonly additionalSecretOutputs: readonly string[];
    /** Input properties, at any depth below these, that the program marked secret. */
    readonly secretInputs: readonly string[];
}

/** A registered Kubernetes object. */
export type RegisteredObject = Registered & { readonly inputs: KubernetesObject };

/** The annotation by which a program takes back the fields of its objects that others have edited. */
export const forced = "pulumi.com/patchForce";

/** Every resource that a run registered. */
export class Registrations extends Array<Registered> {
    /** The one Kubernetes object of a kind, and of a name where there are several. */
    object(kind: string, name?: string): RegisteredObject {
        const found = this.objects().filter(
            ({ inputs }) => inputs.kind === kind && (name === undefined || inputs.metadata.name === name),
        );
        if (found.length !== 1) throw new Error(`${found.length} registered objects are ${kind} ${name ?? ""}`);
        return found[0]!;
    }

    /** Every Kubernetes object. */
    objects(): RegisteredObject[] {
        return [...this].filter((resource): resource is RegisteredObject => resource.type.startsWith("kubernetes:"));
    }

    /** Every Kubernetes object of these kinds as it was written: without the annotation that each of them gets. */
    written(kinds = /./): KubernetesObject[] {
        const objects = this.objects().filter(({ inputs }) => kinds.test(inputs.kind));
        return objects.map(({ inputs: { metadata, ...fields } }) => {
            const { annotations, ...others } = metadata;
            const own = Object.entries(annotations ?? {}).filter(([key]) => key !== forced);
            return {
                ...fields,
                metadata: own.length === 0 ? others : { ...others, annotations: Object.fromEntries(own) },
            } as KubernetesObject;
        });
    }

    /** The resource of a name. */
    named(name: string): Registered {
        const found = this.find((resource) => resource.name === name);
        if (found === undefined) throw new Error(`no registered resource is named ${name}`);
        return found;
    }

    /** What a component holds, at any depth. */
    within(component: string): Registrations {
        const { urn } = this.named(component);
        const parents = new Map(this.map((resource) => [resource.urn, resource.parent]));
        const isWithin = (parent: string | undefined): boolean =>
            parent !== undefined && (parent === urn || isWithin(parents.get(parent)));
        return this.filter(({ parent }) => isWithin(parent)) as Registrations;
    }

    /** Whether `later` (a resource, or a component that holds it) waits for `earlier`, directly or through others, components standing for their children. */
    waitsFor(later: Registered, earlier: Registered): boolean {
        const byUrn = new Map(this.map((resource) => [resource.urn, resource]));
        const seen = new Set<string>();
        const visit = (urn: string): boolean => {
            if (urn === earlier.urn) return true;
            if (seen.has(urn)) return false;
            seen.add(urn);
            return prerequisites(byUrn.get(urn)).some(visit);
        };
        return prerequisites(later).some(visit);
    }
}

/** A child registers after its parent, and so after all that its parent waits for. */
function prerequisites(resource: Registered | undefined): string[] {
    return resource === undefined ? [] : [...resource.dependsOn, resource.parent];
}

/**
 * The simulated cluster's name for an object that the program calls `name`. No cluster renames objects; this one does, so
 * that a reference made from the object's output can be told from one made of the same string twice.
 */
export function outputOf(name: string): string {
    return `${name}-from-output`;
}

/** What the simulated cluster says in the status of the objects that the program waits for: nothing one could guess. */
const statuses: Record<string, Record<string, unknown>> = {
    EventListener: { address: { url: "http://address-of-the-status:1234" } },
    Receiver: { webhookPath: "/hook/path-of-the-status", url: "/hook/path-of-the-status" },
};

const project = "flux-to-tekton";

export interface SimulationOptions {
    readonly preview?: boolean;
    /** Gets what is registered: for a look at it when the program fails. */
    readonly resources?: Registrations;
}

/**
 * Runs a program against Pulumi's mocks: a simulated engine that registers everything and creates nothing.
 * @param config values as `pulumi config set` stores them: text, or JSON for anything else. The keys of secrets count
 * as set with --secret, unless the value is "in-clear".
 */
export async function simulate<T>(
    config: Record<string, unknown>,
    program: () => Promise<T> | T,
    { preview = false, resources = new Registrations() }: SimulationOptions = {},
): Promise<{ resources: Registrations; outputs: T }> {
    await pulumi.runtime.setMocks(
        {
            newResource: ({ type, name, inputs }) => ({
                id: `${name}-id`,
                state: stateOf(type, name, inputs, preview),
            }),
            call: ({ inputs }) => inputs,
        },
        project,
        "test",
        preview,
        "organization",
    );
    record(resources);
    const entries = Object.entries(config).map(([key, value]): [string, string] => [
        key.includes(":") ? key : `${project}:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    pulumi.runtime.setAllConfig(
        Object.fromEntries(entries),
        entries.filter(([key, value]) => isSecretKey(key) && value !== "in-clear").map(([key]) => key),
    );
    const outputs = await program();
    await (pulumi.runtime as unknown as { waitForRPCs(): Promise<void> }).waitForRPCs();
    return { resources, outputs };
}

function isSecretKey(key: string): boolean {
    return (secretKeys as readonly string[]).includes(key.slice(key.indexOf(":") + 1));
}

/** A created resource's outputs. In a preview the cluster has given it no status yet. */
function stateOf(
    type: string,
    name: string,
    inputs: Record<string, unknown>,
    preview: boolean,
): Record<string, unknown> {
    if (type.startsWith("random:")) {
        const { rotation } = (inputs.keepers ?? {}) as { rotation?: string };
        return { ...inputs, result: `random-of-${name}${rotation === undefined ? "" : `-since-${rotation}`}` };
    }
    if (!type.startsWith("kubernetes:")) return inputs;
    return {
        ...inputs,
        metadata: renamed(inputs.metadata),
        status: preview ? undefined : statuses[inputs.kind as string],
    };
}

/** An object's metadata as the simulated cluster has it; what was registered as a secret comes back as one. */
function renamed(metadata: unknown): unknown {
    if (isSecret(metadata)) return { ...metadata, value: renamed(metadata.value) };
    const { name, ...others } = metadata as KubernetesObject["metadata"];
    return { ...others, name: outputOf(name) };
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
    getAdditionalsecretoutputsList(): string[];
    getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
}
type Register = (
    request: RegisterRequest,
    callback: (error: unknown, response?: { getUrn(): string }) => void,
) => Promise<void>;

function record(resources: Registrations): void {
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
                inputs: withoutSignatures(object) as Record<string, unknown>,
                parent: request.getParent(),
                dependsOn: request.getDependenciesList(),
                deletedWith: request.getDeletedwith(),
                provider: request.getProvider(),
                version: request.getVersion(),
                createTimeout: request.getCustomtimeouts()?.getCreate(),
                additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
                secretInputs: Object.keys(object).filter((key) => holdsSecret(object[key])),
            });
            callback(error, response);
        });
}

/** Resolves an output; tells whether it is a secret. */
export async function resolve<T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean }> {
    const value = await new Promise<T>((done) => void output.apply(done));
    return { value, secret: await pulumi.isSecret(output) };
}

/** The signature by which Pulumi marks a value on the wire, and the one that says secret. */
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

function isSecret(value: unknown): value is { value: unknown } {
    return (
        typeof value === "object" && value !== null && (value as Record<string, unknown>)[signature] === secretSignature
    );
}

function holdsSecret(value: unknown): boolean {
    return isSecret(value) || (typeof value === "object" && value !== null && Object.values(value).some(holdsSecret));
}

function withoutSignatures(value: unknown): unknown {
    if (isSecret(value)) return withoutSignatures(value.value);
    if (Array.isArray(value)) return value.map(withoutSignatures);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutSignatures(inner)]));
}
