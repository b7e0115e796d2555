/** The allowed value that a mistyped one most likely meant, if any is near. */
export function nearest(value: string, allowed: readonly string[]): string | undefined {
    return allowed.find((candidate) => candidate === value);
}
