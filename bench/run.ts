import { join } from "node:path";
import * as sandbox from "../sandbox/sandbox";

/**
 * The benchmarks: on a sandbox that starts empty, in its network, since the engine calls back into their process.
 *
 *     npm run bench [-- --help]
 */
async function run(): Promise<void> {
    const root = join(__dirname, "..");
    const inside = process.argv.includes("--help");
    if (!inside) {
        await sandbox.down();
        await sandbox.up();
    }
    const bench = ["-r", "./scripts/typescript.cjs", join(__dirname, "bench.ts"), ...process.argv.slice(2)];
    const options = { cwd: root, stdio: "inherit", reject: false } as const;
    const { exitCode } = inside
        ? await import("execa").then(({ execa }) => execa(process.execPath, bench, options))
        : await sandbox.exec(process.execPath, bench, options);
    process.exitCode = exitCode ?? 1;
}

run().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
});
