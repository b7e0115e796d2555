import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { RunError } from "@pulumi/pulumi";
import { Command } from "commander";
import { ReleaseError } from "../components/release";
import { kustomizationFile, type SyncManifests } from "../components/syncManifests";
import { ConfigError, readConfig } from "../stacks/config";
import { loadManifests } from "../stacks/manifests";
import { overrides, readSettings, SettingsError, type StackSettings } from "../stacks/settings";
import { simulate } from "../stacks/simulation";
import { syncFiles } from "../stacks/syncFiles";

interface Options {
    readonly stack: string;
    readonly output: string;
    readonly config?: readonly string[];
}

const program = new Command("npm run sync-manifests --")
    .description(
        "Writes what `flux bootstrap` commits, the files by which Flux keeps itself as Git says, for a stack with syncOwner git: <gitPath>/<fluxNamespace>/{gotk-components,gotk-sync,kustomization}.yaml. A kustomization.yaml that is there already is left as it is.",
    )
    .requiredOption("--stack <stack>", "the stack, one with a Pulumi.<stack>.yaml: production, or my-org/production")
    .requiredOption("--output <folder>", "a checkout of the repository that Flux follows")
    .option("--config <key=value...>", "values that go before those of Pulumi.<stack>.yaml")
    .allowExcessArguments(false)
    .showHelpAfterError()
    .action(async ({ stack, output, config = [] }: Options) => {
        const folder = resolve(process.env.INIT_CWD ?? process.cwd(), output);
        if (!existsSync(folder)) throw new SettingsError(`--output ${output}: there is no such folder.`);
        const changed = await writeFiles(folder, await filesOf(readSettings(stack, overrides(config))));
        console.log(
            changed === 0
                ? "Nothing to commit."
                : "Commit and push them, and Flux makes itself so. `pulumi up` leaves Flux's objects alone.",
        );
    });

/** The files, of the stack's settings alone: no engine, no cluster. */
async function filesOf(settings: StackSettings): Promise<SyncManifests> {
    const read = async (): Promise<SyncManifests> => {
        const config = readConfig();
        if (config.syncOwner !== "git") {
            throw new ConfigError([
                `syncOwner: is ${config.syncOwner}, and Flux would be kept by two. Set it first: pulumi config set syncOwner git.`,
            ]);
        }
        return syncFiles(config, await loadManifests(config));
    };
    const nothing = (_: string, __: string, inputs: Record<string, unknown>): { state: object } => ({ state: inputs });
    return simulate(read, { settings, stateOf: nothing, resources: [] });
}

/** Returns how many files have changed. */
async function writeFiles(folder: string, files: SyncManifests): Promise<number> {
    let changed = 0;
    for (const [path, content] of Object.entries(files)) {
        const file = join(folder, path);
        const before = existsSync(file) ? await readFile(file, "utf8") : undefined;
        const kept = before !== undefined && (before === content || basename(path) === kustomizationFile);
        console.log(`${kept ? "unchanged" : before === undefined ? "new" : "changed"}  ${path}`);
        if (kept) continue;
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
        changed++;
    }
    return changed;
}

program.parseAsync().catch((error: unknown) => {
    const known = [ConfigError, ReleaseError, SettingsError].some((type) => error instanceof type);
    console.error(known || RunError.isInstance(error) ? (error as Error).message : error);
    process.exitCode = 1;
});
