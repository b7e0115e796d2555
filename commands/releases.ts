import { relative } from "node:path";
import { RunError } from "@pulumi/pulumi";
import { Command, InvalidArgumentError, Option } from "commander";
import { type Product, products, ReleaseError } from "../components/release";
import { builtInLockPath } from "../components/release/lockFile";
import { SettingsError } from "../stacks/settings";
import { add } from "./releases/add";
import { list } from "./releases/list";
import { mirror } from "./releases/mirror";
import { folderOrUrl, here } from "./releases/sources";
import { verify } from "./releases/verify";

const program = new Command("npm run releases --")
    .description("The locked releases of Tekton Pipelines, Tekton Triggers and Flux.")
    .showHelpAfterError();

/** A subcommand with the options that all have. */
function command(name: string): Command {
    return program
        .command(name)
        .allowExcessArguments(false)
        .addOption(
            new Option(
                "--mirror <folder or URL>",
                "where the manifests are (default: the environment's RELEASE_MIRROR; else the cache, else upstream)",
            ).argParser(folderOrUrl),
        )
        .addOption(
            new Option(
                "--lock <file>",
                "a further lock file, for releases of your own (default: the environment's RELEASE_LOCK)",
            ).argParser(here),
        );
}

const stackOption = new Option(
    "--stack <stack>",
    "only the releases that this stack installs, one with a Pulumi.<stack>.yaml; its releaseMirror and releaseLock count",
);

command("list")
    .description("say which releases are locked, what they need, and where their manifests are at hand")
    .addOption(stackOption)
    .option("--json", "as JSON")
    .action(list);

command("add")
    .description("download a release, show what it changes, and lock it")
    .argument("<product>", `one of ${products.join(", ")}`, toProduct)
    .argument("<version>", "as upstream tags it, such as v1.15.0")
    .option(
        "--against <version>",
        "the locked version to compare it with (default: the one that is installed by default)",
    )
    .option("--min-kubernetes <version>", "the oldest Kubernetes that it supports, where its manifests don't say")
    .option("--dry-run", "show what it changes, and leave the lock as it is")
    .addHelpText(
        "after",
        `\nIt is locked in the file that --lock names, or else in ${relative(process.cwd(), builtInLockPath)}. A locked version is never locked anew with other bytes.`,
    )
    .action(add);

command("verify")
    .description(
        "look for every locked file in every place that it can come from; exit code 1 if a place has other bytes, or a file that upstream publishes can't be had",
    )
    .addOption(stackOption)
    .option("--offline", "don't ask upstream: every file has to be at hand")
    .action(verify);

command("mirror")
    .description("make a folder that the config key releaseMirror, or RELEASE_MIRROR, can name")
    .argument("<folder>", "the folder; what it has already stays", here)
    .addOption(stackOption)
    .option(
        "--images",
        "also write images.txt: every image, for tools that copy images; with a stack that has imageRegistries also image-copies.txt: each beside the name that it needs there",
    )
    .action(mirror);

function toProduct(text: string): Product {
    const product = products.find((one) => one === text);
    if (product === undefined) throw new InvalidArgumentError(`It must be one of ${products.join(", ")}.`);
    return product;
}

// Whatever is being written is written as a whole; without a handler the process would end in the middle of it.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));

program.parseAsync().catch((error: unknown) => {
    const expected = error instanceof ReleaseError || error instanceof SettingsError || RunError.isInstance(error);
    console.error(expected ? (error as Error).message : error);
    process.exitCode = 1;
});
