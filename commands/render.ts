import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { RunError } from "@pulumi/pulumi";
import { Command } from "commander";
import { toYaml } from "../components/toYaml";
import { render, type RenderedObject, unknownPlaceholder } from "../stacks/render";
import { overrides, readSettings, secretPlaceholder, SettingsError } from "../stacks/settings";

interface Options {
    readonly stack: string;
    readonly output?: string;
    readonly config?: readonly string[];
}

const program = new Command("npm run render --")
    .description(
        `Writes every Kubernetes object that \`pulumi up\` would apply as YAML, without cluster, engine or plugins. Secrets are ${secretPlaceholder}, and what only the cluster knows is ${unknownPlaceholder}.`,
    )
    .requiredOption("--stack <stack>", "the stack, one with a Pulumi.<stack>.yaml: staging, or my-org/staging")
    .option(
        "--output <folder>",
        "folder for the files, one for each component; - for one stream in the order of application (default: rendered/<stack>)",
    )
    .option("--config <key=value...>", "values that go before those of Pulumi.<stack>.yaml")
    .addHelpText("after", "\nFor a stream: npm run --silent render -- --stack staging --output - | kubeconform")
    .allowExcessArguments(false)
    .showHelpAfterError()
    .action(async ({ stack, output, config = [] }: Options) => {
        const stream = output === "-";
        // The SDK logs to standard output where there is no engine; the stream has that to itself.
        if (stream) console.log = console.error;
        const settings = readSettings(stack, overrides(config));
        const objects = await render(settings);
        const header = `# Rendered from the stack ${settings.stack}: ${secretPlaceholder} and ${unknownPlaceholder} stand for values that aren't here.\n`;
        if (stream) return print(header + documents(objects));
        const folder = resolve(process.env.INIT_CWD ?? process.cwd(), output ?? join("rendered", settings.stack));
        const components = await writeFiles(folder, header, objects);
        console.log(`${objects.length} objects of ${components} components: ${relative(process.cwd(), folder)}`);
    });

function documents(objects: readonly RenderedObject[]): string {
    return objects.map(({ object }) => `---\n${toYaml(object)}`).join("");
}

/** Writes a file for each component, and removes those of an earlier run that has none of them any more. */
async function writeFiles(folder: string, header: string, objects: readonly RenderedObject[]): Promise<number> {
    const byComponent = new Map<string, RenderedObject[]>();
    for (const one of objects) byComponent.set(one.component, [...(byComponent.get(one.component) ?? []), one]);
    await mkdir(folder, { recursive: true });
    for (const [component, own] of byComponent) {
        await writeFile(join(folder, `${component}.yaml`), header + documents(own));
    }
    for (const file of (await readdir(folder)).filter((name) => name.endsWith(".yaml"))) {
        if (byComponent.has(file.slice(0, -".yaml".length))) continue;
        const text = await readFile(join(folder, file), "utf8");
        if (text.startsWith("# Rendered from the stack ")) await rm(join(folder, file));
    }
    return byComponent.size;
}

/** Whoever reads the stream may stop, as `head` does. */
function print(text: string): void {
    process.stdout.on("error", ({ code }: NodeJS.ErrnoException) => {
        if (code !== "EPIPE") throw new Error(`standard output can't be written: ${code}`);
    });
    process.stdout.write(text);
}

program.parseAsync().catch((error: unknown) => {
    const expected = RunError.isInstance(error) || error instanceof SettingsError;
    console.error(expected ? (error as Error).message : error);
    process.exitCode = 1;
});
