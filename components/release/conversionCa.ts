import type { KubernetesObject } from "../kubernetesObject";

interface Conversion {
    readonly webhook?: { readonly clientConfig?: { readonly caBundle?: string } };
}

interface Spec {
    readonly conversion?: Conversion;
    readonly versions?: readonly unknown[];
}

/** How to register a CustomResourceDefinition. */
export interface RegisteredDefinition {
    /** The definition as it is to be. */
    readonly object: KubernetesObject;
    /** The option of that name. */
    readonly ignoreChanges: string[];
}

/**
 * A CustomResourceDefinition that keeps the CA of its conversion webhook, which the webhook's controller has filled in.
 * The provider updates definitions by a PUT, and what isn't in that is gone; until the controller has put the CA back,
 * objects can be read in no other version than the stored one.
 *
 * So a definition that is about to change has the CA that is on the cluster. One that isn't has what it had at its last
 * change, the CA of then or none: to have it or not mustn't be a change by itself.
 * @param installed the definition as the cluster has it, if it does
 */
export function keepingConversionCa(
    definition: KubernetesObject,
    installed: KubernetesObject | undefined,
): RegisteredDefinition {
    const spec = definition.spec as Spec;
    const { webhook } = spec.conversion ?? {};
    if (webhook === undefined) return { object: definition, ignoreChanges: [] };
    const caBundle = (installed?.spec as Spec | undefined)?.conversion?.webhook?.clientConfig?.caBundle;
    if (caBundle === undefined || isInstalled(definition, installed!)) {
        return { object: definition, ignoreChanges: ["spec.conversion.webhook.clientConfig.caBundle"] };
    }
    const clientConfig = { ...webhook.clientConfig, caBundle };
    const conversion = { ...spec.conversion, webhook: { ...webhook, clientConfig } };
    return { object: { ...definition, spec: { ...spec, conversion } }, ignoreChanges: [] };
}

/** Whether the definition on the cluster is this one. The API server adds defaults, but none to the versions. */
function isInstalled(definition: KubernetesObject, installed: KubernetesObject): boolean {
    const versions = (object: KubernetesObject): unknown => (object.spec as Spec).versions;
    return covers(installed, definition) && covers(versions(definition), versions(installed));
}

/** Whether one value has everything that another has. What is false, empty or 0 needn't be there: it is the default. */
function covers(value: unknown, part: unknown): boolean {
    if (Array.isArray(part)) {
        return Array.isArray(value) && value.length === part.length && part.every((one, i) => covers(value[i], one));
    }
    if (typeof part !== "object" || part === null) return value === part || (value === undefined && !part);
    if (typeof value !== "object" || value === null) return false;
    const fields = value as Readonly<Record<string, unknown>>;
    return Object.entries(part).every(([key, one]) => covers(fields[key], one));
}
