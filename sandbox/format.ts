import { existsSync, readFileSync } from "node:fs";

/** "0.4 s", "42 s", "3 m 07 s". */
export function duration(milliseconds: number): string {
    const seconds = milliseconds / 1000;
    if (seconds < 10) return `${seconds.toFixed(1)} s`;
    const whole = Math.round(seconds);
    if (whole < 60) return `${whole} s`;
    return `${Math.floor(whole / 60)} m ${String(whole % 60).padStart(2, "0")} s`;
}

/** n GiB in bytes. */
export const gibibytes = (n: number): number => n * 2 ** 30;

/** "1.5 GiB". */
export const inGibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** The last lines of a file, "(empty)" when there are none. */
export function lastLines(file: string, count: number): string {
    if (!existsSync(file)) return "(no such file)";
    return readFileSync(file, "utf8").trimEnd().split("\n").slice(-count).join("\n") || "(empty)";
}
