import type { LockedRelease } from "../../components/release";
import type { Changes, ReleaseComparison } from "../../components/release/comparison";

/** Rows as lines with aligned columns. */
export function table(rows: readonly (readonly string[])[]): string {
    const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
    return rows
        .map((row) =>
            row
                .map((cell, column) => cell.padEnd(widths[column]!))
                .join("  ")
                .trimEnd(),
        )
        .join("\n");
}

/** "1.28 or newer", "1.16 to 1.21". */
export function kubernetesRange({ min, max }: LockedRelease["kubernetes"]): string {
    return max === undefined ? `${min} or newer` : `${min} to ${max}`;
}

/** How a release differs from another one, for people: all objects by name, of the changed ones some fields. */
export function comparisonText({ objects, images, definitions }: ReleaseComparison): string {
    const { added, removed, changed } = objects;
    return [
        `Objects: ${added.length} added, ${removed.length} removed, ${changed.length} changed`,
        ...list(objects),
        ...changed.map(({ id, fields }) => `  ~ ${id}: ${some(fields)}`),
        `CustomResourceDefinitions' versions: ${definitions.length === 0 ? "the same" : ""}`.trimEnd(),
        ...definitions.map(({ name, served, stored }) =>
            [
                `  ~ ${name}:`,
                ...served.added.map((version) => `serves ${version}`),
                ...served.removed.map((version) => `no longer serves ${version}`),
                ...(stored === undefined ? [] : [`stores ${stored.after} instead of ${stored.before}`]),
            ]
                .join(", ")
                .replace(":,", ":"),
        ),
        `Images: ${images.added.length} added, ${images.removed.length} removed`,
        ...list({ added: images.added.map(withoutDigest), removed: images.removed.map(withoutDigest) }),
    ].join("\n");
}

function list({ added, removed }: Changes): string[] {
    return [...added.map((one) => `  + ${one}`), ...removed.map((one) => `  - ${one}`)];
}

function some(fields: readonly string[]): string {
    const shown = 2;
    const more = fields.length - shown;
    return fields.slice(0, shown).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function withoutDigest(image: string): string {
    return /:[^/@]+@/.test(image) ? image.replace(/@.*/, "") : image;
}
