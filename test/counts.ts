/** How many tests passed, failed and were skipped. */
export interface Counts {
    readonly passed: number;
    readonly failed: number;
    readonly skipped: number;
}

/** Reads the counts at the end of mocha's output. A runner that ended badly without counting a failure is one. */
export function mochaCounts(output: string, ok: boolean): Counts {
    const count = (word: string): number => Number(new RegExp(`^ +(\\d+) ${word}`, "m").exec(output)?.[1] ?? 0);
    return {
        passed: count("passing"),
        failed: Math.max(count("failing"), ok ? 0 : 1),
        skipped: count("pending"),
    };
}

/** The last line of a test command, and its exit code. */
export function conclude(...all: readonly Counts[]): void {
    const sum = (key: keyof Counts): number => all.reduce((total, counts) => total + counts[key], 0);
    console.log(`\n${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
    process.exitCode = sum("failed") === 0 ? 0 : 1;
}
