import { styleText } from "node:util";
import type { ObjectChange, StackChanges } from "./changes";

/** `1 added, 2 changed, 0 removed, 176 unchanged` */
export function summary({ changes, unchanged }: StackChanges): string {
    const count = (which: ObjectChange["change"]): number => changes.filter(({ change }) => change === which).length;
    return `${count("added")} added, ${count("changed")} changed, ${count("removed")} removed, ${unchanged} unchanged`;
}

/** As `git diff` prints it: each object's unified diff, then a line for each stack. */
export function asText(stacks: readonly StackChanges[], { color = false } = {}): string {
    const paint = (line: string): string => {
        if (!color) return line;
        if (/^(---|\+\+\+) /.test(line)) return styleText("bold", line);
        if (line.startsWith("@@")) return styleText("cyan", line);
        if (line.startsWith("+")) return styleText("green", line);
        return line.startsWith("-") ? styleText("red", line) : line;
    };
    const patches = stacks.flatMap(({ changes }) =>
        changes.map(({ patch }) => patch.split("\n").map(paint).join("\n")),
    );
    const lines = stacks.map((stack) => `${stack.stack}: ${stack.error ?? summary(stack)}`);
    return [...patches, `${lines.join("\n")}\n`].join("");
}

/** GitHub takes 65,536 characters in a comment; this leaves some for what else the comment says. */
const markdownLimit = 50_000;

/** For a pull request's comment: an object's diff opens at a click. What would make it too long is left out, and told. */
export function asMarkdown(stacks: readonly StackChanges[], { limit = markdownLimit } = {}): string {
    const touched = stacks.filter(({ changes }) => changes.length > 0);
    const heads = stacks.map((stack) =>
        stack.error === undefined
            ? `- \`${stack.stack}\`: ${summary(stack)}`
            : `- \`${stack.stack}\` can't be compared:\n\n${fenced(stack.error, "")}`,
    );
    const parts = [`### What \`pulumi up\` would apply\n\n${heads.join("\n")}\n`];
    let length = parts[0]!.length;
    for (const { stack, changes } of touched) {
        parts.push(`\n#### ${stack}\n\n`);
        const details = changes.map(detailsOf);
        const fitting = details.findIndex((text) => (length += text.length) > limit);
        parts.push(...(fitting === -1 ? details : details.slice(0, fitting)));
        if (fitting !== -1) {
            parts.push(
                `\n${changes.length - fitting} further objects are left out: \`npm run diff -- --stack ${stack}\` shows them.\n`,
            );
        }
    }
    return parts.join("");
}

function detailsOf({ change, id, patch }: ObjectChange): string {
    return `<details><summary>${change} <code>${id}</code></summary>\n\n${fenced(patch, "diff")}\n</details>\n`;
}

/** Fenced by more backticks than the text has in a row. */
function fenced(text: string, language: string): string {
    const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
    const fence = "`".repeat(Math.max(3, longest + 1));
    return `${fence}${language}\n${text.trimEnd()}\n${fence}\n`;
}
