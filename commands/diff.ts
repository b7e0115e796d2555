import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { Command, Option } from "commander";
import { SettingsError, stackNames } from "../stacks/settings";
import { compare, type StackChanges } from "./diff/changes";
import { asMarkdown, asText } from "./diff/report";
import { checkOut, here, renderIn, type Revision, RevisionError } from "./diff/revision";

interface Options {
    readonly base: string;
    readonly stack?: readonly string[];
    readonly format: "text" | "markdown" | "json";
    readonly changes?: string;
    readonly exitCode?: boolean;
}

/** As git has it: 1 is for differences, so another one is for what went wrong. */
const failed = 2;

const program = new Command("npm run diff --")
    .description(
        "Shows what the changes since a Git revision do to the objects that `pulumi up` would apply: both are rendered, and compared object by object. It needs no cluster.",
    )
    .option("--base <revision>", "the revision to compare with; it is checked out into a temporary worktree", "main")
    .option("--stack <stack...>", "the stacks to compare (default: each that has a Pulumi.<stack>.yaml, here or there)")
    .addOption(
        new Option("--format <format>", "how to print it; markdown is for a pull request's comment")
            .choices(["text", "markdown", "json"])
            .default("text"),
    )
    .option("--changes <file>", "also write it to this file, as --format json prints it")
    .option("--exit-code", "exit with 1 if there are differences, as `git diff --exit-code` does; errors are 2")
    .allowExcessArguments(false)
    .showHelpAfterError()
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : failed))
    .action(async ({ base, stack, format, changes, exitCode }: Options) => {
        const stacks = await inRevision(base, (revision) => compareStacks(base, revision, stack));
        const json = `${JSON.stringify(stacks, undefined, 4)}\n`;
        if (changes !== undefined) await writeFile(resolve(process.env.INIT_CWD ?? process.cwd(), changes), json);
        const color = process.stdout.isTTY && process.env.NO_COLOR === undefined;
        const formats = { text: () => asText(stacks, { color }), markdown: () => asMarkdown(stacks), json: () => json };
        process.stdout.write(formats[format]());
        if (stacks.some(({ error }) => error !== undefined)) process.exitCode = failed;
        else if (exitCode && stacks.some((one) => one.changes.length > 0)) process.exitCode = 1;
    });

async function inRevision<T>(base: string, action: (revision: Revision) => Promise<T>): Promise<T> {
    const revision = checkOut(base);
    const interrupted = (): void => {
        revision.remove();
        process.exit(failed);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
    for (const signal of signals) process.once(signal, interrupted);
    try {
        return await action(revision);
    } finally {
        for (const signal of signals) process.off(signal, interrupted);
        revision.remove();
    }
}

/** One after the other: rendering is work for a processor, and each comparison has two. */
async function compareStacks(
    base: string,
    { folder, commit }: Revision,
    chosen: readonly string[] | undefined,
): Promise<StackChanges[]> {
    const known = [...new Set([...stackNames(folder), ...stackNames(here)])].sort();
    const unknown = (chosen ?? []).filter((stack) => !known.includes(stack));
    if (unknown.length > 0) {
        throw new SettingsError(
            `--stack ${unknown.join(" ")}: neither this checkout nor ${base} has such a Pulumi.<stack>.yaml. There are ${known.join(", ")}.`,
        );
    }
    const results: StackChanges[] = [];
    for (const stack of chosen ?? known) {
        console.error(`Rendering ${stack}, at ${base} (${commit}) and here …`);
        const [before, after] = await Promise.allSettled([
            renderIn(folder, base, stack),
            renderIn(here, "this checkout", stack),
        ]);
        if (before.status === "fulfilled" && after.status === "fulfilled") {
            results.push(compare(stack, before.value, after.value));
            continue;
        }
        const reasons = [before, after].flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
        results.push({ stack, changes: [], unchanged: 0, error: reasons.map(({ message }) => message).join("\n") });
    }
    return results;
}

program.parseAsync().catch((error: unknown) => {
    const expected = error instanceof SettingsError || error instanceof RevisionError;
    console.error(expected ? error.message : error);
    process.exitCode = failed;
});
