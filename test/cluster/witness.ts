import { setTimeout as sleep } from "node:timers/promises";
import { routeLabel } from "../../components/triggerChain/triggerChain";
import { follow } from "../../demo/cluster";
import { asTimestamp } from "./support";

/** What became of the revisions that Flux saw, on one route. */
export interface Outcome {
    /** Revisions that the source has had. */
    readonly seen: number;
    /** Those of them with one PipelineRun, with none, and with several. */
    readonly once: number;
    readonly never: number;
    readonly often: number;
    /** From the moment that Flux saw a revision to its first run: the longest, in milliseconds. */
    readonly slowest: number;
}

interface Run {
    readonly route: string;
    readonly message: string;
    readonly at: number;
}

interface Seen {
    readonly at: number;
    readonly runs: Map<string, number>;
}

/**
 * Watches the source and the PipelineRuns, and knows so of each commit whether Flux saw it, how many runs it got, and
 * when. A run belongs to a commit by its message, however runs are named: Flux writes the commit's subject into it, the
 * catch-up its hash.
 */
export class Witness {
    private readonly commits = new Map<string, string>();
    private readonly sources = new Map<string, number>();
    private readonly runs = new Map<string, Run>();
    private readonly endings: (() => void)[];

    constructor() {
        // A run made before is of another commit with the same subject.
        const earliest = asTimestamp(Date.now());
        this.endings = [
            follow("/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories", ({ status }) => {
                const { revision } = (status?.artifact ?? {}) as { revision?: string };
                const commit = revision?.split(":").at(-1);
                if (commit !== undefined && !this.sources.has(commit)) this.sources.set(commit, Date.now());
            }),
            follow("/apis/tekton.dev/v1/pipelineruns", ({ metadata, spec }, deleted) => {
                const params = (spec?.params ?? []) as { name: string; value: string }[];
                const message = params.find(({ name }) => name === "message")?.value ?? "";
                const route = (metadata.labels as Record<string, string> | undefined)?.[routeLabel] ?? "";
                const isNew = Date.parse(metadata.creationTimestamp) >= earliest;
                if (isNew && !deleted && !this.runs.has(metadata.name))
                    this.runs.set(metadata.name, { route, message, at: Date.now() });
            }),
        ];
    }

    /** Tells of a commit that is about to be judged; no other subject may contain its own. */
    expect(commit: string, subject: string): void {
        this.commits.set(commit, subject);
    }

    /** Whether Flux has seen a commit. */
    saw(commit: string): boolean {
        return this.sources.has(commit);
    }

    /** How things are on a route. */
    outcome(route: string): Outcome {
        const seen = [...this.commits]
            .filter(([commit]) => this.saw(commit))
            .map(([commit, subject]): Seen => {
                const own = [...this.runs].filter(
                    ([, run]) => run.route === route && (run.message.includes(subject) || run.message.includes(commit)),
                );
                return { at: this.sources.get(commit)!, runs: new Map(own.map(([name, { at }]) => [name, at])) };
            });
        const waited = seen.filter(({ runs }) => runs.size > 0).map(({ at, runs }) => Math.min(...runs.values()) - at);
        return {
            seen: seen.length,
            once: seen.filter(({ runs }) => runs.size === 1).length,
            never: seen.filter(({ runs }) => runs.size === 0).length,
            often: seen.filter(({ runs }) => runs.size > 1).length,
            slowest: Math.max(0, ...waited),
        };
    }

    /** Waits until every revision that Flux saw has its run on a route, but no longer than so many seconds. */
    async settled(route: string, timeout: number): Promise<Outcome> {
        const deadline = Date.now() + timeout * 1000;
        while (this.outcome(route).never > 0 && Date.now() < deadline) await sleep(200);
        return this.outcome(route);
    }

    end(): void {
        for (const end of this.endings) end();
    }
}
