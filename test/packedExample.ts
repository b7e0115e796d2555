import { readFileSync } from "node:fs";
import { cp, mkdir, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { execa } from "execa";

const root = resolve(__dirname, "..");

/** The package, as package.json describes it. */
export const { name, dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    name: string;
    dependencies: Record<string, string>;
};

/**
 * Copies examples/two-routes to a folder and installs there what `npm install` would: the package as `npm pack` makes
 * it, and its dependencies, which are this checkout's.
 * @returns the example's folder
 */
export async function installExample(folder: string): Promise<string> {
    const app = join(folder, "two-routes");
    await cp(join(root, "examples/two-routes"), app, {
        recursive: true,
        filter: (path) => !/node_modules|bin$/.test(path.slice(root.length)),
    });
    const [{ filename }] = JSON.parse(
        (await execa("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root })).stdout,
    ) as [{ filename: string }];
    const installed = join(app, "node_modules", name);
    await mkdir(installed, { recursive: true });
    await execa("tar", ["-xzf", join(folder, filename), "-C", installed, "--strip-components=1"]);
    for (const dependency of [...Object.keys(dependencies), "@types/node"]) {
        const link = join(folder, "node_modules", dependency);
        await mkdir(dirname(link), { recursive: true });
        await symlink(join(root, "node_modules", dependency), link);
    }
    return app;
}

/** Compiles the example, with its own settings. @returns the program's module */
export async function compileExample(app: string): Promise<string> {
    await execa(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "--project", app]);
    return join(app, "bin/index.js");
}
