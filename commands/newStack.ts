import { relative } from "node:path";
import { createInterface } from "node:readline/promises";
import { Command } from "commander";
import { ConfigError } from "../stacks/config";
import { newStack, newStackPath } from "../stacks/newStack";
import { overrides, readSettings, SettingsError, stackNames } from "../stacks/settings";

interface Options {
    readonly like: string;
    readonly config?: readonly string[];
}

/** What is hardly ever the same for two stacks. */
const questions = ["gitUrl", "gitPath", "receiverBaseUrl"];

const program = new Command("npm run new-stack --")
    .description(
        "Writes the Pulumi.<name>.yaml of a new stack, like that of another, and checks it as `pulumi up` would. A file that is there is never changed. At a terminal it asks for what isn't given.",
    )
    .argument("<name>", "the stack's name, such as qa")
    .option("--like <stack>", `the stack to start from: ${stackNames().join(", ")}`, "production")
    .option("--config <key=value...>", "what is its own, such as gitPath=./clusters/qa")
    .allowExcessArguments(false)
    .showHelpAfterError()
    .action(async (name: string, { like, config = [] }: Options) => {
        newStackPath(name);
        const given = overrides(config);
        const answers = await ask(like, given);
        const { path, secrets } = await newStack({ name, like, config: { ...given, ...answers } });
        const steps = [
            `npm run render -- --stack ${name}`,
            `pulumi stack init ${name}`,
            ...secrets.map((key) => `pulumi config set --stack ${name} --secret ${key}`),
            `pulumi up --stack ${name}`,
        ];
        console.log(`${relative(process.cwd(), path)} is like ${like}. Look through it; then:\n`);
        for (const step of steps) console.log(`    ${step}`);
    });

/** Asks for each of the questions that the other stack has an answer to; its answer is the default. */
async function ask(like: string, given: Readonly<Record<string, string>>): Promise<Record<string, string>> {
    const { config, project } = readSettings(like);
    const open = questions.filter((key) => given[key] === undefined && config[`${project}:${key}`]);
    if (open.length === 0) return {};
    if (!process.stdin.isTTY) {
        if (!open.includes("gitUrl")) return {};
        throw new SettingsError(
            "gitUrl: isn't given, and there is no terminal to ask at. Give it: --config gitUrl=https://…",
        );
    }
    const terminal = createInterface({ input: process.stdin, output: process.stdout });
    terminal.once("SIGINT", () => process.exit(130));
    try {
        const answers: Record<string, string> = {};
        for (const key of open) {
            const byDefault = config[`${project}:${key}`]!;
            answers[key] = (await terminal.question(`${key} [${byDefault}]: `)).trim() || byDefault;
        }
        return answers;
    } finally {
        terminal.close();
    }
}

program.parseAsync().catch((error: unknown) => {
    // The questions' end, Ctrl-D, is an answer, too.
    if ((error as NodeJS.ErrnoException).code === "ABORT_ERR") return process.exit(130);
    const expected = error instanceof ConfigError || error instanceof SettingsError;
    console.error(expected ? (error as Error).message : error);
    process.exitCode = 1;
});
