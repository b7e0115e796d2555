import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { execa } from "execa";
import { CatchUp, type CatchUpArgs, defaultCatchUpImage } from "../../../components/catchUp";
import type { Source } from "../../../components/route";
import { catchUpFilter } from "../../../components/triggerChain/cel";
import { currentSource, evaluate, type Json } from "../support/cel";
import { outputOf, type Registrations, simulate } from "../support/engine";
import { type PodSpec, restrictedViolations } from "../support/podSecurity";

const synced: Source = { kind: "GitRepository", name: "flux-system", namespace: "flux-system" };
const charts: Source = { kind: "OCIRepository", name: "charts", namespace: "apps" };
const data: Source = { kind: "Bucket", name: "data", namespace: "flux-system" };

interface Container {
    readonly image: string;
    readonly command: string[];
    readonly env: { name: string; value: string }[];
    readonly volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[];
}
interface CronJobSpec {
    readonly schedule: string;
    readonly concurrencyPolicy: string;
    readonly jobTemplate: {
        readonly spec: {
            readonly template: { readonly spec: PodSpec & { readonly containers: readonly [Container & PodSpec] } };
        };
    };
}

async function catchUp(sources: readonly Source[], change: Partial<CatchUpArgs> = {}): Promise<Registrations> {
    const { resources } = await simulate({}, () => {
        new CatchUp("catch-up", {
            generation: "v1",
            namespace: "ci",
            listenerUrl: "http://listener.ci:8080",
            authenticationSecretName: "listener-token",
            sources,
            ...change,
        });
    });
    return resources;
}

function cronJob(resources: Registrations): CronJobSpec {
    return resources.object("CronJob").inputs.spec as CronJobSpec;
}
function podSpec(resources: Registrations): CronJobSpec["jobTemplate"]["spec"]["template"]["spec"] {
    return cronJob(resources).jobTemplate.spec.template.spec;
}

describe("the catch-up's access", () => {
    let resources: Registrations;
    before(async () => {
        resources = await catchUp([synced, charts, data]);
    });
    const roles: [role: string, resource: string, source: Source][] = [
        ["ci-flux-catch-up-0", "gitrepositories", synced],
        ["ci-flux-catch-up-1", "ocirepositories", charts],
        ["ci-flux-catch-up-2", "buckets", data],
    ];

    it("is to get each source by its name, in its namespace, and nothing else", () => {
        expect(resources.written(/Role$/)).to.have.deep.members(
            roles.map(([role, resource, { name, namespace }]) => ({
                apiVersion: "rbac.authorization.k8s.io/v1",
                kind: "Role",
                metadata: { name: role, namespace },
                rules: [
                    {
                        apiGroups: ["source.toolkit.fluxcd.io"],
                        resources: [resource],
                        resourceNames: [name],
                        verbs: ["get"],
                    },
                ],
            })),
        );
    });

    it("is bound to its own account alone", () => {
        const subjects = [{ kind: "ServiceAccount", name: outputOf("flux-catch-up"), namespace: "ci" }];
        expect(resources.written(/RoleBinding$/)).to.have.deep.members(
            roles.map(([role, , { namespace }]) => ({
                apiVersion: "rbac.authorization.k8s.io/v1",
                kind: "RoleBinding",
                metadata: { name: role, namespace },
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: outputOf(role) },
                subjects,
            })),
        );
        expect(podSpec(resources).serviceAccountName).to.equal(outputOf("flux-catch-up"));
    });

    it("gives no token to other pods of the account", () => {
        expect(resources.written(/^ServiceAccount$/)).to.deep.equal([
            {
                apiVersion: "v1",
                kind: "ServiceAccount",
                metadata: { name: "flux-catch-up", namespace: "ci" },
                automountServiceAccountToken: false,
            },
        ]);
        expect(podSpec(resources).automountServiceAccountToken).to.equal(true);
    });

    it("is made of nothing else", () => {
        expect(resources.objects().map(({ inputs }) => inputs.kind)).to.have.members([
            "ServiceAccount",
            ...roles.flatMap(() => ["Role", "RoleBinding"]),
            "CronJob",
        ]);
    });
});

describe("the catch-up's CronJob", () => {
    it("comes every five minutes, one at a time, with a pinned image; or as it is told", async () => {
        const byDefault = await catchUp([synced]);
        expect(cronJob(byDefault)).to.include({ schedule: "*/5 * * * *", concurrencyPolicy: "Forbid" });
        expect(podSpec(byDefault).containers[0].image).to.equal(defaultCatchUpImage);
        expect(defaultCatchUpImage).to.match(/:[0-9]+\.[0-9]+\.[0-9]+(@sha256:[0-9a-f]{64})?$/);
        const told = await catchUp([synced], { schedule: "@hourly", image: "example.com/curl:1.0.0" });
        expect(cronJob(told).schedule).to.equal("@hourly");
        expect(podSpec(told).containers[0].image).to.equal("example.com/curl:1.0.0");
    });

    it("has pods that Pod Security restricted takes", async () => {
        expect(restrictedViolations(podSpec(await catchUp([synced])))).to.deep.equal([]);
    });

    it("mounts the listener's Secret, and has no token in its environment", async () => {
        const { volumes, containers } = podSpec(await catchUp([synced]));
        expect(volumes).to.deep.include({ name: "token", secret: { secretName: "listener-token" } });
        expect(containers[0].env.map(({ name }) => name)).to.have.members(["SOURCES", "LISTENER"]);
    });

    it("writes to nothing but what is mounted for it", async () => {
        const { containers } = podSpec(await catchUp([synced]));
        const [, , script] = containers[0].command;
        const mounts = containers[0].volumeMounts.map(({ mountPath }) => mountPath);
        const paths = script!.match(/(?<=[\s"@(>])\/[a-z][\w./-]*/g)!.filter((path) => path !== "/dev/null");
        expect(paths).to.have.length.greaterThan(5);
        for (const path of paths) {
            // Kubernetes itself mounts the account.
            const known = [...mounts, "/var/run/secrets/kubernetes.io/serviceaccount"];
            expect(
                known.some((mount) => path.startsWith(`${mount}/`)),
                path,
            ).to.equal(true);
        }
    });
});

/** What a simulated server was asked. */
interface Request {
    readonly method?: string;
    readonly url: string;
    readonly headers: IncomingMessage["headers"];
    readonly body: string;
}

/** A server on 127.0.0.1 that keeps what it is asked. */
class SimulatedServer {
    readonly requests: Request[] = [];
    answer: (request: Request) => { readonly status: number; readonly body?: string } = () => ({ status: 404 });
    private readonly server: Server;

    constructor(tls?: { readonly key: string; readonly cert: string }) {
        const listener: RequestListener = (incoming, response) => {
            const chunks: Buffer[] = [];
            incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
            incoming.on("end", () => {
                const { method, url = "", headers } = incoming;
                const request = { method, url, headers, body: Buffer.concat(chunks).toString() };
                this.requests.push(request);
                const { status, body } = this.answer(request);
                response.writeHead(status, { "content-type": "application/json" }).end(body);
            });
        };
        this.server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
    }

    async start(): Promise<number> {
        await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
        return (this.server.address() as AddressInfo).port;
    }

    close(): Promise<void> {
        return new Promise((closed) => {
            this.server.close(() => closed());
            this.server.closeAllConnections();
        });
    }
}

/** A key and a certificate for 127.0.0.1 that vouches for itself. */
function certificate(folder: string): { key: string; cert: string } {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")] as const;
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
    const names = ["-subj", "/CN=simulated", "-addext", "subjectAltName=IP:127.0.0.1"];
    const made = spawnSync("openssl", ["req", ...kind, ...names, "-keyout", key, "-out", cert], { encoding: "utf8" });
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
}

function onPath(program: string): string | undefined {
    return (process.env.PATH ?? "")
        .split(delimiter)
        .map((folder) => join(folder, program))
        .find((path) => existsSync(path));
}

/**
 * The script really runs, by /bin/sh and with the machine's curl. API server and EventListener are simulated, and where
 * the pod has its mounts the script is given folders of the test.
 */
describe("the catch-up's script, between a simulated API server and a simulated EventListener", () => {
    const accountToken = "account-token-of-the-pod";
    const listenerToken = "token-of-the-listener";
    const revision = (name: string): string =>
        JSON.stringify({ ...currentSource.body, metadata: { name, namespace: "flux-system" } }, undefined, 1);
    const paths = {
        synced: "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system",
        charts: "/apis/source.toolkit.fluxcd.io/v1/namespaces/apps/ocirepositories/charts",
    };

    let folder: string;
    let curl: string;
    let tls: { key: string; cert: string };
    let api: SimulatedServer;
    let listener: SimulatedServer;
    let ports: { api: number; listener: number };

    before(function () {
        const missing = ["curl", "openssl"].filter((program) => onPath(program) === undefined);
        if (missing.length > 0) return this.skip();
        curl = onPath("curl")!;
        folder = mkdtempSync(join(tmpdir(), "catch-up-"));
        tls = certificate(folder);
    });
    after(() => {
        if (folder !== undefined) rmSync(folder, { recursive: true });
    });
    beforeEach(async () => {
        [api, listener] = [new SimulatedServer(tls), new SimulatedServer()];
        api.answer = ({ url }) => ({ status: 200, body: revision(url.split("/").at(-1)!) });
        listener.answer = () => ({ status: 202, body: "{}" });
        ports = { api: await api.start(), listener: await listener.start() };
    });
    afterEach(async () => {
        await Promise.all([api?.close(), listener?.close()]);
    });

    /** Runs the pod's command in its environment; tells exit code, output, and the command lines of curl. */
    async function run(
        sources: readonly Source[],
        ca = tls.cert,
    ): Promise<{ exitCode?: number; stdout: string; stderr: string; commands: string }> {
        const pod = mkdtempSync(join(folder, "pod-"));
        const mounted = (name: string): string => join(pod, name);
        for (const name of ["account", "token", "tmp", "bin"]) mkdirSync(mounted(name));
        writeFileSync(join(mounted("account"), "token"), accountToken);
        writeFileSync(join(mounted("account"), "ca.crt"), ca);
        writeFileSync(join(mounted("token"), "token"), listenerToken);
        const commands = join(pod, "commands");
        const recorder = `#!/bin/sh\nprintf '%s\\n' "$*" >>'${commands}'\nexec '${curl}' "$@"\n`;
        writeFileSync(join(mounted("bin"), "curl"), recorder, { mode: 0o755 });

        const resources = await catchUp(sources, { listenerUrl: `http://127.0.0.1:${ports.listener}` });
        const { command, env, volumeMounts } = podSpec(resources).containers[0];
        const folders = new Map(volumeMounts.map(({ name, mountPath }) => [mountPath, mounted(name)]));
        folders.set("/var/run/secrets/kubernetes.io/serviceaccount", mounted("account"));
        const inPod = new RegExp(`(${[...folders.keys()].join("|")})(?=/)`, "g");
        const script = command.at(-1)!.replace(inPod, (path) => folders.get(path)!);
        const { exitCode, stdout, stderr } = await execa(command[0]!, [...command.slice(1, -1), script], {
            env: {
                ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
                PATH: `${mounted("bin")}${delimiter}${process.env.PATH}`,
                KUBERNETES_SERVICE_HOST: "127.0.0.1",
                KUBERNETES_SERVICE_PORT: String(ports.api),
            },
            extendEnv: false,
            reject: false,
        });
        return { exitCode, stdout, stderr, commands: existsSync(commands) ? readFileSync(commands, "utf8") : "" };
    }

    it("sends each source to the listener as the API server has it", async () => {
        const { exitCode, stdout, stderr } = await run([synced, charts]);
        expect(stderr).to.equal("");
        expect(stdout.split("\n")).to.deep.equal([`sent ${paths.synced}`, `sent ${paths.charts}`]);
        expect(exitCode).to.equal(0);
        expect(api.requests.map(({ method, url }) => `${method} ${url}`)).to.deep.equal([
            `GET ${paths.synced}`,
            `GET ${paths.charts}`,
        ]);
        expect(listener.requests.map(({ method, body }) => [method, body])).to.deep.equal([
            ["POST", revision("flux-system")],
            ["POST", revision("charts")],
        ]);
    });

    it("proves itself to each server, and to neither with the other's token", async () => {
        await run([synced]);
        const [[asked], [sent]] = [api.requests, listener.requests];
        expect(asked!.headers).to.include({ authorization: `Bearer ${accountToken}` });
        expect(sent!.headers).to.include({
            "x-flux-event-token": listenerToken,
            "gotk-component": "flux-to-tekton-catch-up",
            "content-type": "application/json",
        });
        expect(JSON.stringify(asked)).not.to.include(listenerToken);
        expect(JSON.stringify(sent)).not.to.include(accountToken);
    });

    it("sends what the listener's filter lets pass", async () => {
        await run([synced]);
        const [sent] = listener.requests;
        const proof = { header: "X-Flux-Event-Token", key: "token", secretName: "s", secretNamespace: "ci" };
        const which = { kind: "GitRepository", name: "flux-system", namespace: "flux-system" } as const;
        const event = { headers: sent!.headers as Json, body: JSON.parse(sent!.body) as Json };
        const secrets = { "ci/s/token": listenerToken };
        expect(evaluate(catchUpFilter(which, proof), event, { secrets })).to.equal(true);
    });

    it("shows no token in its log nor in a command line", async () => {
        const { stdout, stderr, commands } = await run([synced, charts]);
        expect(commands.trim().split("\n")).to.have.length(4);
        for (const text of [stdout, stderr, commands]) {
            expect(text).not.to.include(accountToken);
            expect(text).not.to.include(listenerToken);
        }
    });

    it("goes on after a source that isn't there, and fails in the end, naming it", async () => {
        const { answer } = api;
        api.answer = (request) => (request.url === paths.synced ? { status: 404 } : answer(request));
        const { exitCode, stdout, stderr } = await run([synced, charts]);
        expect(exitCode).to.equal(1);
        expect(stderr).to.include("404").and.include(`could not send ${paths.synced}`);
        expect(stdout).to.equal(`sent ${paths.charts}`);
        // Nothing was sent in place of the missing source, nor its predecessor again.
        expect(listener.requests.map(({ body }) => body)).to.deep.equal([revision("charts")]);
    });

    it("never sends one source for another that couldn't be read", async () => {
        const { answer } = api;
        api.answer = (request) => (request.url === paths.charts ? { status: 403 } : answer(request));
        const { exitCode, stderr } = await run([synced, charts]);
        expect(exitCode).to.equal(1);
        expect(stderr).to.include(`could not send ${paths.charts}`);
        expect(listener.requests.map(({ body }) => body)).to.deep.equal([revision("flux-system")]);
    });

    it("fails where the listener doesn't take it", async () => {
        listener.answer = () => ({ status: 500 });
        const { exitCode, stdout, stderr } = await run([synced]);
        expect({ exitCode, stdout }).to.deep.equal({ exitCode: 1, stdout: "" });
        expect(stderr).to.include("500").and.include(`could not send ${paths.synced}`);
    });

    it("fails where nobody listens", async () => {
        await listener.close();
        const { exitCode, stderr } = await run([synced]);
        expect(exitCode).to.equal(1);
        expect(stderr).to.include(`could not send ${paths.synced}`);
    });

    it("gives its token to no server that the cluster's CA doesn't vouch for", async () => {
        const other = mkdtempSync(join(folder, "other-"));
        const { exitCode, stderr } = await run([synced], certificate(other).cert);
        expect(exitCode).to.equal(1);
        expect(stderr).to.match(/certificate/i);
        expect([...api.requests, ...listener.requests]).to.deep.equal([]);
    });
});
