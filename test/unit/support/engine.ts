import * as pulumi from "@pulumi/pulumi";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { secretKeys } from "../../../stacks/config";
import * as simulation from "../../../stacks/simulation";
import { isSecret, prerequisites, type Registered } from "../../../stacks/simulation";

export type { Registered };

/** A registered Kubernetes object. */
export type RegisteredObject = Registered & { readonly inputs: KubernetesObject };

/** The annotation by which a program takes back the fields of its objects that others have edited. */
export const forced = "pulumi.com/patchForce";

/** The annotation by which it says how the objects that an object owns go when it is deleted itself. */
export const propagation = "pulumi.com/deletionPropagationPolicy";

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

    /** Every Kubernetes object of these kinds as it was written: without the annotations that each of its kind gets. */
    written(kinds = /./): KubernetesObject[] {
        const objects = this.objects().filter(({ inputs }) => kinds.test(inputs.kind));
        return objects.map(({ inputs: { metadata, ...fields } }) => {
            const { annotations, ...others } = metadata;
            const own = Object.entries(annotations ?? {}).filter(([key]) => ![forced, propagation].includes(key));
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
            const resource = byUrn.get(urn);
            return resource !== undefined && prerequisites(resource).some(visit);
        };
        return prerequisites(later).some(visit);
    }
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
    const entries = Object.entries(config).map(([key, value]): [string, string] => [
        key.includes(":") ? key : `${project}:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
    ]);
    const outputs = await simulation.simulate(program, {
        settings: {
            organization: "organization",
            project,
            stack: "test",
            config: Object.fromEntries(entries),
            secretKeys: entries.filter(([key, value]) => isSecretKey(key) && value !== "in-clear").map(([key]) => key),
        },
        preview,
        resources,
        stateOf: (type, name, inputs) => ({ id: `${name}-id`, state: stateOf(type, name, inputs, preview) }),
    });
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
    if (type.startsWith("tls:")) {
        return { ...inputs, privateKeyOpenssh: `private-${name}`, publicKeyOpenssh: `public-${name}` };
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

/** Resolves an output; tells whether it is a secret. */
export async function resolve<T>(output: pulumi.Output<T>): Promise<{ value: T; secret: boolean }> {
    const value = await new Promise<T>((done) => void output.apply(done));
    return { value, secret: await pulumi.isSecret(output) };
}
