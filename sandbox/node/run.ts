import { execa } from "execa";
import { searchPath } from "../machine";
import type { Component } from "./components";
import { inNetwork } from "./network";

/**
 * Runs ctr or kubectl against the sandbox.
 *
 * @returns standard output; undefined when it failed and `reject` is false
 * @throws with what the command wrote to standard error
 */
export async function run(
    { command, args }: Component,
    { input, reject = true }: { input?: string; reject?: boolean } = {},
): Promise<string | undefined> {
    const [nsenter, ...rest] = inNetwork(command, args);
    const result = await execa(nsenter, rest, {
        env: { PATH: searchPath() },
        reject: false,
        ...(input === undefined ? { stdin: "ignore" } : { input }),
    });
    if (result.exitCode === 0) return result.stdout;
    if (!reject) return undefined;
    throw new Error(`${command} ${args.join(" ")} failed: ${result.stderr || result.shortMessage}`);
}
