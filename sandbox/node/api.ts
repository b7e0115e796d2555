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
    readonly status?: { readonly conditions?: readonly Condition[] };
}

interface Condition {
    readonly type: string;
    readonly status: string;
    /** A node's have one: RFC 3339, in whole seconds. */
    readonly lastHeartbeatTime?: string;
}

/**
 * Whether the object at this path of the API exists and has the condition, such as "Ready".
 *
 * @param since only if it has been reported after that: for a node's
 */
export async function hasCondition(path: string, type: string, since?: Date): Promise<boolean> {
    const body = await get(path);
    if (body === undefined) return false;
    const { status } = JSON.parse(body) as WithConditions;
    const reported = ({ lastHeartbeatTime }: Condition): boolean =>
        since === undefined || (lastHeartbeatTime !== undefined && new Date(lastHeartbeatTime) > since);
    return status?.conditions?.some((one) => one.type === type && one.status === "True" && reported(one)) ?? false;
}
