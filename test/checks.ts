import { execa } from "execa";
import { join } from "node:path";
import { conclude, mochaCounts } from "./counts";

/**
 * `npm test`: types, style, docstrings and unit tests, in that order, all of them even if one fails. Needs no cluster, no root and
 * no network. The last line counts the tests; a check that isn't a test counts as one.
 */
async function check(): Promise<void> {
    const root = join(__dirname, "..");
    const run = async (title: string, command: string, ...args: string[]): Promise<{ ok: boolean; stdout: string }> => {
        console.log(`\n${title}`);
        const { exitCode, stdout } = await execa(process.execPath, [join(root, "node_modules", command), ...args], {
            cwd: root,
            stdout: ["inherit", "pipe"],
            stderr: "inherit",
            reject: false,
        });
        return { ok: exitCode === 0, stdout };
    };
    const results = [
        await run("Types", "typescript/bin/tsc", "--noEmit"),
        await run("Lint", "eslint/bin/eslint.js", "."),
        await run("Format", "prettier/bin/prettier.cjs", "--check", "--log-level=warn", "."),
        // An export without a docstring, or a link that leads nowhere, is an error: see typedoc.json.
        await run("API reference", "typedoc/bin/typedoc", "--emit", "none"),
    ];
    const unit = await run("Unit tests", "mocha/bin/mocha.js", "--parallel", "test/unit/**/*.test.ts");
    const passed = results.filter(({ ok }) => ok).length;
    conclude({ passed, failed: results.length - passed, skipped: 0 }, mochaCounts(unit.stdout, unit.ok));
}

check().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
});
