import { execa } from "execa";
import { commit, createRepository, setReceiver } from "../sandbox/git/repository";
import { condition, kubectl, until } from "./cluster";

/** The repository of Pulumi.staging.yaml, on the sandbox's Git server. */
export const repository = "fleet-infra.git";
const pipelineRuns = "/apis/tekton.dev/v1/namespaces/default/pipelineruns";

function setting(name: "SANDBOX_GIT_ROOT" | "SANDBOX_GIT_URL"): string {
    const value = process.env[name];
    if (value === undefined)
        throw new Error(`${name} isn't set: run this inside the sandbox (npm run sandbox -- exec)`);
    return value;
}

/** Makes the repository that Flux follows, with a first commit in it; one that exists stays as it is. */
export async function prepareRepository(): Promise<void> {
    await createRepository(setting("SANDBOX_GIT_ROOT"), repository);
    const { stdout } = await execa("git", ["ls-remote", setting("SANDBOX_GIT_URL") + repository]);
    if (stdout === "") await push("Start the fleet");
}

/** Where a Receiver's path is served, for whoever is on the cluster's network. */
export async function receiverAddress(): Promise<string> {
    const service = ["-n", "flux-system", "get", "service", "webhook-receiver"];
    return `http://${await kubectl(...service, "-o", "jsonpath={.spec.clusterIP}")}`;
}

/** Makes every push call the Receiver, as a Git host's webhook would; `undefined` makes it stop. */
export async function callReceiver(path: string | undefined): Promise<void> {
    const url = path === undefined ? undefined : (await receiverAddress()) + path;
    await setReceiver(setting("SANDBOX_GIT_ROOT"), repository, url);
}

/**
 * Commits a change of the greeting that Flux deploys, and pushes it. Returns the commit's hash.
 * @param others path → content of what the commit changes besides
 */
export async function push(message: string, others: Readonly<Record<string, string>> = {}): Promise<string> {
    const greeting = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "greeting", namespace: "default" },
        data: { greeting: message },
    };
    return commit({
        url: setting("SANDBOX_GIT_URL") + repository,
        message,
        files: { ...others, "staging-cluster/greeting.yaml": JSON.stringify(greeting, undefined, 2) },
    });
}

/** The name of a commit's run: its route and the first 20 digits of its hash. */
export function runName(commit: string): string {
    return `flux-notification-run-${commit.slice(0, 20)}`;
}

/** Waits for the PipelineRun that a commit starts. */
export async function runOf(commit: string, timeout = 120): Promise<{ name: string; at: number }> {
    const name = runName(commit);
    const what = `PipelineRun ${name}`;
    const { at } = await until(pipelineRuns, ({ metadata }) => metadata.name === name, { timeout, what });
    return { name, at };
}

/** Waits until a PipelineRun has succeeded; fails at once, with its own message, when it has failed. */
export async function succeeded(name: string, timeout = 180): Promise<{ at: number }> {
    const { object, at } = await until(
        pipelineRuns,
        (run) => run.metadata.name === name && ["True", "False"].includes(condition(run, "Succeeded")?.status ?? ""),
        { timeout, what: `the end of PipelineRun ${name}` },
    );
    const end = condition(object, "Succeeded")!;
    if (end.status !== "True") throw new Error(`PipelineRun ${name}: ${end.reason}: ${end.message}`);
    return { at };
}

/** The last line of a controller's log that matches. */
export async function logLine(namespace: string, deployment: string, pattern: RegExp): Promise<string | undefined> {
    const lines = (await kubectl("-n", namespace, "logs", `deployment/${deployment}`, "--tail=500")).split("\n");
    return lines.reverse().find((line) => pattern.test(line));
}
