// Runs one of the project's TypeScript programs on a fresh clone: installs the locked dependencies when they are
// missing or out of date, then hands over to the program with its arguments, signals and exit code.
//
//     node scripts/run.mjs PROGRAM.ts [ARGUMENT…]
//
// Plain JavaScript with nothing but Node.js, since it runs before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [program, ...args] = process.argv.slice(2);

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
    console.error(`flux-to-tekton needs Node.js 20.19 or newer, and this is ${process.version}. Install a newer one.`);
    process.exit(1);
}
if (!program) {
    console.error("usage: node scripts/run.mjs PROGRAM.ts [ARGUMENT…]");
    process.exit(2);
}

installDependencies();

// Transpile only: `npm test` type-checks, and a type-check at each start would cost seconds.
const child = spawn(process.execPath, ["-r", join(root, "scripts/typescript.cjs"), join(root, program), ...args], {
    cwd: root,
    stdio: "inherit",
});
// A terminal's Ctrl-C reaches the child by itself (same process group); this process only must not die before it.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));

function installDependencies() {
    const stamp = join(root, "node_modules", ".locked");
    const lock = createHash("sha256")
        .update(readFileSync(join(root, "package-lock.json")))
        .digest("hex");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
    console.error("Installing the locked npm dependencies (npm ci) …");
    // No dependency needs its install scripts: some would try to compile a faster half of themselves.
    const npm = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
        cwd: root,
        // Standard output is the program's alone: it may be a stream of YAML.
        stdio: ["inherit", 2, 2],
    });
    if (npm.status !== 0) {
        console.error(
            "npm ci failed (its output is above). It needs the npm registry, or a cache that has the packages.",
        );
        process.exit(npm.status ?? 1);
    }
    writeFileSync(stamp, lock);
}
