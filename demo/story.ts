import { join } from "node:path";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { execa } from "execa";
import { endInterrupted, runSteps } from "../sandbox/steps";
import { openStack } from "../stacks/automation";
import { callReceiver, logLine, prepareRepository, push, runOf, succeeded } from "./chain";
import { kubectl } from "./cluster";

/** What the steps leave for the next and for the end. */
interface Story {
    receiverPath: string;
    commit: string;
    pushed: number;
    run: { name: string; at: number };
    end: { at: number };
}

const message = `Greet the cluster at ${new Date().toISOString().replace(/\.\d+Z/, "Z")}`;

/** The step in which the engine is at work, meanwhile. */
let engineStep: { output: string } | undefined;
let stopping = false;

// The engine hears Ctrl-C too. It finishes the calls that are under way and notes what it has done, so that the next
// run goes on from there; leaving it alone in the meantime would lose that.
function onInterrupt(): void {
    if (engineStep === undefined || stopping) return endInterrupted(next);
    stopping = true;
    engineStep.output = "Stopping, when the engine has finished what is under way. Ctrl-C again: at once.";
}
const next = "Go on with: npm run demo";

async function tell(): Promise<void> {
    const story = await runSteps<Story>(
        [
            { title: "Git repository fleet-infra", task: prepareRepository },
            {
                title: "pulumi up, stack staging",
                task: async (context, step) => {
                    const stack = await openStack("staging", join(process.env.SANDBOX_STATE!, "stacks"));
                    const progress = resourceProgress((line) => {
                        if (!stopping) step.output = line;
                    });
                    engineStep = step;
                    const result = await stack.up({ onEvent: progress, parallel: 32 });
                    engineStep = undefined;
                    context.receiverPath = result.outputs.receiverPath!.value as string;
                    step.title += `: ${summary(result.summary.resourceChanges)}`;
                },
            },
            {
                title: "Webhook: a push calls the Receiver",
                task: ({ receiverPath }) => callReceiver(receiverPath),
            },
            {
                title: `git push: ${message}`,
                task: async (context) => {
                    context.commit = await push(message);
                    context.pushed = Date.now();
                },
            },
            {
                title: "PipelineRun created",
                task: async (context, step) => {
                    context.run = await runOf(context.commit);
                    step.title = `PipelineRun ${context.run.name}: ${seconds(context.run.at - context.pushed)} after the push`;
                },
            },
            {
                title: "PipelineRun succeeded",
                task: async (context, step) => {
                    context.end = await succeeded(context.run.name);
                    step.title += `: ${seconds(context.end.at - context.pushed)} after the push`;
                },
            },
        ],
        onInterrupt,
    );

    show("kubectl -n flux-system logs deployment/notification-controller", [
        (await logLine("flux-system", "notification-controller", /[Dd]ispatching event/)) ?? "",
    ]);
    show("kubectl logs deployment/el-flux-event-listener", [
        (await logLine("default", "el-flux-event-listener", /creating resource|Generating resource/)) ?? "",
    ]);
    show(
        "tkn pipelinerun logs --last",
        (await execa("tkn", ["pipelinerun", "logs", story.run.name])).stdout.split("\n"),
    );

    console.log(`
Look around:
  npm run sandbox -- exec -- kubectl get pipelineruns
  npm run sandbox -- exec -- tkn pipelinerun logs --last
  npm run sandbox -- status
Another commit:  npm run demo
The end:         npm run demo -- --down`);
}

function show(command: string, lines: readonly string[]): void {
    console.log(`\n$ ${command}`);
    for (const line of lines) console.log(line);
}

function seconds(milliseconds: number): string {
    return `${(milliseconds / 1000).toFixed(2)} s`;
}

function summary(changes: Partial<Record<string, number>> | undefined): string {
    return Object.entries(changes ?? {})
        .map(([kind, count]) => `${count} ${kind === "same" ? "unchanged" : kind}`)
        .join(", ");
}

/** Says how far an update is: which resources are under way, and how many are done. */
function resourceProgress(say: (line: string) => void): (event: EngineEvent) => void {
    const underWay = new Map<string, string>();
    let done = 0;
    let said = Date.now();
    return ({ resourcePreEvent, resOutputsEvent }) => {
        const started = resourcePreEvent?.metadata;
        const ended = resOutputsEvent?.metadata;
        if (started !== undefined)
            underWay.set(started.urn, started.urn.split("::").slice(2).join(" ").replace(/^.*\$/, ""));
        if (ended !== undefined && underWay.delete(ended.urn)) done++;
        // A log without a terminal keeps every line.
        if (Date.now() - said < 2000) return;
        said = Date.now();
        const waiting = [...underWay.values()].filter((name) => name.startsWith("kubernetes:"));
        say(
            `${done} resources done; ${waiting.slice(0, 2).join(", ")}${waiting.length > 2 ? ` and ${waiting.length - 2} more` : ""}`,
        );
    };
}

tell().catch(async (error: unknown) => {
    if (stopping) endInterrupted(next);
    console.error(`\n${error instanceof Error ? error.message : String(error)}`);
    const pods = await kubectl("get", "pods", "--all-namespaces").catch((reason: Error) => reason.message);
    console.error(`\n$ kubectl get pods --all-namespaces\n${pods}`);
    process.exitCode = 1;
});
