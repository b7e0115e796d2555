import { RunError } from "@pulumi/pulumi";
import { Command, CommanderError } from "commander";
import type { ClusterAccess } from "../components/kubeconfig";
import { PreflightError, reachCluster } from "../stacks/preflight";
import { render } from "../stacks/render";
import { overrides, readSettings, secretPlaceholder, SettingsError, type StackSettings } from "../stacks/settings";
import { judge } from "./status/judge";
import { readFacts } from "./status/readFacts";
import { exitCode, type Status, toJson, toText } from "./status/report";
import { Stack } from "./status/stack";

interface Options {
    readonly stack: string;
    readonly config?: readonly string[];
    readonly json?: boolean;
}

const program = new Command("npm run status --")
    .description(
        "Says link by link whether a commit reaches its PipelineRun: what is ready, the last revision and run, and for a broken link what is wrong and what to do. It reads the stack's config and the cluster, and changes nothing.",
    )
    .requiredOption("--stack <stack>", "the stack, one with a Pulumi.<stack>.yaml: staging, or my-org/staging")
    .option(
        "--config <key=value...>",
        "values that go before those of Pulumi.<stack>.yaml, such as kubernetes:context=staging",
    )
    .option("--json", "as JSON")
    .addHelpText(
        "after",
        "\nExit code: 0 if every link holds, 1 if one is broken, 2 if it can't be told (the cluster can't be reached, the options or the config are wrong, something hasn't happened yet).",
    )
    .allowExcessArguments(false)
    .showHelpAfterError()
    .exitOverride()
    .action(async ({ stack, config = [], json = false }: Options) => {
        const status = await statusOf(readSettings(stack, overrides(config)));
        const inColor = process.stdout.isTTY && !process.env.NO_COLOR;
        process.stdout.write(`${json ? toJson(status) : toText(status, inColor)}\n`);
        process.exitCode = exitCode(status.links);
    });

/** Judges a stack by what its cluster says. @throws SettingsError, PreflightError, RunError */
async function statusOf(settings: StackSettings): Promise<Status> {
    const [cluster, rendered] = await Promise.all([
        announced("Looking for the cluster", reachCluster(accessOf(settings))),
        announced("Working out what the stack has", render(settings)),
    ]);
    if (cluster.version === undefined) {
        throw new PreflightError(
            `the cluster can't be reached at ${cluster.server}: ${cluster.problem}. Check the kubeconfig (KUBECONFIG, or --config kubernetes:context=…) and that the API server runs.`,
        );
    }
    const stack = new Stack(settings.stack, rendered);
    const facts = await announced("Reading the cluster", readFacts(cluster.cluster, stack));
    return {
        stack: settings.stack,
        cluster: { server: cluster.server, kubernetes: cluster.version },
        time: facts.now,
        links: judge(stack, facts),
    };
}

/** Which cluster, as the stack's config says it to the provider; without, the ambient one. */
function accessOf({ config }: StackSettings): ClusterAccess {
    const [kubeconfig, kubeContext, kubeCluster] = ["kubeconfig", "context", "cluster"].map(
        (key) => config[`kubernetes:${key}`] || undefined,
    );
    if (kubeconfig?.includes(secretPlaceholder)) {
        throw new SettingsError(
            "kubernetes:kubeconfig is encrypted in the stack's config, and only Pulumi can read it. Name the file: --config kubernetes:kubeconfig=PATH.",
        );
    }
    return { kubeconfig, kubeContext, kubeCluster };
}

/** Says what takes longer than two seconds. */
async function announced<T>(what: string, work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => console.error(`${what} …`), 2000);
    try {
        return await work;
    } finally {
        clearTimeout(timer);
    }
}

// The SDK logs to standard output where there is no engine; the status has that to itself.
console.log = console.error;

program.parseAsync().catch((error: unknown) => {
    // Commander has said it already; its --help is no error.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else {
        const expected =
            [SettingsError, PreflightError].some((type) => error instanceof type) || RunError.isInstance(error);
        console.error(expected ? (error as Error).message : error);
        process.exitCode = 2;
    }
});
