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

/** Modules that the public checksum database doesn't have: their checksums, as in a go.sum. */
const pinned: Readonly<Record<string, string>> = {
    "github.com/fluxcd/source-watcher/v2@v2.2.3": "h1:50kpO1U+7tj9s+n6onf59vTpsiOC6y20SELNqa3w170=",
};

/**
 * Downloads a Go module, or finds it in Go's module cache. Go verifies it with the checksum database.
 * @param module Path with the suffix that its major version needs: "github.com/fluxcd/flux2/v2".
 * @returns the folder with its files, read-only
 * @throws Error with Go's own message
 */
export async function downloadModule(module: string, version: string): Promise<string> {
    const name = `${module}@${version}`;
    const { stdout, shortMessage } = await execa("go", ["mod", "download", "-json", name], {
        reject: false,
        // Outside any module, so that no go.mod is read.
        cwd: "/",
        env: { GOWORK: "off", ...(pinned[name] ? { GONOSUMDB: module } : {}) },
    });
    const { Dir, Sum, Error: cause } = parse(stdout);
    if (!Dir) throw new Error(`The Go module ${name} can't be had: ${cause ?? shortMessage ?? stdout}`);
    if (pinned[name] && pinned[name] !== Sum) {
        throw new Error(`The Go module ${name} has the checksum ${Sum}, expected is ${pinned[name]}. Don't use it.`);
    }
    return Dir;
}

function parse(stdout: string): { Dir?: string; Sum?: string; Error?: string } {
    try {
        return JSON.parse(stdout) as { Dir?: string; Sum?: string; Error?: string };
    } catch {
        return {};
    }
}
