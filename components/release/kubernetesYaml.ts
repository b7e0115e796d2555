import type { ScalarTag } from "yaml";

/**
 * YAML scalars as Kubernetes resolves them, that is sigs.k8s.io/yaml: YAML 1.1 (`on`, `yes` and `y` are booleans, 0644
 * is octal), but without its sexagesimal numbers and with timestamps left as strings, and 1.2's 0o644 as well.
 * For use as the yaml library's `customTags` on top of its "failsafe" schema.
 */
export const kubernetesScalars: ScalarTag[] = [
    {
        tag: "tag:yaml.org,2002:null",
        default: true,
        test: /^(?:~|null|Null|NULL)?$/,
        resolve: (): null => null,
    },
    {
        tag: "tag:yaml.org,2002:bool",
        default: true,
        test: /^(?:[yY]|yes|Yes|YES|true|True|TRUE|on|On|ON|[nN]|no|No|NO|false|False|FALSE|off|Off|OFF)$/,
        resolve: (text: string): boolean => /^(?:y|true|on)/i.test(text),
    },
    {
        tag: "tag:yaml.org,2002:int",
        default: true,
        test: /^[-+]?(?:0|[1-9][0-9_]*|0[0-7_]+|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+|0[bB][01_]+)$/,
        resolve: (text: string, onError: (message: string) => void): number => {
            const digits = text.replace(/^[-+]|_/g, "").replace(/^0(?=[0-7])/, "0o");
            const value = BigInt(digits) * (text.startsWith("-") ? -1n : 1n);
            if (!Number.isSafeInteger(Number(value))) {
                onError(`The integer ${text} is too large to be represented exactly`);
            }
            return Number(value);
        },
    },
    {
        tag: "tag:yaml.org,2002:float",
        default: true,
        test: /^[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/,
        resolve: (text: string, onError: (message: string) => void): number => {
            const value = Number(text.replace(/_/g, ""));
            if (!Number.isFinite(value)) {
                onError(`The number ${text} has no representation in JSON`);
            }
            return value;
        },
    },
];
