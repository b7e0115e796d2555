/** `unknown`: it can't be told, or not yet. */
export type Verdict = "ok" | "broken" | "unknown";

/** The kinds of links, in the order in which a commit meets them. */
export const linkKinds = [
    "controllers",
    "source",
    "deployment",
    "receiver",
    "alert",
    "provider",
    "authentication",
    "listener",
    "route",
    "run",
    "schedule",
    "other",
] as const;
export type LinkKind = (typeof linkKinds)[number];

/** Something that is wrong with a link, or that can't be told of it. */
export interface Problem {
    readonly problem: string;
    /** What to do about it. */
    readonly todo: string;
    /** It can't be told, or not yet. @default false */
    readonly unknown?: boolean;
}

/** One link of the chain, judged. */
export interface Link {
    readonly link: LinkKind;
    /** What it is: mostly an object, such as "Alert flux-system/tekton-alert". */
    readonly name: string;
    readonly verdict: Verdict;
    /** How it is, in a few words. */
    readonly detail: string;
    /** The revision that it has seen last. */
    readonly revision?: string;
    /** When it did last what it is there for. */
    readonly time?: Date;
    readonly problems: readonly Problem[];
}

/** A link, judged by its problems. */
export function link(
    kind: LinkKind,
    name: string,
    detail: string,
    problems: readonly Problem[],
    seen: Pick<Link, "revision" | "time"> = {},
): Link {
    return { link: kind, name, verdict: verdictOf(problems), detail, ...seen, problems };
}

function verdictOf(problems: readonly Problem[]): Verdict {
    if (problems.length === 0) return "ok";
    return problems.every(({ unknown }) => unknown) ? "unknown" : "broken";
}

/** The chain as a whole: it is as good as its worst link. */
export function overall(links: readonly Link[]): Verdict {
    const worst = (["broken", "unknown"] as const).find((verdict) => links.some((one) => one.verdict === verdict));
    return worst ?? "ok";
}
