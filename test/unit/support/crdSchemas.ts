import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import type { KubernetesObject } from "../../../components/kubernetesObject";

/** The part of a structural schema that is looked into. https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema */
interface Schema {
    readonly type?: string;
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly additionalProperties?: Schema | boolean;
    readonly items?: Schema;
    readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
    readonly [keyword: string]: unknown;
}

interface DefinitionSpec {
    readonly group: string;
    readonly names: { readonly kind: string };
    /** Of apiextensions.k8s.io/v1beta1: the one version, and the schema of all. */
    readonly version?: string;
    readonly validation?: { readonly openAPIV3Schema?: Schema };
    readonly preserveUnknownFields?: boolean;
    readonly versions?: readonly {
        readonly name: string;
        readonly served?: boolean;
        readonly schema?: { readonly openAPIV3Schema?: Schema };
    }[];
}

/**
 * Checks custom resources as an API server with these CustomResourceDefinitions would: the API version is served, the
 * fields have the right types and values, and none is unknown, which an API server would drop without a word. It doesn't
 * evaluate `x-kubernetes-validations`.
 */
export class CrdSchemas {
    private readonly validators = new Map<string, ValidateFunction>();
    private readonly schemaless = new Set<string>();
    private readonly kinds = new Set<string>();

    constructor(manifest: readonly KubernetesObject[]) {
        const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
        for (const { kind, spec } of manifest) {
            if (kind !== "CustomResourceDefinition") continue;
            const { group, names, version, versions, validation } = spec as DefinitionSpec;
            this.kinds.add(`${group} ${names.kind}`);
            for (const { name, served, schema } of versions ?? [{ name: version!, served: true }]) {
                if (served === false) continue;
                const root = schema?.openAPIV3Schema ?? validation?.openAPIV3Schema;
                const id = `${group}/${name} ${names.kind}`;
                if (root?.properties === undefined) this.schemaless.add(id);
                else this.validators.set(id, ajv.compile(asJsonSchema(ofObjects(root))));
            }
        }
    }

    /** Whether the object's kind is defined here, in whatever version. */
    defines({ apiVersion, kind }: Pick<KubernetesObject, "apiVersion" | "kind">): boolean {
        return this.kinds.has(`${apiVersion.split("/")[0]} ${kind}`);
    }

    /** Whether the kind is served in this version without a schema: anything is taken then. */
    isSchemaless({ apiVersion, kind }: Pick<KubernetesObject, "apiVersion" | "kind">): boolean {
        return this.schemaless.has(`${apiVersion} ${kind}`);
    }

    /** All that is wrong with an object, a line each. */
    problems(object: Pick<KubernetesObject, "apiVersion" | "kind">): string[] {
        const id = `${object.apiVersion} ${object.kind}`;
        if (this.schemaless.has(id)) return [];
        const validate = this.validators.get(id);
        if (validate === undefined) return [`${id} is not served`];
        return validate(object) ? [] : (validate.errors ?? []).map(line);
    }
}

function line({ instancePath, message, params }: ErrorObject): string {
    const unknown = (params as { additionalProperty?: string }).additionalProperty;
    return unknown === undefined ? `${instancePath} ${message}` : `${instancePath}/${unknown} is an unknown field`;
}

/** A structural schema as JSON Schema, which allows unknown fields unless told otherwise; Kubernetes drops them. */
function asJsonSchema(schema: Schema): Schema {
    const { properties, additionalProperties, items } = schema;
    const open = schema["x-kubernetes-preserve-unknown-fields"] === true || schema.type !== "object";
    return {
        ...schema,
        ...(properties && {
            properties: Object.fromEntries(
                Object.entries(properties).map(([name, property]) => [name, asJsonSchema(property)]),
            ),
        }),
        ...(items && { items: asJsonSchema(items) }),
        ...(typeof additionalProperties === "object"
            ? { additionalProperties: asJsonSchema(additionalProperties) }
            : { additionalProperties: additionalProperties ?? open }),
    };
}

/** A definition's schema with the fields that every object has, and that aren't the definition's to describe. */
function ofObjects(schema: Schema): Schema {
    const metadata = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
    return {
        ...schema,
        properties: { ...schema.properties, apiVersion: { type: "string" }, kind: { type: "string" }, metadata },
    };
}
