/** One measured value: what was done, by whom, and how long it took or how much it was. */
export interface Sample {
    /** The work: "cluster empty → chain ready". */
    readonly work: string;
    /** Who did it: "up", "the script". The first of a work is what the others are compared with. */
    readonly by: string;
    /** Seconds, unless the unit says otherwise. */
    readonly value: number;
    readonly unit?: string;
}

/** Every sample of this run, in the order in which it was taken. */
export class Samples {
    private readonly all: Sample[] = [];

    add(work: string, by: string, value: number, unit = "s"): void {
        this.all.push({ work, by, value, unit });
        console.log(`${value.toFixed(2).padStart(9)} ${unit.padEnd(4)}${work}: ${by}`);
    }

    /** Does something and takes down how long it took, in seconds. */
    async time<T>(work: string, by: string, action: () => Promise<T>): Promise<T> {
        const start = performance.now();
        const result = await action();
        this.add(work, by, (performance.now() - start) / 1000);
        return result;
    }

    /** Medians as a Markdown table, each with its ratio to the first contender of its work. */
    table(): string {
        const works = [...new Set(this.all.map(({ work }) => work))];
        const rows = works.flatMap((work) => {
            const samples = this.all.filter((sample) => sample.work === work);
            const contenders = [...new Set(samples.map(({ by }) => by))];
            const values = (by: string): number[] =>
                samples.filter((sample) => sample.by === by).map(({ value }) => value);
            const first = quantile(values(contenders[0]!), 0.5);
            return contenders.map((by, index) => {
                const unit = samples.find((sample) => sample.by === by)!.unit!;
                const median = quantile(values(by), 0.5);
                const spread = [Math.min(...values(by)), Math.max(...values(by))].map((one) => shown(one)).join(" – ");
                return [
                    index === 0 ? work : "",
                    by,
                    `${shown(median)} ${unit}`,
                    spread,
                    String(values(by).length),
                    index === 0 ? "" : `${(first / median).toFixed(2)} ×`,
                ];
            });
        });
        const head = ["work", "by", "median", "smallest – largest", "samples", "the first one takes"];
        const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
        return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
    }
}

/** The value below which a part of the values lies, between 0 and 1: 0.5 is the median. */
export function quantile(values: readonly number[], part: number): number {
    const sorted = [...values].sort((a, b) => a - b);
    const position = (sorted.length - 1) * part;
    const [low, high] = [sorted[Math.floor(position)]!, sorted[Math.ceil(position)]!];
    return low + (high - low) * (position - Math.floor(position));
}

function shown(value: number): string {
    return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
