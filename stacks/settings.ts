import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { nearest } from "../components/suggest";
import { secretKeys as keysOfSecrets } from "./config";

/** What Pulumi.yaml and Pulumi.<stack>.yaml say of a stack, as the engine would hand it to the program. */
export interface StackSettings {
    /** Pulumi's own word for "none" if the stack's name has none: that of a backend that isn't Pulumi Cloud. */
    readonly organization: string;
    readonly project: string;
    readonly stack: string;
    /** By full key, such as `flux-to-tekton:gitUrl` or `kubernetes:context`; what isn't text is JSON. */
    readonly config: Readonly<Record<string, string>>;
    /** Keys of {@link config} whose values are secrets: {@link secretPlaceholder} stands for each encrypted one. */
    readonly secretKeys: readonly string[];
}

/** Where a secret's value would stand. */
export const secretPlaceholder = "[secret]";

/** The settings can't be read. The message is meant for the user as it is. */
export class SettingsError extends Error {
    override readonly name = "SettingsError";
}

const root = resolve(__dirname, "..");

/**
 * The stacks that have a Pulumi.<stack>.yaml, sorted.
 * @param folder of the project @default this checkout
 */
export function stackNames(folder: string = root): string[] {
    return readdirSync(folder)
        .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
        .sort();
}

/**
 * Values given as `key=value`, for {@link readSettings}; a value may hold further equals signs.
 * @throws SettingsError
 */
export function overrides(settings: readonly string[]): Record<string, string> {
    return Object.fromEntries(
        settings.map((setting) => {
            const at = setting.indexOf("=");
            if (at < 1) {
                throw new SettingsError(`--config ${setting}: must be key=value, such as listenerReplicas=2.`);
            }
            return [setting.slice(0, at), setting.slice(at + 1)];
        }),
    );
}

/**
 * Reads a stack's settings from their files alone: without engine, backend, and the key of the encrypted values.
 * @param stack as `pulumi stack select` takes it: `staging`, `my-org/staging` or `my-org/flux-to-tekton/staging`
 * @param overrides values that go before those of the files; a key without a namespace is one of the project's
 * @param folder of the project @default this checkout
 * @throws SettingsError
 */
export function readSettings(
    stack: string,
    overrides: Readonly<Record<string, string>> = {},
    folder: string = root,
): StackSettings {
    const parts = stack.split("/");
    const name = parts.at(-1)!;
    const path = join(folder, `Pulumi.${name}.yaml`);
    if (parts.length > 3 || !existsSync(path)) throw new SettingsError(unknownStack(stack, stackNames(folder)));
    const project = readYaml(join(folder, "Pulumi.yaml")) as { name: string; config?: Record<string, unknown> };
    const own = (readYaml(path) ?? {}) as { config?: Record<string, unknown>; environment?: unknown };
    if (own.environment !== undefined) {
        throw new SettingsError(
            `Pulumi.${name}.yaml imports from Pulumi ESC (environment: …), and only Pulumi can read that. Set the values in the file itself.`,
        );
    }

    const qualified = (key: string): string => (key.includes(":") ? key : `${project.name}:${key}`);
    const values = new Map([
        ...Object.entries(project.config ?? {}).map(
            ([key, declared]) => [qualified(key), byProject(declared)] as const,
        ),
        ...Object.entries(own.config ?? {}).map(([key, value]) => [qualified(key), value] as const),
        ...Object.entries(overrides).map(([key, value]) => [qualified(key), value] as const),
    ]);
    const given = [...values].filter(([, value]) => value !== undefined && value !== null);
    const isOverridden = new Set(Object.keys(overrides).map(qualified));
    const isSecretKey = new Set(keysOfSecrets.map(qualified));
    return {
        organization: parts.length > 1 ? parts[0]! : "organization",
        project: project.name,
        stack: name,
        config: Object.fromEntries(given.map(([key, value]) => [key, asText(decrypted(value))])),
        secretKeys: given
            // Nobody encrypts what is given for this once; `up` would have it encrypted.
            .filter(([key, value]) => holdsSecret(value) || (isOverridden.has(key) && isSecretKey.has(key)))
            .map(([key]) => key),
    };
}

function unknownStack(stack: string, names: readonly string[]): string {
    const name = stack.split("/").at(-1)!;
    const match = nearest(name, names);
    const suggestion = match === undefined ? "" : ` Did you mean ${match}?`;
    return `there is no stack ${JSON.stringify(stack)}: no Pulumi.${name}.yaml. There are ${names.join(", ")}.${suggestion}`;
}

function readYaml(path: string): unknown {
    try {
        return parse(readFileSync(path, "utf8"));
    } catch (error) {
        throw new SettingsError(`${path} can't be read: ${(error as Error).message}`);
    }
}

/** What Pulumi.yaml gives for a key: a declaration's default, a `value`, or the value itself. */
function byProject(declared: unknown): unknown {
    if (typeof declared !== "object" || declared === null || Array.isArray(declared)) return declared;
    const { default: byDefault, value } = declared as { default?: unknown; value?: unknown };
    return value ?? byDefault;
}

/** An encrypted value, `{ secure: … }`, may stand at any depth. */
function isEncrypted(value: object): boolean {
    const keys = Object.keys(value);
    return keys.length === 1 && keys[0] === "secure";
}

function holdsSecret(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    return isEncrypted(value) || Object.values(value).some(holdsSecret);
}

function decrypted(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if (isEncrypted(value)) return secretPlaceholder;
    if (Array.isArray(value)) return value.map(decrypted);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decrypted(inner)]));
}

function asText(value: unknown): string {
    return typeof value === "string" ? value : JSON.stringify(value);
}
