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
 * Follows a collection: calls for each of its objects, then for each change. The API server ends a watch now and then,
 * or is away itself; then it starts again, with each of the objects.
 * @param path of the collection: `/apis/tekton.dev/v1/namespaces/default/pipelineruns`
 * @returns what ends it
 */
export function follow(path: string, each: (object: ApiObject, deleted: boolean) => void): () => void {
    const config = new KubeConfig();
    config.loadFromDefault();
    const watch = new Watch(config);
    let request: AbortController | undefined;
    let ended = false;
    const start = (): void => {
        if (ended) return;
        const again = (): void => void setTimeout(start, 200);
        watch
            .watch(
                path,
                {},
                (phase, object: ApiObject) => {
                    if (!ended && phase !== "ERROR") each(object, phase === "DELETED");
                },
                again,
            )
            .then((controller) => {
                request = controller;
                if (ended) request.abort();
            })
            .catch(again);
    };
    start();
    return () => {
        ended = true;
        request?.abort();
    };
}

/**
 * Waits until an object of a collection is as wanted; tells the moment it was seen.
 * @param path as {@link follow} takes it
 * @param timeout seconds
 * @throws naming what was waited for and the last state of the objects seen
 */
export async function until(
    path: string,
    wanted: (object: ApiObject) => boolean,
    { timeout, what }: { timeout: number; what: string },
): Promise<{ object: ApiObject; at: number }> {
    const seen = new Map<string, ApiObject>();
    return new Promise((resolve, reject) => {
        const end = follow(path, (object, deleted) => {
            if (deleted) return void seen.delete(object.metadata.name);
            seen.set(object.metadata.name, object);
            if (!wanted(object)) return;
            clearTimeout(timer);
            end();
            resolve({ object, at: Date.now() });
        });
        const timer = setTimeout(() => {
            end();
            const states = [...seen.values()].map(
                ({ metadata, status }) => `${metadata.name}: ${JSON.stringify(status)}`,
            );
            reject(new Error(`${what}: not within ${timeout} s. Seen: ${states.join("\n") || "nothing"}`));
        }, timeout * 1000);
    });
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
