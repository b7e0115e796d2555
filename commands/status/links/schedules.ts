import { asExpected, suspension } from "../checks";
import { type Facts, find } from "../facts";
import { ago } from "../format";
import { type Link, link, type Problem } from "../link";
import { field, hasLabels, items, text, time, title } from "../objects";
import type { Stack } from "../stack";
import { podProblems } from "../workload";
import type { KubernetesObject } from "../../../components/kubernetesObject";

/** What works at a schedule. */
export function scheduleLinks(stack: Stack, facts: Facts): Link[] {
    return stack.of("CronJob").map((expected) => {
        const actual = find(facts, expected);
        const scheduled = time(actual, "status", "lastScheduleTime");
        const succeeded = time(actual, "status", "lastSuccessfulTime");
        const problems = [
            ...asExpected(expected, facts, stack.name),
            ...stack.supporting(expected).flatMap((one) => asExpected(one, facts, stack.name)),
            ...suspension(actual),
            ...(actual === undefined ? [] : failure(actual, facts)),
        ];
        const schedule = text(expected, "spec", "schedule");
        const last =
            succeeded !== undefined
                ? `last success ${ago(succeeded, facts.now)}`
                : scheduled === undefined
                  ? "not due yet"
                  : "no success yet";
        return link("schedule", title(expected), `${schedule}, ${last}`, problems, { time: succeeded });
    });
}

/** The last one that was due has neither succeeded nor is it under way. */
function failure(cronJob: KubernetesObject, facts: Facts): Problem[] {
    const scheduled = time(cronJob, "status", "lastScheduleTime");
    const succeeded = time(cronJob, "status", "lastSuccessfulTime");
    const { namespace } = cronJob.metadata;
    const labels = field(cronJob, "spec", "jobTemplate", "spec", "template", "metadata", "labels");
    const pods = facts.objects.filter(
        (object) => object.kind === "Pod" && object.metadata.namespace === namespace && hasLabels(object, labels),
    );
    const stuck = pods
        .filter((pod) => text(pod, "status", "phase") === "Pending")
        .flatMap((pod) => podProblems(pod, facts))
        .map((reason) => ({
            problem: `${title(cronJob)}: ${reason}`,
            todo: `kubectl -n ${namespace} describe pods`,
        }));
    const isUnderWay = items(cronJob, "status", "active").length > 0;
    if (scheduled === undefined || isUnderWay || (succeeded !== undefined && succeeded >= scheduled)) return stuck;
    const logs = `kubectl -n ${namespace} get jobs, and kubectl -n ${namespace} logs job/NAME`;
    const problem = `${title(cronJob)} failed when it was due last, ${ago(scheduled, facts.now)}`;
    return [...stuck, { problem, todo: logs }];
}
