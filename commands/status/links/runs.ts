import type { KubernetesObject } from "../../../components/kubernetesObject";
import { runNameOf } from "../../../components/triggerChain/cel";
import { routeLabel } from "../../../components/triggerChain/triggerChain";
import { lookAgain } from "../checks";
import { type Facts, find } from "../facts";
import { ago, short, span } from "../format";
import { type Link, link, type Problem } from "../link";
import { condition, field, items, text, time, title } from "../objects";
import { catchUpOf, deploymentOf, type RouteObjects, routesOf } from "../references";
import type { Stack } from "../stack";

/** An event, or a run that it starts, may take this long, in milliseconds. */
const underWay = 60_000;

/** Whether each route's source has had a run of its revision, and how that went. */
export function runLinks(stack: Stack, facts: Facts): Link[] {
    return routesOf(stack).map((route) => {
        const unreadable = facts.unreadable.get(`PipelineRuns ${route.template.metadata.namespace}`);
        if (unreadable !== undefined) {
            const problem = `the PipelineRuns of route ${route.name} can't be read: ${unreadable}`;
            return link("run", route.name, "", [{ problem, todo: "see what your account may do", unknown: true }]);
        }
        const source = find(facts, route.source);
        const head = text(source, "status", "artifact", "revision");
        const runs = runsOf(route, facts);
        const last = runs[0];
        const ofHead = head === undefined ? undefined : runs.find((run) => isOfRevision(run, route, head, source));
        const problems = [
            ...(head !== undefined && ofHead === undefined ? notStarted(stack, route, head, last, facts) : []),
            ...((ofHead ?? last) ? failure((ofHead ?? last)!, facts) : []),
        ];
        const shown = ofHead ?? last;
        const revision = ofHead === undefined ? undefined : head;
        const detail =
            shown === undefined
                ? "no run yet"
                : `${shown.metadata.name}${revision === undefined ? "" : `, ${short(revision)}`}: ${outcome(shown, facts.now)}`;
        return link("run", `route ${route.name}`, detail, problems, {
            revision,
            time: time(shown, "status", "completionTime") ?? time(shown, "metadata", "creationTimestamp"),
        });
    });
}

/** A route's runs, the newest first. */
export function runsOf({ name, template }: RouteObjects, { objects }: Facts): KubernetesObject[] {
    return objects
        .filter(
            ({ kind, metadata }) =>
                kind === "PipelineRun" &&
                metadata.namespace === template.metadata.namespace &&
                metadata.labels?.[routeLabel] === name,
        )
        .sort((a, b) => created(b) - created(a));
}

function created(object: KubernetesObject | undefined): number {
    return time(object, "metadata", "creationTimestamp")?.getTime() ?? 0;
}

/** By its name, if runs are named by revision; else by its time. */
function isOfRevision(
    run: KubernetesObject,
    { name, run: template }: RouteObjects,
    revision: string,
    source: KubernetesObject | undefined,
): boolean {
    const pattern = text(template, "metadata", "name") ?? "";
    if (pattern.includes("$(tt.params.run)")) {
        return run.metadata.name === pattern.replace("$(tt.params.run)", runNameOf(revision));
    }
    const fetched = time(source, "status", "artifact", "lastUpdateTime")?.getTime() ?? 0;
    // Clocks of the same API server, cut to seconds.
    return run.metadata.name.startsWith(`${name}-run-`) && created(run) >= fetched - 1000;
}

function notStarted(
    stack: Stack,
    { name, source, listener, hasFilter }: RouteObjects,
    head: string,
    last: KubernetesObject | undefined,
    facts: Facts,
): Problem[] {
    // The route's own condition may have let it pass by.
    if (hasFilter && last !== undefined) return [];
    const fetched = time(find(facts, source), "status", "artifact", "lastUpdateTime");
    const age = fetched === undefined ? 0 : facts.now.getTime() - fetched.getTime();
    const problem = `route ${name} has no run of ${short(head)}, which Flux fetched ${ago(fetched, facts.now)}`;
    if (age < underWay) return [{ problem, todo: lookAgain, unknown: true }];
    const logs = deploymentOf(listener).metadata;
    const catchUp = catchUpOf(stack);
    const next =
        catchUp === undefined
            ? "the next commit, or a push again, starts one once the links above hold"
            : `${title(catchUp)} sends it again until there is one, once the links above hold`;
    const todo = hasFilter
        ? "see whether the route's filter lets it pass"
        : `see what became of its event: kubectl -n ${logs.namespace} logs deployment/${logs.name}; ${next}`;
    return [{ problem, todo, unknown: hasFilter }];
}

/** Why a run failed: which task, in Tekton's words. */
function failure(run: KubernetesObject, facts: Facts): Problem[] {
    const succeeded = condition(run, "Succeeded");
    const logs = `tkn -n ${run.metadata.namespace} pipelinerun logs ${run.metadata.name}`;
    const tasks = facts.objects
        .filter((object) => object.kind === "TaskRun" && isChild(object, run))
        .map((task) => ({ name: taskName(task, run), state: condition(task, "Succeeded") }));
    const failed = tasks.filter(({ state }) => state?.status === "False");
    if (succeeded?.status === "False") {
        const why = failed.map(({ name, state }) => `task ${name}: ${state?.reason}: ${state?.message}`);
        const said = why.length > 0 ? why.join("; ") : `${succeeded.reason}: ${succeeded.message}`;
        return [{ problem: `${title(run)} failed: ${said}`, todo: logs }];
    }
    const age = facts.now.getTime() - created(run);
    const stuck = tasks.filter(
        ({ state }) => state?.status === "Unknown" && /Image|Pending|Exceeded/.test(state.reason),
    );
    if (succeeded?.status === "True" || age < underWay || stuck.length === 0) return [];
    const why = stuck.map(({ name, state }) => `task ${name}: ${state?.reason}: ${state?.message}`).join("; ");
    return [{ problem: `${title(run)} doesn't get on: ${why}`, todo: `kubectl -n ${run.metadata.namespace} get pods` }];
}

function isChild(task: KubernetesObject, run: KubernetesObject): boolean {
    return (
        task.metadata.namespace === run.metadata.namespace &&
        items(run, "status", "childReferences").some((child) => text(child, "name") === task.metadata.name)
    );
}

function taskName(task: KubernetesObject, run: KubernetesObject): string {
    const child = items(run, "status", "childReferences").find((one) => text(one, "name") === task.metadata.name);
    return text(child, "pipelineTaskName") ?? task.metadata.name;
}

function outcome(run: KubernetesObject, now: Date): string {
    const started = time(run, "status", "startTime") ?? time(run, "metadata", "creationTimestamp");
    const ended = time(run, "status", "completionTime");
    const state = condition(run, "Succeeded");
    if (field(run, "status") === undefined || state === undefined) return "not started yet";
    if (started === undefined) return state.reason;
    return ended === undefined
        ? `${state.reason} for ${span(started, now)}`
        : `${state.reason} ${ago(ended, now)}, in ${span(started, ended)}`;
}
