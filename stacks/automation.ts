import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join, resolve, sep } from "node:path";
import { LocalWorkspace, type PulumiFn, type Stack } from "@pulumi/pulumi/automation";

const root = resolve(__dirname, "..");

/**
 * Opens a stack of this project for the Automation API, with the config of its Pulumi.<name>.yaml. Every operation
 * loads index.ts anew, as the `pulumi` command would, and runs it with the real engine.
 *
 * @param folder where the stack's settings are kept between operations: copies, so that the checkout stays clean
 * @param options.settings the stack whose Pulumi.<name>.yaml it has @default its own
 * @param options.program @default index.ts; another program is for comparisons
 */
export async function openStack(
    name: string,
    folder: string,
    { settings = name, program = runIndex }: { settings?: string; program?: PulumiFn } = {},
): Promise<Stack> {
    await mkdir(folder, { recursive: true });
    // The program is handed to the engine by this process, so the settings must not name a file for it.
    const project = (await readFile(join(root, "Pulumi.yaml"), "utf8")).replace(/^main: .*\n/m, "");
    await writeFile(join(folder, "Pulumi.yaml"), project);
    await copyStackSettings(settings, name, folder);
    const stack = await LocalWorkspace.createOrSelectStack(
        { stackName: name, projectName: "flux-to-tekton", program },
        { workDir: folder },
    );
    if (await isLockedByTheDead(name)) await stack.cancel();
    return stack;
}

/** An operation that was killed leaves its lock behind, in a backend of files, and every later one would refuse to run. */
async function isLockedByTheDead(stack: string): Promise<boolean> {
    const backend = /^file:\/\/(.+)/.exec(process.env.PULUMI_BACKEND_URL ?? "")?.[1];
    if (backend === undefined) return false;
    const locks = join(backend, ".pulumi", "locks", "organization", "flux-to-tekton", stack);
    const holders = await Promise.all(
        (await readdir(locks).catch(() => [])).map(
            async (file) => JSON.parse(await readFile(join(locks, file), "utf8")) as { pid: number; hostname: string },
        ),
    );
    return holders.some(({ pid, hostname: host }) => host === hostname() && !existsSync(`/proc/${pid}`));
}

/** Keeps the salt that Pulumi wrote into the copy: without it the stack's secrets can't be read again. */
async function copyStackSettings(from: string, name: string, folder: string): Promise<void> {
    const copy = join(folder, `Pulumi.${name}.yaml`);
    const earlier = await readFile(copy, "utf8").catch(() => "");
    const salt = /^encryptionsalt: .*$/m.exec(earlier)?.[0] ?? "";
    const settings = await readFile(join(root, `Pulumi.${from}.yaml`), "utf8");
    await writeFile(copy, `${settings}${salt}\n`);
}

/** Runs index.ts as if for the first time in this process. */
async function runIndex(): Promise<Record<string, unknown>> {
    const own = ["index.ts", `components${sep}`, `stacks${sep}`].map((path) => join(root, path));
    for (const path of Object.keys(require.cache)) {
        if (path !== __filename && own.some((prefix) => path.startsWith(prefix))) delete require.cache[path];
    }
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be cached
    const program = require("../index") as () => Promise<Record<string, unknown>>;
    return program();
}
