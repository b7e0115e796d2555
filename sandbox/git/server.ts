/**
 * Serves the Git repositories below a folder over http and https, reading and writing, with `git http-backend`, and over
 * ssh, reading (see sshServer.ts):
 *
 *     node -r scripts/typescript.cjs sandbox/git/server.ts --root DIR --listen 10.90.0.1:80
 *
 * For the sandbox alone: everyone may push, except to a private repository (see repository.ts).
 */
import { spawn } from "node:child_process";
import { createHash, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import type * as net from "node:net";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { credentialsFile, readCredentials, repositoryName } from "./repository";
import type { Server as SshServer } from "ssh2";
import { gitSshServer, hostKey } from "./sshServer";

/** The smart protocol's three addresses: https://git-scm.com/docs/http-protocol */
const address = /^\/(?<name>.+\.git)(?<service>\/info\/refs|\/git-upload-pack|\/git-receive-pack)$/;

/** A server for the repositories below `root`; `listen` is the caller's. */
export function gitServer(root: string, log: (line: string) => void): http.Server {
    return http.createServer(handler(root, log));
}

function handler(root: string, log: (line: string) => void): http.RequestListener {
    return (request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
        response.on("finish", () => log(`${request.method} ${pathname} ${response.statusCode}`));
        const { name = "", service = "" } = address.exec(pathname)?.groups ?? {};
        const repository = join(root, name);
        if (!repositoryName.test(name) || !existsSync(repository)) {
            refuse(response, 404, `There is no Git repository at ${pathname}.`);
        } else if (!authorized(request, repository)) {
            response.setHeader("WWW-Authenticate", 'Basic realm="git", charset="UTF-8"');
            refuse(response, 401, `The repository ${name} needs a user name and password.`);
        } else {
            const environment = {
                GIT_PROJECT_ROOT: root,
                PATH_INFO: `/${name}${service}`,
                QUERY_STRING: `${searchParams}`,
            };
            answer(request, response, environment).catch((error: unknown) => {
                log(`${request.method} ${pathname}: ${String(error)}`);
                if (response.headersSent) response.destroy();
                else refuse(response, 500, "git http-backend failed; the server's log says why.");
            });
        }
    };
}

function refuse(response: http.ServerResponse, status: number, message: string): void {
    response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${message}\n`);
}

function authorized(request: http.IncomingMessage, repository: string): boolean {
    const credentials = readCredentials(join(repository, credentialsFile));
    if (!credentials) return true;
    const expected = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
    const [scheme = "", given = ""] = (request.headers.authorization ?? "").split(" ");
    const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
    return scheme.toLowerCase() === "basic" && timingSafeEqual(digest(given), digest(expected));
}

/** Runs the backend as a CGI program: https://git-scm.com/docs/git-http-backend, RFC 3875. */
async function answer(
    request: http.IncomingMessage,
    response: http.ServerResponse,
    address: NodeJS.ProcessEnv,
): Promise<void> {
    const header = (name: string): string | undefined => request.headers[name]?.toString();
    const backend = spawn("git", ["http-backend"], {
        stdio: ["pipe", "pipe", "inherit"],
        env: {
            ...process.env,
            ...address,
            GIT_HTTP_EXPORT_ALL: "1",
            REQUEST_METHOD: request.method,
            CONTENT_TYPE: header("content-type"),
            CONTENT_LENGTH: header("content-length"),
            HTTP_CONTENT_ENCODING: header("content-encoding"),
            GIT_PROTOCOL: header("git-protocol"),
            REMOTE_ADDR: request.socket.remoteAddress,
        },
    });
    response.on("close", () => backend.kill());
    // A backend that refuses early closes its input; what it answers is what counts then.
    pipeline(request, backend.stdin).catch(() => undefined);
    await new Promise<void>((started, failed) => backend.once("spawn", started).once("error", failed));
    const { status, headers, rest } = await readHeaders(backend.stdout);
    response.writeHead(status, headers);
    response.write(rest);
    await pipeline(backend.stdout, response);
}

interface CgiHeaders {
    readonly status: number;
    readonly headers: [name: string, value: string][];
    /** The body's bytes that came together with the headers. */
    readonly rest: Buffer;
}

async function readHeaders(output: Readable): Promise<CgiHeaders> {
    const end = "\r\n\r\n";
    let read = Buffer.alloc(0);
    while (!read.includes(end)) {
        const chunk = await nextChunk(output);
        if (!chunk) throw new Error(`it ended without complete headers: ${JSON.stringify(read.toString())}`);
        read = Buffer.concat([read, chunk]);
    }
    const lines = read.subarray(0, read.indexOf(end)).toString().split("\r\n");
    const headers = lines.map((line): [string, string] => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const status = headers.find(([name]) => name.toLowerCase() === "status")?.[1] ?? "200";
    return {
        status: Number.parseInt(status, 10),
        headers: headers.filter(([name]) => name.toLowerCase() !== "status"),
        rest: read.subarray(read.indexOf(end) + end.length),
    };
}

/** The next chunk, or undefined at the end. Unlike `for await` it leaves the stream open for whoever reads on. */
async function nextChunk(stream: Readable): Promise<Buffer | undefined> {
    for (;;) {
        const chunk = stream.read() as Buffer | null;
        if (chunk) return chunk;
        if (stream.readableEnded) return undefined;
        await new Promise<void>((ready) => {
            const done = (): void => {
                stream.off("readable", done).off("end", done);
                ready();
            };
            stream.on("readable", done).on("end", done);
        });
    }
}

function main(): void {
    const names = ["root", "listen", "https", "certificate", "key", "ssh", "host-key"] as const;
    const options = Object.fromEntries(names.map((name) => [name, { type: "string" }])) as {
        readonly [name in (typeof names)[number]]: { readonly type: "string" };
    };
    const {
        root,
        listen,
        https: secure,
        certificate,
        key,
        ssh,
        "host-key": hostKeyFile,
    } = parseArgs({ options }).values;
    if (!root || !listen || (secure && !(certificate && key)) || (ssh && !hostKeyFile)) {
        console.error(
            "usage: server.ts --root FOLDER --listen ADDRESS:PORT\n" +
                "           [--https ADDRESS:PORT --certificate FILE --key FILE] [--ssh ADDRESS:PORT --host-key FILE]",
        );
        process.exit(2);
    }
    const log = (line: string): void => console.log(`${new Date().toISOString()} ${line}`);
    const folder = resolve(root);
    if (ssh) start(gitSshServer(folder, hostKey(hostKeyFile!), log), ssh, root);
    if (secure) {
        const tls = { cert: readFileSync(certificate!), key: readFileSync(key!) };
        start(https.createServer(tls, handler(folder, log)), secure, root);
    }
    start(gitServer(folder, log), listen, root);
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
}

/** Listens, and ends the program if it can't. */
function start(server: net.Server | SshServer, where: string, root: string): void {
    const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(where) ?? [];
    const failed = (error: Error): never => {
        console.error(`The Git server can't listen on ${where}: ${error.message}`);
        process.exit(1);
    };
    if (host === undefined) failed(new Error("expected ADDRESS:PORT"));
    (server as net.Server).on("error", failed);
    server.listen(Number(port), host!, () => {
        console.log(`Git server for ${root} on ${host}:${(server.address() as net.AddressInfo).port}`);
    });
}

if (require.main === module) main();
