import { FAILSAFE_SCHEMA, type Schema, Type } from "js-yaml";

/** A plain scalar: what matches, and what it stands for. */
const scalar = (name: string, pattern: RegExp, construct: (text: string) => unknown): Type =>
    new Type(`tag:yaml.org,2002:${name}`, {
        kind: "scalar",
        // An empty value comes as null.
        resolve: (text: string | null) => pattern.test(text ?? ""),
        construct: (text: string | null) => construct(text ?? ""),
    });

/**
 * YAML as Kubernetes reads it, that is sigs.k8s.io/yaml: YAML 1.1 (`on`, `yes` and `y` are booleans, 0644 is octal, `<<`
 * merges), but without its sexagesimal numbers and with timestamps left as strings, and 1.2's 0o644 as well. A number
 * that JavaScript would have to change throws a RangeError.
 */
export const kubernetesYaml: Schema = FAILSAFE_SCHEMA.extend({
    implicit: [
        scalar("null", /^(?:~|null|Null|NULL)?$/, () => null),
        scalar(
            "bool",
            /^(?:[yY]|yes|Yes|YES|true|True|TRUE|on|On|ON|[nN]|no|No|NO|false|False|FALSE|off|Off|OFF)$/,
            (text) => /^(?:y|true|on)/i.test(text),
        ),
        scalar("int", /^[-+]?(?:0|[1-9][0-9_]*|0[0-7_]+|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+|0[bB][01_]+)$/, (text) => {
            const digits = text.replace(/^[-+]|_/g, "").replace(/^0(?=[0-7])/, "0o");
            const value = Number(BigInt(digits) * (text.startsWith("-") ? -1n : 1n));
            if (Number.isSafeInteger(value)) return value;
            throw new RangeError(`The integer ${text} is too large to be represented exactly`);
        }),
        scalar(
            "float",
            /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/,
            (text) => {
                const value = Number(text.replace(/_/g, ""));
                if (Number.isFinite(value)) return value;
                throw new RangeError(`The number ${text} has no representation in JSON`);
            },
        ),
        new Type("tag:yaml.org,2002:merge", { kind: "scalar", resolve: (text) => text === "<<" }),
    ],
});
