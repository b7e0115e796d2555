import { anyCommit, type Event, event, post } from "./listener";

/** What strangers do to a listener: the same to the stack's and to the plain one. */

/** A post that isn't Flux's news of the source. */
export interface Forgery {
    readonly event: Event;
    readonly headers: Record<string, string>;
}

/** Events as Flux posts them, without the header that proves it, or with another value. */
export function unproven(proof: Record<string, string>): Forgery[] {
    const [[header, value]] = Object.entries(proof) as [[string, string]];
    const headers: Record<string, string>[] = [
        {},
        { [header]: "" },
        { [header]: "x".repeat(43) },
        { [header]: value.slice(0, -1) },
    ];
    return headers.map((headers) => ({ event: event(anyCommit()), headers }));
}

/** Events with the right header, of another component or kind. */
export function notFromTheSource(proof: Record<string, string>): Forgery[] {
    return [{ component: "kustomize-controller" }, { component: "flux-to-tekton-catch-up" }, { kind: "Bucket" }].map(
        (changes) => ({ event: event(anyCommit(), changes), headers: proof }),
    );
}

/** Posts what isn't an event: malformed JSON, and a body of 10 MB. */
export async function postJunk(address: string, proof: Record<string, string> = {}): Promise<void> {
    const { headers } = event(anyCommit());
    await post(address, { headers, body: "{" }, proof);
    await post(address, { headers, body: JSON.stringify({ padding: "x".repeat(10_000_000) }) }, proof).catch(() => 0);
}

/** Posts so many forged events, ten at a time. */
export async function flood(address: string, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 10)
        await Promise.all(
            Array.from({ length: Math.min(10, left) }, () => post(address, event(anyCommit())).catch(() => 0)),
        );
}

/** Commit messages of a stranger. */
export const strangersMessages = [
    "$(params.namespace) $(context.pipelineRun.name)",
    "$(tasks.none.results.none) $(uid) $(tt.params.x)",
    "$(touch /tmp/x) `id` ; exit 1 && true | false > x",
    `"quoted" 'twice' \\ \\n %s {"json": [1]} <b>&amp;`,
    "A subject\n\nand a body $(params.namespace)\n`id`\n",
    "x".repeat(65_536),
] as const;

/** What Flux says of a commit: its subject, shortened to its first 50 characters. */
export function fluxMessage(commitMessage: string): string {
    const [subject] = commitMessage.split("\n") as [string];
    return `stored artifact for commit '${subject.length > 50 ? `${subject.slice(0, 50)}...` : subject}'`;
}

/** Of several lines Flux takes the first; no event of it has two, but nothing says that none ever will. */
export const linesMessage = 'two\n"lines"\n';
/** What a run of it writes. */
export const linesLog = '[task-echo-message : echo-message] two\n[task-echo-message : echo-message] "lines"';
