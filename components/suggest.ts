/**
 * The allowed value that a mistyped one most likely means: the one with the fewest edits, if they are few for its
 * length, or else the first that begins as it does ("GitRepo": "GitRepository"). Letter case doesn't matter.
 */
export function nearest(value: string, allowed: readonly string[]): string | undefined {
    const given = value.trim().toLowerCase();
    const [closest] = allowed
        .map((candidate) => ({ candidate, edits: editDistance(given, candidate.toLowerCase()) }))
        .filter(({ candidate, edits }) => edits <= Math.max(1, Math.floor(candidate.length / 3)))
        .sort((a, b) => a.edits - b.edits);
    if (closest) {
        return closest.candidate;
    }
    return given.length < 2 ? undefined : allowed.find((candidate) => candidate.toLowerCase().startsWith(given));
}

/** Damerau-Levenshtein distance (optimal string alignment): insertions, deletions, substitutions, neighbours swapped. */
function editDistance(a: string, b: string): number {
    const distance = Array.from({ length: a.length + 1 }, (_, i) => [i, ...new Array<number>(b.length).fill(0)]);
    const at = (i: number, j: number) => distance[i]?.[j] ?? j;
    distance[0] = Array.from({ length: b.length + 1 }, (_, j) => j);
    for (let i = 1; i <= a.length; i++) {
        for (let j = 1; j <= b.length; j++) {
            const substitution = a[i - 1] === b[j - 1] ? 0 : 1;
            let edits = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + substitution);
            if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
                edits = Math.min(edits, at(i - 2, j - 2) + 1);
            }
            distance[i]![j] = edits;
        }
    }
    return at(a.length, b.length);
}
