import { createHash, randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { execa } from "execa";
import { tar } from "../../sandbox/images/tar";
import { files } from "../../sandbox/node/configuration";
import { program } from "../../sandbox/tools";

/** path → content */
type Files = Readonly<Record<string, string>>;

/** A server that runs until it is stopped, as a process of the test's. */
interface Server {
    /** `host:port` */
    readonly host: string;
    /** Ends it, and removes what it has stored. */
    stop(): Promise<void>;
}

/** Whoever may push and pull. */
export const login = { username: "flux", password: "push-and-pull" } as const;
/** The same as `htpasswd -B` writes it. */
const htpasswd = "flux:$2y$04$30D/jo9UMxpBPL1q5WvVVeQK3DxsFF9n3iwexvQimb9TvDBu5Uykm\n";

/** The registry of the CNCF's Distribution, which asks for {@link login}: https://distribution.github.io/distribution/ */
export async function startRegistry(): Promise<Server> {
    const host = `${process.env.SANDBOX_ADDRESS}:5000`;
    // containerd takes it for https otherwise: https://github.com/containerd/containerd/blob/main/docs/hosts.md
    const hosts = join(files.registries, host);
    await mkdir(hosts, { recursive: true });
    const [server, table] = [`server = "http://${host}"`, `[host."http://${host}"]`];
    await writeFile(join(hosts, "hosts.toml"), `${server}\n${table}\ncapabilities = ["pull", "resolve"]\n`);
    return startServer("registry", host, async (folder) => {
        const passwords = join(folder, "htpasswd");
        await writeFile(passwords, htpasswd);
        const config = {
            version: "0.1",
            log: { level: "warn" },
            storage: { filesystem: { rootdirectory: join(folder, "storage") } },
            http: { addr: host, secret: randomBytes(16).toString("hex") },
            auth: { htpasswd: { realm: "registry", path: passwords } },
        };
        await writeFile(join(folder, "config.yaml"), JSON.stringify(config));
        return { command: program("registry", "registry"), args: ["serve", join(folder, "config.yaml")] };
    });
}

/** The root's access and secret key. */
export const bucketKey = { accessKey: "fleet", secretKey: "read-and-write" } as const;

/** An S3 server, Versity's gateway on a folder: https://github.com/versity/versitygw */
export async function startObjectStore(): Promise<Server> {
    const host = `${process.env.SANDBOX_ADDRESS}:9000`;
    return startServer("object-store", host, async (folder) => {
        await mkdir(join(folder, "data"));
        return {
            command: program("versitygw", "versitygw"),
            args: ["--port", host, "posix", join(folder, "data")],
            env: { ROOT_ACCESS_KEY: bucketKey.accessKey, ROOT_SECRET_KEY: bucketKey.secretKey },
        };
    });
}

async function startServer(
    name: string,
    host: string,
    prepare: (folder: string) => Promise<{ command: string; args: string[]; env?: Record<string, string> }>,
): Promise<Server> {
    const folder = join(process.env.SANDBOX_STATE!, name);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    const { command, args, env } = await prepare(folder);
    const child = execa(command, args, { env, all: true, reject: false, cleanup: true });
    const answers = async (): Promise<boolean> => (await fetch(`http://${host}/`).catch(() => undefined)) !== undefined;
    while (!(await answers())) {
        if (child.exitCode !== null) throw new Error(`${name} has ended: ${(await child).all}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const stop = async (): Promise<void> => {
        child.kill();
        await child;
        await rm(folder, { recursive: true, force: true });
    };
    return { host, stop };
}

/**
 * Pushes files as `flux push artifact --reproducible` does, with its media types: the same files give the same digest.
 * https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push
 * @param target `host:port/name`
 * @returns the artifact's digest, `sha256:…`
 */
export async function pushArtifact(target: string, tag: string, files: Files): Promise<string> {
    const [, host, name] = /^([^/]+)\/(.+)$/.exec(target)!;
    const api = `http://${host}/v2/${name}`;
    const layer = gzipSync(await archive(files));
    const config = Buffer.from(JSON.stringify({ created: "1970-01-01T00:00:00Z" }));
    const describe = (mediaType: string, content: Buffer) => ({
        mediaType,
        size: content.length,
        digest: digest(content),
    });
    for (const content of [layer, config]) {
        const { headers } = await send(`${api}/blobs/uploads/`, { method: "POST" });
        const place = new URL(headers.get("location")!, api);
        place.searchParams.set("digest", digest(content));
        await send(`${place}`, {
            method: "PUT",
            headers: { "Content-Type": "application/octet-stream" },
            body: new Uint8Array(content),
        });
    }
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    const manifest = Buffer.from(
        JSON.stringify({
            schemaVersion: 2,
            mediaType,
            config: describe("application/vnd.cncf.flux.config.v1+json", config),
            layers: [describe("application/vnd.cncf.flux.content.v1.tar+gzip", layer)],
        }),
    );
    await send(`${api}/manifests/${tag}`, {
        method: "PUT",
        headers: { "Content-Type": mediaType },
        body: new Uint8Array(manifest),
    });
    return digest(manifest);
}

async function send(url: string, request: RequestInit): Promise<Response> {
    const basic = Buffer.from(`${login.username}:${login.password}`).toString("base64");
    const response = await fetch(url, { ...request, headers: { ...request.headers, Authorization: `Basic ${basic}` } });
    if (!response.ok)
        throw new Error(`${request.method} ${url}: ${response.status} ${(await response.text()).slice(0, 500)}`);
    return response;
}

async function archive(files: Files): Promise<Buffer> {
    const entries = Object.entries(files).map(([path, text]) => {
        const content = Buffer.from(text);
        return { path, size: content.length, content: [content] };
    });
    return buffer(Readable.from(tar(entries)));
}

const digest = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;

/** Makes a bucket. @param target `host:port/bucket` */
export async function createBucket(target: string): Promise<void> {
    await put(target, "");
}

/** Puts files into a bucket. @param target `host:port/bucket` */
export async function upload(target: string, files: Files): Promise<void> {
    for (const [path, content] of Object.entries(files)) await put(`${target}/${path}`, content);
}

async function put(target: string, content: string): Promise<void> {
    const { accessKey, secretKey } = bucketKey;
    await execa("curl", [
        ...["--silent", "--show-error", "--fail-with-body", "--request", "PUT", `http://${target}`],
        ...["--aws-sigv4", "aws:amz:us-east-1:s3", "--user", `${accessKey}:${secretKey}`],
        // Required by S3, and not every curl adds it by itself.
        ...["--header", `x-amz-content-sha256: ${digest(Buffer.from(content)).slice("sha256:".length)}`],
        ...(content === "" ? [] : ["--data-binary", content]),
    ]);
}
