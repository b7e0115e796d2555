import type { KubernetesObject } from "../kubernetesObject";
import { kindId } from "./objectId";

/** A JSON schema, or what a hand-written one may hold in its place. */
type Schema = unknown;

/** Schema keywords whose value is one schema or a list of schemas … */
const schemaKeywords = new Set(["items", "additionalItems", "additionalProperties", "not", "allOf", "anyOf", "oneOf"]);
/** … and those whose value maps names, which may be "description", to schemas. */
const schemaMapKeywords = new Set(["properties", "patternProperties", "definitions", "dependencies"]);

interface Definition extends KubernetesObject {
    readonly spec: {
        readonly group: string;
        readonly names: { readonly kind: string; readonly plural: string };
        /** Of apiextensions.k8s.io/v1beta1, where one version needs no list. */
        readonly version?: string;
        /** Of apiextensions.k8s.io/v1beta1, for all versions. */
        readonly validation?: { readonly openAPIV3Schema?: Schema };
        readonly versions?: readonly {
            readonly name: string;
            readonly served: boolean;
            readonly storage: boolean;
            readonly schema?: { readonly openAPIV3Schema?: Schema };
        }[];
    };
}

/** Whether an object is a CustomResourceDefinition, of either version of its API. @internal */
export function isDefinition(object: KubernetesObject): object is Definition {
    return object.kind === "CustomResourceDefinition" && object.apiVersion.startsWith("apiextensions.k8s.io/");
}

/** Whether an object is a CustomResourceDefinition, and another one of the kind that it defines. @internal */
export function defines(definition: KubernetesObject, object: KubernetesObject): boolean {
    return isDefinition(definition) && kindId(object) === `${definition.spec.group}/${definition.spec.names.kind}`;
}

/** The versions of its kind that a CustomResourceDefinition serves, and the one that objects are stored in. */
export function versionsOf({ spec }: Definition): { readonly served: readonly string[]; readonly stored?: string } {
    const { versions = [{ name: spec.version!, served: true, storage: true }] } = spec;
    return {
        served: versions.filter(({ served }) => served).map(({ name }) => name),
        stored: versions.find(({ storage }) => storage)?.name,
    };
}

/**
 * A CustomResourceDefinition without the descriptions in its schemas, which are most of its bytes; any other object as
 * it is.
 */
export function withoutDescriptions(object: KubernetesObject): KubernetesObject {
    if (!isDefinition(object)) {
        return object;
    }
    const { validation, versions } = object.spec;
    return {
        ...object,
        spec: {
            ...object.spec,
            ...(validation && { validation: withBareSchema(validation) }),
            ...(versions && {
                versions: versions.map((version) =>
                    version.schema ? { ...version, schema: withBareSchema(version.schema) } : version,
                ),
            }),
        },
    };
}

function withBareSchema(holder: { readonly openAPIV3Schema?: Schema }): { readonly openAPIV3Schema?: Schema } {
    return "openAPIV3Schema" in holder ? { ...holder, openAPIV3Schema: bare(holder.openAPIV3Schema) } : holder;
}

function bare(schema: Schema): Schema {
    if (Array.isArray(schema)) {
        return schema.map(bare);
    }
    if (typeof schema !== "object" || schema === null) {
        return schema;
    }
    const entries = Object.entries(schema).filter(([keyword]) => keyword !== "description");
    return Object.fromEntries(
        entries.map(([keyword, value]: [string, unknown]) => [
            keyword,
            schemaKeywords.has(keyword) ? bare(value) : schemaMapKeywords.has(keyword) ? bareValues(value) : value,
        ]),
    );
}

function bareValues(schemas: unknown): unknown {
    const entries: [string, unknown][] = Object.entries(Object(schemas) as Record<string, unknown>);
    return Object.fromEntries(entries.map(([name, schema]) => [name, bare(schema)]));
}
