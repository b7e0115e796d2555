import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A request that would change something. */
export interface Change {
    readonly method: string;
    readonly path: string;
    readonly body: unknown;
}

/** A simulated API server: all that it can say is its version, and the objects that it is given. */
export interface ApiServer {
    /** What it was asked to change; it changes nothing. */
    readonly changes: readonly Change[];
    /** For `kubernetes:kubeconfig`. */
    readonly kubeconfig: string;
    readonly url: string;
    close(): Promise<void>;
}

/**
 * Starts a server on 127.0.0.1 that answers as an API server would.
 * @param minor "36"; hosted ones add a "+"
 * @param objects by path; every other path is not found
 */
export async function startApiServer(
    minor: string,
    major = "1",
    objects: Readonly<Record<string, object>> = {},
): Promise<ApiServer> {
    const changes: Change[] = [];
    const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        const body = await text(request);
        if (request.method !== "GET") {
            changes.push({ method: request.method!, path: request.url!, body: JSON.parse(body) as unknown });
        }
        const answers: Readonly<Record<string, object>> = {
            "/version": { major, minor, gitVersion: `v${major}.${minor}.0` },
            ...objects,
        };
        const found = answers[request.url!.replace(/\/$/, "")];
        response.writeHead(found === undefined ? 404 : 200, { "content-type": "application/json" });
        response.end(JSON.stringify(found ?? {}));
    };
    const server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return {
        changes,
        url,
        kubeconfig: kubeconfigFor(url),
        close: () =>
            new Promise((closed) => {
                server.close(() => closed());
                server.closeAllConnections();
            }),
    };
}

/** A kubeconfig for the API server at a URL. */
export function kubeconfigFor(url: string): string {
    return JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        // The client refuses http without it.
        clusters: [{ name: "simulated", cluster: { server: url, "insecure-skip-tls-verify": true } }],
        users: [{ name: "nobody", user: {} }],
        contexts: [{ name: "simulated", context: { cluster: "simulated", user: "nobody" } }],
        "current-context": "simulated",
    });
}
