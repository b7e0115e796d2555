import { join } from "node:path";
import { execa } from "execa";

/**
 * Seconds from a process's start to the program's first resource, with Pulumi's own runtime and a simulated engine that
 * takes note of the first registration.
 * @param register what Node.js loads first, to run TypeScript
 */
export async function programStart(register: string): Promise<number> {
    const root = join(__dirname, "..");
    const script = `
        const pulumi = require("@pulumi/pulumi");
        pulumi.runtime.setMocks(
            {
                newResource: ({ type, name, inputs }) => {
                    if (type !== "pulumi:pulumi:Stack") {
                        require("node:fs").writeSync(1, "registered");
                        // An exit would have the SDK count the promises that are left.
                        process.kill(process.pid, "SIGKILL");
                    }
                    return { id: name, state: inputs };
                },
                call: ({ inputs }) => inputs,
            },
            "flux-to-tekton", "bench", true, "organization",
        );
        pulumi.runtime.setAllConfig({ "flux-to-tekton:gitUrl": "http://git.sandbox.test/fleet-infra.git" });
        pulumi.runtime.runInPulumiStack(require(${JSON.stringify(join(root, "index.ts"))}));
    `;
    const start = performance.now();
    const options = { cwd: root, reject: false, all: true } as const;
    const { all } = await execa(process.execPath, ["-r", register, "-e", script], options);
    if (!all.endsWith("registered")) throw new Error(`the program registered nothing: ${all}`);
    return (performance.now() - start) / 1000;
}
