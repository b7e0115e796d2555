import { request as requestHttp } from "node:http";
import { request as requestHttps, type RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import type { KubernetesObject } from "../../components/kubernetesObject";
import type { ObjectName } from "./objects";

/** The API server's refusal. */
export class ApiError extends Error {
    constructor(
        /** The HTTP status. */
        readonly code: number,
        message: string,
    ) {
        super(message);
    }
}

/** How long the API server may take to answer, in milliseconds. */
const patience = 15_000;

/**
 * Reads objects of any kind as the API server has them. Every call goes over a few connections that are kept: the
 * library's own client signs in and shakes hands anew for each of hundreds.
 */
export class Api {
    private readonly kinds = new Map<string, Promise<readonly ServedKind[]>>();

    private constructor(
        private readonly server: string,
        private readonly options: RequestOptions,
    ) {}

    static async connect(cluster: KubeConfig): Promise<Api> {
        const options: RequestOptions = {};
        await cluster.applyToHTTPSOptions(options);
        const { agent } = options;
        if (typeof agent === "object") Object.assign(agent, { keepAlive: true, maxSockets: 8 });
        return new Api(cluster.getCurrentCluster()!.server.replace(/\/$/, ""), options);
    }

    /** An object; undefined if it isn't there, or nothing of its kind can be. @throws ApiError, Error */
    async read({ apiVersion, kind, metadata }: ObjectName): Promise<KubernetesObject | undefined> {
        const path = await this.path(apiVersion, kind, metadata.namespace);
        if (path === undefined) return undefined;
        return this.getIfThere<KubernetesObject>(`${path}/${metadata.name}`);
    }

    /** The objects of a kind with some labels; none if nothing of the kind can be there. @throws ApiError, Error */
    async list(apiVersion: string, kind: string, namespace: string, labelSelector = ""): Promise<KubernetesObject[]> {
        const path = await this.path(apiVersion, kind, namespace);
        if (path === undefined) return [];
        const query = labelSelector === "" ? "" : `?labelSelector=${encodeURIComponent(labelSelector)}`;
        const list = await this.getIfThere<{ readonly items: readonly KubernetesObject[] }>(path + query);
        // The items of a list don't say what they are.
        return (list?.items ?? []).map((item) => ({ ...item, apiVersion, kind }));
    }

    /** The last line of a container's log. @throws ApiError, Error */
    async lastLine(namespace: string, pod: string, container: string, previous: boolean): Promise<string | undefined> {
        const query = new URLSearchParams({ container, previous: String(previous), tailLines: "5" });
        const log = await this.get(`/api/v1/namespaces/${namespace}/pods/${pod}/log?${query.toString()}`);
        return log
            .split("\n")
            .filter((line) => line.trim() !== "")
            .at(-1);
    }

    close(): void {
        const { agent } = this.options;
        if (typeof agent === "object") agent.destroy();
    }

    private async path(apiVersion: string, kind: string, namespace: string | undefined): Promise<string | undefined> {
        const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
        const known =
            this.kinds.get(apiVersion) ??
            this.getIfThere<{ readonly resources: readonly ServedKind[] }>(root).then((list) => list?.resources ?? []);
        this.kinds.set(apiVersion, known);
        const served = (await known).find((one) => one.kind === kind && !one.name.includes("/"));
        if (served === undefined) return undefined;
        return served.namespaced
            ? `${root}/namespaces/${namespace ?? "default"}/${served.name}`
            : `${root}/${served.name}`;
    }

    private async getIfThere<T>(path: string): Promise<T | undefined> {
        try {
            return JSON.parse(await this.get(path)) as T;
        } catch (error) {
            if (error instanceof ApiError && error.code === 404) return undefined;
            throw error;
        }
    }

    private get(path: string): Promise<string> {
        const url = new URL(this.server + path);
        const request = url.protocol === "http:" ? requestHttp : requestHttps;
        return new Promise((resolve, reject) => {
            const call = request(url, { ...this.options, timeout: patience }, (response) => {
                const chunks: Buffer[] = [];
                response.on("data", (chunk: Buffer) => chunks.push(chunk));
                response.on("error", reject);
                response.on("end", () => {
                    const text = Buffer.concat(chunks).toString();
                    const code = response.statusCode ?? 0;
                    if (code === 200) resolve(text);
                    else reject(new ApiError(code, messageOf(text) ?? `the API server answers ${code}`));
                });
            });
            call.on("timeout", () => call.destroy(new Error(`no answer within ${patience / 1000} s`)));
            call.on("error", reject);
            call.end();
        });
    }
}

/** A resource of the API server's discovery documents: `{ name: "alerts", kind: "Alert", namespaced: true }`. */
interface ServedKind {
    readonly name: string;
    readonly kind: string;
    readonly namespaced: boolean;
}

/** A refusal is an object of kind Status. */
function messageOf(text: string): string | undefined {
    try {
        return (JSON.parse(text) as { message?: string }).message;
    } catch {
        return undefined;
    }
}
