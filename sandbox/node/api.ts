import { execa } from "execa";
import { searchPath } from "../machine";
import { certificateFile, keyFile } from "./certificates";
import { address, inNetwork } from "./network";

/**
 * Asks the API server, as the administrator; curl, since this process is outside of the cluster's network, and kubectl
 * takes ten times as long.
 *
 * @param path such as /readyz
 * @returns the answer's body, or undefined when there is none or it isn't a success
 */
export async function get(path: string): Promise<string | undefined> {
    return curl(
        ...["--cacert", certificateFile("ca"), "--cert", certificateFile("admin"), "--key", keyFile("admin")],
        `https://${address}:6443${path}`,
    );
}

/** Runs curl in the sandbox's network; undefined unless the answer is a success. */
export async function curl(...args: string[]): Promise<string | undefined> {
    const [command, ...rest] = inNetwork("curl", ["--silent", "--fail", "--max-time", "10", "--noproxy", "*", ...args]);
    const result = await execa(command, rest, { env: { PATH: searchPath() }, reject: false });
    return result.exitCode === 0 ? result.stdout : undefined;
}

/** The parts of a Kubernetes object that tell how it is. */
interface WithConditions {
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Whether the object at this path of the API exists and has the condition, such as "Ready". */
export async function hasCondition(path: string, type: string): Promise<boolean> {
    const body = await get(path);
    if (body === undefined) return false;
    const { status } = JSON.parse(body) as WithConditions;
    return status?.conditions?.some((condition) => condition.type === type && condition.status === "True") ?? false;
}
