import type { KubernetesObject } from "../../../components/kubernetesObject";
import { type Event, evaluate, type Json, type Secrets } from "./cel";
import { outputOf, type Registrations } from "./engine";

interface CelParams {
    readonly filter?: string;
    readonly overlays?: readonly { readonly key: string; readonly expression: string }[];
}
type Interceptor = { readonly cel: CelParams } | { readonly params: readonly { name: string; value: unknown }[] };
interface Param {
    readonly name: string;
    readonly value: string;
}
interface Trigger {
    readonly name: string;
    readonly bindings: readonly ({ readonly ref: string } | Param)[];
    readonly interceptors: readonly Interceptor[];
    readonly template: { readonly ref?: string; readonly name?: string };
}

/**
 * A simulated EventListener: what Tekton Triggers makes of an event with the triggers, bindings and templates that the
 * program registered. Expressions are evaluated by a real CEL; the rest is written after
 * https://tekton.dev/docs/triggers/eventlisteners/ and stands for no listener's timing, access or logging.
 */
export class SimulatedListener {
    private readonly secrets: Secrets;

    constructor(private readonly resources: Registrations) {
        this.secrets = secretsOf(resources);
    }

    /** The PipelineRuns that an event starts, each as the template writes it. */
    runs(event: Event): KubernetesObject[] {
        const { triggers } = this.resources.object("EventListener").inputs.spec as { triggers: readonly Trigger[] };
        return triggers.flatMap((trigger) => this.fired(trigger, event) ?? []);
    }

    private fired(trigger: Trigger, event: Event): KubernetesObject[] | undefined {
        let body = event.body;
        let extensions: Json = {};
        for (const interceptor of trigger.interceptors) {
            const inline = "cel" in interceptor;
            const { filter, overlays = [] } = inline ? interceptor.cel : celParams(interceptor.params);
            const on = { headers: event.headers, body };
            const given = { secrets: this.secrets, extensions };
            if (filter !== undefined && !passes(filter, on, given)) return undefined;
            const added = Object.fromEntries(
                overlays.map(({ key, expression }) => [key, evaluate(expression, on, given) as string]),
            );
            // In 2020 overlays were written into the body.
            if (inline) body = { ...body, ...added };
            else extensions = { ...extensions, ...added };
        }
        const params = this.params(trigger, { body, extensions });
        const template = this.object("TriggerTemplate", trigger.template.ref ?? trigger.template.name);
        const { resourcetemplates } = template.spec as { resourcetemplates: KubernetesObject[] };
        return resourcetemplates.map((resource) => substitute(resource, params));
    }

    private params({ bindings }: Trigger, event: Json): Record<string, string> {
        return Object.fromEntries(
            bindings.flatMap((binding) => {
                const { params } =
                    "ref" in binding
                        ? (this.object("TriggerBinding", binding.ref).spec as { params: Param[] })
                        : { params: [binding] };
                return params.map(({ name, value }) => [name, value.replace(/\$\(([^)]+)\)/g, (_, p) => at(event, p))]);
            }),
        );
    }

    /** The object that the simulated cluster knows by this name. */
    private object(kind: string, name: string | undefined): KubernetesObject {
        const found = this.resources
            .objects()
            .find(({ inputs }) => inputs.kind === kind && outputOf(inputs.metadata.name) === name);
        if (found === undefined) throw new Error(`the trigger refers to ${kind} ${name}, which isn't there`);
        return found.inputs;
    }
}

/** The Secrets of the simulated cluster. */
export function secretsOf(resources: Registrations): Secrets {
    const secrets: Record<string, string> = {};
    for (const { inputs } of resources.objects().filter(({ inputs }) => inputs.kind === "Secret")) {
        const { name, namespace } = inputs.metadata;
        for (const [key, value] of Object.entries(inputs.stringData as Record<string, string>)) {
            secrets[`${namespace}/${outputOf(name)}/${key}`] = value;
        }
    }
    return secrets;
}

/** Tekton takes an error for "no". */
function passes(filter: string, event: Event, given: { secrets: Secrets; extensions: Json }): boolean {
    try {
        return evaluate(filter, event, given) === true;
    } catch {
        return false;
    }
}

function celParams(params: readonly { name: string; value: unknown }[]): CelParams {
    return Object.fromEntries(params.map(({ name, value }) => [name, value]));
}

/** A field of an event; one that isn't there is an error, as it is to Tekton. */
function at(event: Json, path: string): string {
    const value = path.split(".").reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], event);
    if (typeof value !== "string") throw new Error(`the event has no text at ${path}`);
    return value;
}

/** A template with its parameters put in; `$(uid)` becomes a UUID, as Tekton Triggers makes one. */
function substitute(template: KubernetesObject, params: Record<string, string>): KubernetesObject {
    const text = JSON.stringify(template)
        .replaceAll("$(uid)", "31313131-3131-4131-b131-313131313131")
        .replace(/\$\(tt\.params\.([a-zA-Z]+)\)/g, (_, name: string) => {
            const value = params[name];
            if (value === undefined) throw new Error(`no binding has the template's parameter ${name}`);
            return JSON.stringify(value).slice(1, -1);
        });
    return JSON.parse(text) as KubernetesObject;
}
