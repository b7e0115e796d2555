/** A duration as Go, and so Kubernetes and Flux, write it: `90s`, `5m`, `1h30m`. */
export const durationPattern = /^(?=.)(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;

/**
 * A duration in seconds.
 * @throws Error for text that isn't one
 */
export function seconds(duration: string): number {
    const match = durationPattern.exec(duration);
    if (!match) throw new Error(`${JSON.stringify(duration)} is not a duration such as 90s, 5m or 1h30m`);
    const [hours = 0, minutes = 0, rest = 0] = match.slice(1).map((part) => Number(part ?? 0));
    return (hours * 60 + minutes) * 60 + rest;
}
