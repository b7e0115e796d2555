const units = [
    { name: "d", seconds: 86_400 },
    { name: "h", seconds: 3_600 },
    { name: "min", seconds: 60 },
    { name: "s", seconds: 1 },
];

/** How long, in its largest unit: "42 s", "5 min", "3 h", "12 d". */
export function span(from: Date, to: Date): string {
    const seconds = Math.max(0, Math.round((to.getTime() - from.getTime()) / 1000));
    const { name, seconds: unit } = units.find((one) => seconds >= one.seconds) ?? units.at(-1)!;
    return `${Math.floor(seconds / unit)} ${name}`;
}

/** "5 min ago". */
export function ago(time: Date | undefined, now: Date): string {
    return time === undefined ? "at an unknown time" : `${span(time, now)} ago`;
}

/** A revision with as much of its hash as people read: "main@sha1:0123456789ab". */
export function short(revision: string): string {
    return revision.replace(/([0-9a-f]{12})[0-9a-f]{20,}$/, "$1");
}

/** A value in a message: as JSON, cut if it is long, and without the password that a URL may have. */
export function shown(value: unknown): string {
    const json = JSON.stringify(value) ?? "nothing";
    const safe = json.replace(/\/\/[^/@\s:"]+:[^/@\s"]+@/g, "//***@");
    return safe.length > 120 ? `${safe.slice(0, 117)}…` : safe;
}

/** "a", "a and b", "a, b and 3 more". */
export function listed(names: readonly string[], most = 3): string {
    const first = names.slice(0, names.length > most ? most - 1 : most);
    const rest = names.length - first.length;
    const all = rest > 0 ? [...first, `${rest} more`] : first;
    return all.length < 2 ? all.join() : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

/** "1 Deployment", "2 Deployments". */
export function counted(number: number, noun: string): string {
    return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
