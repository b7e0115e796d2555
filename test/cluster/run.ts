import { join } from "node:path";
import * as sandbox from "../../sandbox/sandbox";

/**
 * The cluster tests: on a sandbox that starts empty, in its network, since the engine calls back into their process.
 *
 *     npm run test:cluster [-- MOCHA-OPTION…]
 */
async function run(): Promise<void> {
    await sandbox.down();
    await sandbox.up();
    const root = join(__dirname, "../..");
    const mocha = [join(root, "node_modules/mocha/bin/mocha.js"), "test/cluster/*.test.ts", ...process.argv.slice(2)];
    const { exitCode } = await sandbox.exec(process.execPath, mocha, { cwd: root, stdio: "inherit", reject: false });
    process.exitCode = exitCode ?? 1;
}

run().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
});
