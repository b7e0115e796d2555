import { KubeConfig, Watch } from "@kubernetes/client-node";
import { execa } from "execa";

/** An object as the API server sends it. */
export interface ApiObject {
    readonly kind?: string;
    readonly metadata: {
        readonly name: string;
        readonly namespace?: string;
        readonly creationTimestamp: string;
        readonly [field: string]: unknown;
    };
    readonly spec?: Readonly<Record<string, unknown>>;
    readonly status?: Readonly<Record<string, unknown>>;
    readonly [field: string]: unknown;
}

/** Runs kubectl and returns what it prints. */
export async function kubectl(...args: readonly string[]): Promise<string> {
    return (await execa("kubectl", args)).stdout;
}

/** The objects of a kind; none if the cluster doesn't know the kind. */
export async function list(kind: string, ...args: readonly string[]): Promise<ApiObject[]> {
    const { stdout, stderr, exitCode } = await execa("kubectl", ["get", kind, ...args, "-o", "json"], {
        reject: false,
    });
    if (exitCode === 0) return (JSON.parse(stdout) as { items: ApiObject[] }).items;
    if (/doesn't have a resource type|could not find the requested resource/.test(stderr)) return [];
    throw new Error(`kubectl get ${kind} ${args.join(" ")}: ${stderr}`);
}

/**
 * Waits until an object of a collection is as wanted; tells the moment it was seen.
 * @param path of the collection: `/apis/tekton.dev/v1/namespaces/default/pipelineruns`
 * @param timeout seconds
 * @throws naming what was waited for and the last state of the objects seen
 */
export async function until(
    path: string,
    wanted: (object: ApiObject) => boolean,
    { timeout, what }: { timeout: number; what: string },
): Promise<{ object: ApiObject; at: number }> {
    const config = new KubeConfig();
    config.loadFromDefault();
    const watch = new Watch(config);
    const deadline = Date.now() + timeout * 1000;
    const seen = new Map<string, ApiObject>();
    // A watch starts with the objects that are there; the API server ends one now and then, and it starts again.
    while (Date.now() < deadline) {
        const found = await new Promise<{ object: ApiObject; at: number } | undefined>((resolve) => {
            let request: AbortController | undefined;
            const end = (result?: { object: ApiObject; at: number }): void => {
                clearTimeout(timer);
                resolve(result);
                request?.abort();
            };
            const timer = setTimeout(() => end(), Math.max(0, deadline - Date.now()));
            watch
                .watch(
                    path,
                    {},
                    (phase, object: ApiObject) => {
                        if (phase === "DELETED") return void seen.delete(object.metadata.name);
                        seen.set(object.metadata.name, object);
                        if (wanted(object)) end({ object, at: Date.now() });
                    },
                    () => setTimeout(() => end(), 200),
                )
                .then((controller) => (request = controller))
                .catch(() => setTimeout(() => end(), 200));
        });
        if (found !== undefined) return found;
    }
    const states = [...seen.values()].map(({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status)}`);
    throw new Error(`${what}: not within ${timeout} s. Seen: ${states.join("\n") || "nothing"}`);
}

/** A condition of an object's status: "True", "False", "Unknown", or undefined. */
export function condition(
    object: ApiObject,
    type: string,
): { status: string; reason: string; message: string } | undefined {
    return (
        object.status?.conditions as { type: string; status: string; reason: string; message: string }[] | undefined
    )?.find((one) => one.type === type);
}
