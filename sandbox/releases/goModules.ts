import { execa } from "execa";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const tools = join(__dirname, "..", "tools");

/**
 * Version of a module as a sandbox tool's go.mod locks it: what the tool's programs are built from.
 * @param tool Folder below sandbox/tools
 * @throws Error if the tool doesn't lock the module
 */
export function lockedVersion(tool: string, module: string): string {
    const path = join(tools, tool, "go.mod");
    const lines = readFileSync(path, "utf8").split("\n");
    for (const line of lines) {
        const [name, version] = line.replace(/^\s*(require\s+)?/, "").split(/\s+/);
        if (name === module && version?.startsWith("v")) return version;
    }
    throw new Error(`${path} locks no version of ${module}. Add it there (go get ${module}).`);
}

/**
 * Downloads a Go module, or finds it in Go's module cache (GOMODCACHE decides where that is).
 * @returns the folder with its files, read-only
 * @throws Error with Go's own message
 */
export async function downloadModule(module: string, version: string): Promise<string> {
    const { stdout, failed, message } = await execa("go", ["mod", "download", "-json", `${module}@${version}`], {
        reject: false,
        // Outside any module, so that no go.mod of ours is read or written.
        cwd: "/",
    });
    const result = parse(stdout);
    if (result.Dir) return result.Dir;
    throw new Error(
        `The Go module ${module}@${version} can't be downloaded: ${result.Error ?? (failed ? message : stdout)}`,
    );
}

function parse(stdout: string): { Dir?: string; Error?: string } {
    try {
        return JSON.parse(stdout) as { Dir?: string; Error?: string };
    } catch {
        return {};
    }
}
