import { styleText } from "node:util";
import { counted } from "./format";
import { type Link, type LinkKind, linkKinds, overall, type Verdict } from "./link";

/** What there is to say of a stack. */
export interface Status {
    readonly stack: string;
    readonly cluster: { readonly server: string; readonly kubernetes: string };
    /** When the cluster was read. */
    readonly time: Date;
    readonly links: readonly Link[];
}

const marks: Readonly<Record<Verdict, { readonly mark: string; readonly color: "green" | "red" | "yellow" }>> = {
    ok: { mark: "✔", color: "green" },
    broken: { mark: "✖", color: "red" },
    unknown: { mark: "?", color: "yellow" },
};

const widest = Math.max(...linkKinds.map((kind) => kind.length));

/** The status as a person reads it: a line for each link, and below a broken one what is wrong and what to do. */
export function toText({ stack, cluster, links }: Status, inColor: boolean): string {
    const paint = (color: Parameters<typeof styleText>[0], text: string): string =>
        inColor ? styleText(color, text) : text;
    const line = ({ link, name, verdict, detail, problems }: Link, previous: LinkKind | undefined): string[] => {
        const { mark, color } = marks[verdict];
        const kind = (link === previous ? "" : link).padEnd(widest);
        return [
            `${paint(color, mark)} ${paint("dim", kind)}  ${name}${detail === "" ? "" : paint("dim", `  ${detail}`)}`,
            ...problems.flatMap(({ problem, todo }) => [
                `  ${" ".repeat(widest)}  ${paint(color, problem)}`,
                `  ${" ".repeat(widest)}  → ${todo}`,
            ]),
        ];
    };
    return [
        `Stack ${stack}, on ${cluster.server} (Kubernetes ${cluster.kubernetes})`,
        "",
        ...links.flatMap((link, index) => line(link, links[index - 1]?.link)),
        "",
        paint(marks[overall(links)].color, conclusion(links)),
    ].join("\n");
}

function conclusion(links: readonly Link[]): string {
    const number = (verdict: Verdict): number => links.filter((link) => link.verdict === verdict).length;
    const [broken, unknown] = [number("broken"), number("unknown")];
    if (broken + unknown === 0) return `All ${counted(links.length, "link")} hold.`;
    return [
        ...(broken === 0
            ? []
            : [`${broken} of ${counted(links.length, "link")} ${broken === 1 ? "is" : "are"} broken.`]),
        ...(unknown === 0 ? [] : [`${unknown} can't be told, or not yet.`]),
    ].join(" ");
}

/** The status as a program reads it. Times are in ISO 8601. */
export function toJson(status: Status): string {
    return JSON.stringify({ ...status, verdict: overall(status.links) }, undefined, 4);
}

/** 0: every link holds; 1: one is broken; 2: it can't be told, or not yet. */
export function exitCode(links: readonly Link[]): number {
    return { ok: 0, broken: 1, unknown: 2 }[overall(links)];
}
