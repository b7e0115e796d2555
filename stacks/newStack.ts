import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Document, isMap, parse, parseDocument } from "yaml";
import { keyTypes, readConfig } from "./config";
import { readSettings, SettingsError } from "./settings";
import { simulate } from "./simulation";

/** What a new stack is to be. */
export interface NewStackArgs {
    /** Its name, without organization and project. */
    readonly name: string;
    /** The stack whose Pulumi.<stack>.yaml it starts from, comments included. */
    readonly like: string;
    /** What is its own, by key; structured values as JSON. */
    readonly config: Readonly<Record<string, string>>;
    /** Of the project. @default this checkout */
    readonly folder?: string;
}

/** A stack's file that has been written. */
export interface NewStack {
    readonly path: string;
    /** Keys of the secrets that the other stack has: they can't be read without its key, and are to be set again. */
    readonly secrets: readonly string[];
}

const root = resolve(__dirname, "..");

/**
 * Where a new stack's file goes.
 * @throws SettingsError for what can't be a stack's name, or is one already
 */
export function newStackPath(name: string, folder: string = root): string {
    // https://www.pulumi.com/docs/iac/concepts/stacks/
    if (!/^[\w.-]{1,100}$/.test(name)) {
        throw new SettingsError(
            `${JSON.stringify(name)} can't be a stack's name: it must be letters, digits, '.', '-' and '_', 100 characters at most.`,
        );
    }
    const path = join(folder, `Pulumi.${name}.yaml`);
    if (existsSync(path)) throw alreadyThere(name);
    return path;
}

/**
 * Writes the Pulumi.<name>.yaml of a new stack, once the program's own check has found nothing wrong with it. A file
 * that is there is never changed.
 * @throws SettingsError, ConfigError
 */
export async function newStack({ name, like, config, folder = root }: NewStackArgs): Promise<NewStack> {
    const path = newStackPath(name, folder);
    // Only for what it says of a stack that there isn't.
    const { project } = readSettings(like, {}, folder);
    const document = parseDocument(readFileSync(join(folder, `Pulumi.${like.split("/").at(-1)!}.yaml`), "utf8"));
    for (const [key, text] of Object.entries(config)) {
        document.setIn(["config", key.includes(":") ? key : `${project}:${key}`], toValue(key, text));
    }
    await check(name, document, folder);
    const secrets = removeSecrets(document);
    try {
        writeFileSync(path, document.toString({ lineWidth: 0, indent: 4 }), { flag: "wx" });
    } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EEXIST") throw alreadyThere(name);
        throw error;
    }
    return { path, secrets: secrets.map((key) => key.replace(`${project}:`, "")) };
}

function alreadyThere(name: string): SettingsError {
    return new SettingsError(
        `Pulumi.${name}.yaml is there already, and stays as it is. Choose another name, or change it: pulumi config set --stack ${name} KEY VALUE.`,
    );
}

/** Text as text, also if it looks like a number; all else as what it means. */
function toValue(key: string, text: string): unknown {
    const type = keyTypes()[key]?.type;
    if (type === undefined || type === "string") return text;
    try {
        return parse(text);
    } catch {
        return text;
    }
}

/** The program's own check of the config, with the encrypted values that it starts from. */
async function check(name: string, document: Document, folder: string): Promise<void> {
    const copy = await mkdtemp(join(tmpdir(), "new-stack-"));
    try {
        await writeFile(join(copy, "Pulumi.yaml"), readFileSync(join(folder, "Pulumi.yaml")));
        await writeFile(join(copy, `Pulumi.${name}.yaml`), document.toString());
        await simulate(readConfig, {
            settings: readSettings(name, {}, copy),
            resources: [],
            stateOf: (_type, _name, inputs) => ({ state: inputs }),
        });
    } finally {
        await rm(copy, { recursive: true });
    }
}

/** Removes what only the other stack's key can read, and that key's own settings. */
function removeSecrets(document: Document): string[] {
    for (const key of ["encryptionsalt", "encryptedkey", "secretsprovider"]) document.delete(key);
    const config = document.get("config");
    if (!isMap(config)) return [];
    const secrets = config.items
        .filter(({ value }) => /\bsecure\b/.test(JSON.stringify(value)))
        .map(({ key }) => String(key));
    for (const key of secrets) config.delete(key);
    return secrets;
}
