import { expect } from "chai";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { seconds } from "../../../components/duration";
import type { Source } from "../../../components/route";
import { defaultRunHistoryImage, RunHistory, type RunHistoryArgs } from "../../../components/runHistory";
import { outputOf, type Registrations, simulate } from "../support/engine";
import { type PodSpec, restrictedViolations } from "../support/podSecurity";

const synced: Source = { kind: "GitRepository", name: "flux-system", namespace: "flux-system" };
const charts: Source = { kind: "OCIRepository", name: "charts", namespace: "apps" };

async function runHistory(change: Partial<RunHistoryArgs> = {}): Promise<Registrations> {
    const { resources } = await simulate({}, () => {
        new RunHistory("run-history", {
            namespace: "ci",
            routes: [{ name: "build", source: synced }],
            sources: [synced],
            ...change,
        });
    });
    return resources;
}

interface Pod extends PodSpec {
    readonly serviceAccountName: string;
    readonly containers: readonly [
        { readonly image: string; readonly command: string[]; readonly env: { name: string; value: string }[] } & {
            readonly [field: string]: unknown;
        },
    ];
}

function cronJob(resources: Registrations): { schedule: string; concurrencyPolicy: string; pod: Pod } {
    const spec = resources.object("CronJob").inputs.spec as {
        schedule: string;
        concurrencyPolicy: string;
        jobTemplate: { spec: { template: { spec: Pod } } };
    };
    return { ...spec, pod: spec.jobTemplate.spec.template.spec };
}

describe("a duration", () => {
    for (const [text, expected] of [
        ["90s", 90],
        ["5m", 300],
        ["1h30m", 5400],
        ["720h", 2_592_000],
        ["1m0s", 60],
    ] as const) {
        it(`of ${text} is ${expected} seconds`, () => expect(seconds(text)).to.equal(expected));
    }
    for (const text of ["", "7d", "5", "m", "1m1h"]) {
        it(`isn't ${JSON.stringify(text)}`, () => expect(() => seconds(text)).to.throw(JSON.stringify(text)));
    }
});

describe("the run history's access", () => {
    it("is to list and delete PipelineRuns beside it, to get each source by its name, and nothing else", async () => {
        const routes = [
            { name: "build", source: synced },
            { name: "charts", source: charts },
        ];
        const resources = await runHistory({ routes, sources: [synced, charts] });
        const ofSource = (resource: string, name: string): object => ({
            apiGroups: ["source.toolkit.fluxcd.io"],
            resources: [resource],
            resourceNames: [name],
            verbs: ["get"],
        });
        const roles = resources.written(/Role$/).map(({ metadata, rules }) => ({ metadata, rules: rules as unknown }));
        expect(roles).to.have.deep.members([
            {
                metadata: { name: "flux-run-history", namespace: "ci" },
                rules: [{ apiGroups: ["tekton.dev"], resources: ["pipelineruns"], verbs: ["list", "delete"] }],
            },
            {
                metadata: { name: "ci-flux-run-history-0", namespace: "flux-system" },
                rules: [ofSource("gitrepositories", "flux-system")],
            },
            {
                metadata: { name: "ci-flux-run-history-1", namespace: "apps" },
                rules: [ofSource("ocirepositories", "charts")],
            },
        ]);
        const subject = { kind: "ServiceAccount", name: outputOf("flux-run-history"), namespace: "ci" };
        const bindings = resources.written(/^RoleBinding$/);
        expect(bindings).to.have.length(3);
        for (const binding of bindings) expect(binding.subjects).to.deep.equal([subject]);
        expect(cronJob(resources).pod.serviceAccountName).to.equal(outputOf("flux-run-history"));
        expect(resources.objects().filter(({ inputs }) => inputs.kind.startsWith("Cluster"))).to.deep.equal([]);
    });
});

describe("the run history's CronJob", () => {
    it("comes every hour, one at a time, with a pinned image; or as it is told", async () => {
        const byDefault = cronJob(await runHistory());
        expect(byDefault).to.include({ schedule: "17 * * * *", concurrencyPolicy: "Forbid" });
        expect(byDefault.pod.containers[0].image).to.equal(defaultRunHistoryImage);
        expect(defaultRunHistoryImage).to.match(/:v[0-9]+\.[0-9]+\.[0-9]+(@sha256:[0-9a-f]{64})?$/);
        const told = cronJob(await runHistory({ schedule: "@daily", image: "example.com/kubectl:1.0.0" }));
        expect(told.schedule).to.equal("@daily");
        expect(told.pod.containers[0].image).to.equal("example.com/kubectl:1.0.0");
    });

    it("has pods that Pod Security restricted takes", async () => {
        expect(restrictedViolations(cronJob(await runHistory()).pod)).to.deep.equal([]);
    });

    it("has each route's own limits, and 50 runs of any age where none are given", async () => {
        const routes = [
            { name: "build", source: synced },
            { name: "charts", source: charts, limit: 3, age: "1h30m" },
        ];
        const { env } = cronJob(await runHistory({ routes, sources: [synced, charts] })).pod.containers[0];
        expect(Object.fromEntries(env.map(({ name, value }) => [name, value]))).to.deep.equal({
            ROUTES:
                "build 50 0 gitrepositories flux-system flux-system\n" + "charts 3 5400 ocirepositories apps charts",
            NAMESPACE: "ci",
        });
    });
});

const head = "a".repeat(40);

/** A PipelineRun: its name and its ages, in minutes. */
interface Run {
    readonly name: string;
    readonly created: number;
    /** Absent if it hasn't ended. */
    readonly ended?: number;
}

/** The script really runs, by /bin/sh and with the machine's awk, sort, date and xargs; kubectl is simulated. */
describe("the run history's script, with a simulated kubectl", () => {
    let folder: string;
    before(() => {
        folder = mkdtempSync(join(tmpdir(), "run-history-"));
    });
    after(() => rmSync(folder, { recursive: true }));

    const time = (minutesAgo: number): string =>
        new Date(Date.now() - minutesAgo * 60_000).toISOString().replace(/\.\d+Z$/, "Z");
    /** Ended runs, the first the newest, each made an hour before the next. */
    const ended = (count: number, prefix = "build-run-"): Run[] =>
        Array.from({ length: count }, (_, index) => ({
            name: `${prefix}${index}`,
            created: 60 * (index + 1),
            ended: 60 * (index + 1) - 5,
        }));

    interface Cluster {
        /** By route; a route without any is one whose runs can't be listed. */
        readonly runs: Record<string, readonly Run[]>;
        /** What the source's status says; undefined if there is no such source. */
        readonly revision?: string;
        readonly unreadable?: boolean;
    }

    /** Runs the pod's command; tells what was deleted. */
    async function prune(
        routes: RunHistoryArgs["routes"],
        { runs, revision = `main@sha1:${head}`, unreadable = false }: Cluster,
    ): Promise<{ deleted: string[]; exitCode?: number; stderr: string; calls: string[] }> {
        const bin = mkdtempSync(join(folder, "bin-"));
        const deleted = join(bin, "deleted");
        const calls = join(bin, "calls");
        for (const [route, list] of Object.entries(runs)) {
            const lines = list.map(
                ({ name, created, ended: end }) => `${time(created)} ${name} ${end === undefined ? "" : time(end)}`,
            );
            writeFileSync(join(bin, `runs-${route}`), lines.join("\n"));
        }
        for (const file of [deleted, calls]) writeFileSync(file, "");
        writeFileSync(
            join(bin, "kubectl"),
            `#!/bin/sh
printf '%s ' "$@" >>'${calls}'; echo >>'${calls}'
case "$1 $2" in
"get pipelineruns.tekton.dev") cat "${bin}/runs-\${6#*=}" ;;
get*) ${unreadable ? "echo 'Forbidden' >&2; exit 1" : `printf '%s' '${revision}'`} ;;
"delete pipelineruns.tekton.dev")
    shift 2
    while [ $# -gt 0 ]; do
        case "$1" in -n) shift ;; --*) ;; *) echo "$1" >>'${deleted}' ;; esac
        shift
    done ;;
esac
`,
        );
        chmodSync(join(bin, "kubectl"), 0o755);
        const { command, env } = cronJob(await runHistory({ routes })).pod.containers[0];
        const { exitCode, stderr } = await execa(command[0]!, command.slice(1), {
            env: {
                ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
                PATH: `${bin}${delimiter}${process.env.PATH}`,
            },
            extendEnv: false,
            reject: false,
        });
        const read = (file: string): string[] => readFileSync(file, "utf8").split("\n").filter(Boolean);
        return { deleted: read(deleted), exitCode, stderr, calls: read(calls) };
    }
    const build = (limits: { limit?: number; age?: string }) => [{ name: "build", source: synced, ...limits }];

    it("removes all but the newest runs, as many as the limit says", async () => {
        const { deleted, exitCode, stderr } = await prune(build({ limit: 2 }), { runs: { build: ended(5) } });
        expect({ exitCode, stderr }).to.deep.equal({ exitCode: 0, stderr: "" });
        expect(deleted).to.deep.equal(["build-run-2", "build-run-3", "build-run-4"]);
    });

    it("removes nothing where there are no more than the limit", async () => {
        const { deleted, exitCode } = await prune(build({ limit: 5 }), { runs: { build: ended(5) } });
        expect({ deleted, exitCode }).to.deep.equal({ deleted: [], exitCode: 0 });
    });

    it("removes nothing where there are no runs", async () => {
        const { deleted, exitCode } = await prune(build({ limit: 1 }), { runs: { build: [] } });
        expect({ deleted, exitCode }).to.deep.equal({ deleted: [], exitCode: 0 });
    });

    it("removes those that ended longer ago than the age, however few there are", async () => {
        const { deleted } = await prune(build({ limit: 50, age: "3h" }), { runs: { build: ended(5) } });
        expect(deleted).to.deep.equal(["build-run-3", "build-run-4"]);
    });

    it("keeps the newest whatever its age", async () => {
        const { deleted } = await prune(build({ limit: 1, age: "1m" }), { runs: { build: ended(3) } });
        expect(deleted).to.deep.equal(["build-run-1", "build-run-2"]);
    });

    it("keeps all that were made in the newest's second: which of them is the newest, nobody can tell", async () => {
        const runs = ["x", "y", "z"].map((name) => ({ name: `build-run-${name}`, created: 60, ended: 50 }));
        const { deleted } = await prune(build({ limit: 1 }), { runs: { build: runs } });
        expect(deleted).to.deep.equal([]);
    });

    it("keeps every run that hasn't ended, and counts it", async () => {
        const [a, b, c, d] = ended(4);
        const runs = [a!, { ...b!, ended: undefined }, c!, { ...d!, ended: undefined }];
        const { deleted } = await prune(build({ limit: 2, age: "1m" }), { runs: { build: runs } });
        expect(deleted).to.deep.equal(["build-run-2"]);
    });

    it("keeps the run of the source's current revision, to which a branch may have been reset", async () => {
        const runs = [...ended(3), { name: `build-run-${head.slice(0, 20)}`, created: 6000, ended: 5990 }];
        const { deleted } = await prune(build({ limit: 1, age: "1m" }), { runs: { build: runs } });
        expect(deleted).to.deep.equal(["build-run-1", "build-run-2"]);
    });

    it("goes by each route's own runs and limits", async () => {
        const routes = [...build({ limit: 1 }), { name: "deploy", source: synced, limit: 2 }];
        const runs = { build: ended(3), deploy: ended(3, "deploy-run-") };
        const { deleted, calls } = await prune(routes, { runs });
        expect(deleted).to.deep.equal(["build-run-1", "build-run-2", "deploy-run-2"]);
        expect(calls.filter((call) => call.includes("-l flux-to-tekton/route=deploy "))).to.have.length(1);
    });

    it("removes the runs of a source that is gone", async () => {
        const { deleted } = await prune(build({ limit: 1 }), { runs: { build: ended(2) }, revision: "" });
        expect(deleted).to.deep.equal(["build-run-1"]);
    });

    it("removes none where the source can't be read, and fails", async () => {
        const { deleted, exitCode, stderr } = await prune(build({ limit: 1 }), {
            runs: { build: ended(3) },
            unreadable: true,
        });
        expect({ deleted, exitCode }).to.deep.equal({ deleted: [], exitCode: 1 });
        expect(stderr).to.include("build: its runs are kept");
    });

    it("goes on after a route whose runs can't be listed, and fails in the end", async () => {
        const routes = [{ name: "charts", source: charts, limit: 1 }, ...build({ limit: 1 })];
        const { deleted, exitCode, stderr } = await prune(routes, { runs: { build: ended(2) } });
        expect({ deleted, exitCode }).to.deep.equal({ deleted: ["build-run-1"], exitCode: 1 });
        expect(stderr).to.include("charts: its runs are kept");
    });

    it("removes a thousand in a dozen calls, and waits for none", async () => {
        const { deleted, calls } = await prune(build({ limit: 1 }), { runs: { build: ended(1001) } });
        expect(deleted).to.have.length(1000);
        const deletions = calls.filter((call) => call.startsWith("delete"));
        expect(deletions).to.have.length(10);
        for (const call of deletions) expect(call).to.include("-n ci --ignore-not-found --wait=false");
    });
});
