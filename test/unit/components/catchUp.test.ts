import { expect } from "chai";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import {
    createServer as createHttpServer,
    type IncomingMessage,
    type RequestListener,
    type Server,
    type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CatchUp, type CatchUpArgs, defaultCatchUpImage } from "../../../components/catchUp";
import type { Source } from "../../../components/route";
import { eventFilter } from "../../../components/triggerChain/cel";
import { evaluate, type Json } from "../support/cel";
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

/** @param perSource how many routes start from each */
async function catchUp(
    sources: readonly Source[],
    change: Partial<CatchUpArgs> = {},
    perSource = 1,
): Promise<Registrations> {
    const followed = Array.from({ length: perSource }, () => sources).flat();
    const { resources } = await simulate({}, () => {
        new CatchUp("catch-up", {
            generation: "v1",
            namespace: "ci",
            listenerUrl: "http://listener.ci:8080",
            authenticationSecretName: "listener-token",
            routes: followed.map((source, index) => ({ name: `route-${index}`, source })),
            sources,
            ...change,
        });
    });
    return resources;
}

type CatchUpPod = PodSpec & { readonly containers: readonly [Container & PodSpec] };

function podSpec(resources: Registrations): CatchUpPod {
    const { template } = resources.object("Deployment").inputs.spec as {
        readonly template: { readonly spec: CatchUpPod };
    };
    return template.spec;
}

describe("the catch-up's access", () => {
    let resources: Registrations;
    before(async () => {
        resources = await catchUp([synced, charts, data]);
    });
    const sourceRole = (resource: string, name: unknown): object => ({
        apiGroups: ["source.toolkit.fluxcd.io"],
        resources: [resource],
        resourceNames: [name],
        verbs: ["watch"],
    });
    const roles: [role: string, namespace: unknown, rule: object][] = [
        ["ci-flux-catch-up-0", synced.namespace, sourceRole("gitrepositories", synced.name)],
        ["ci-flux-catch-up-1", charts.namespace, sourceRole("ocirepositories", charts.name)],
        ["ci-flux-catch-up-2", data.namespace, sourceRole("buckets", data.name)],
        ["flux-catch-up", "ci", { apiGroups: ["tekton.dev"], resources: ["pipelineruns"], verbs: ["get"] }],
    ];

    it("is to watch each source by its name, in its namespace, to see the runs, and nothing else", () => {
        expect(resources.written(/Role$/)).to.have.deep.members(
            roles.map(([name, namespace, rule]) => ({
                apiVersion: "rbac.authorization.k8s.io/v1",
                kind: "Role",
                metadata: { name, namespace },
                rules: [rule],
            })),
        );
    });

    it("is bound to its own account alone", () => {
        const subjects = [{ kind: "ServiceAccount", name: outputOf("flux-catch-up"), namespace: "ci" }];
        expect(resources.written(/RoleBinding$/)).to.have.deep.members(
            roles.map(([role, namespace]) => ({
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
            "Deployment",
        ]);
    });
});

describe("the catch-up's pod", () => {
    it("has a pinned image; or as it is told", async () => {
        expect(podSpec(await catchUp([synced])).containers[0].image).to.equal(defaultCatchUpImage);
        expect(defaultCatchUpImage).to.match(/:[0-9]+\.[0-9]+\.[0-9]+(@sha256:[0-9a-f]{64})?$/);
        const told = await catchUp([synced], { image: "example.com/curl:1.0.0" });
        expect(podSpec(told).containers[0].image).to.equal("example.com/curl:1.0.0");
    });

    it("is one that Pod Security restricted takes", async () => {
        expect(restrictedViolations(podSpec(await catchUp([synced])))).to.deep.equal([]);
    });

    it("mounts the listener's Secret, and has no token in its environment", async () => {
        const { volumes, containers } = podSpec(await catchUp([synced]));
        expect(volumes).to.deep.include({ name: "token", secret: { secretName: "listener-token" } });
        expect(JSON.stringify(containers[0].env)).not.to.match(/random|token-of/);
    });

    it("keeps its notes on the node's disk, which a restart of the node doesn't empty", async () => {
        const { volumes } = podSpec(await catchUp([synced]));
        expect(volumes).to.deep.include({ name: "tmp", emptyDir: {} });
    });

    it("writes to nothing but what is mounted for it", async () => {
        const { containers } = podSpec(await catchUp([synced]));
        const [, , script] = containers[0].command;
        const mounts = containers[0].volumeMounts.map(({ mountPath }) => mountPath);
        const paths = script!.match(/(?<=[\s"@(>=])\/[a-z][\w./-]*/g)!.filter((path) => path !== "/dev/null");
        expect(paths).to.have.length(4);
        for (const path of paths) {
            // Kubernetes itself mounts the account.
            const known = [...mounts, "/var/run/secrets/kubernetes.io/serviceaccount"];
            expect(
                known.some((mount) => path === mount || path.startsWith(`${mount}/`)),
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
    private readonly watches = new Set<ServerResponse>();
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
                response.writeHead(status, { "content-type": "application/json" });
                if (!url.includes("watch=true") || status !== 200) return void response.end(body);
                response.write(body);
                this.watches.add(response);
                response.on("close", () => this.watches.delete(response));
            });
        };
        this.server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
    }

    async start(): Promise<number> {
        await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
        return (this.server.address() as AddressInfo).port;
    }

    /** Tells all watches of a change. */
    tell(change: string): void {
        for (const watch of this.watches) watch.write(change);
    }

    /** Ends all watches, as an API server does now and then. */
    endWatches(): void {
        for (const watch of this.watches) watch.end();
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

/** A commit whose digits are all the same. */
const commitOf = (digit: string): string => digit.repeat(40);

/** A source that has a revision, as a watch tells of it, with its fields in the API server's order. */
function change(
    source: Source,
    commit: string,
    { type = "MODIFIED", resourceVersion = "7", annotations = {} } = {},
): string {
    const { kind, name, namespace } = source;
    const object = {
        apiVersion: "source.toolkit.fluxcd.io/v1",
        kind,
        // As a server-side apply leaves it: names of fields that are to be found elsewhere.
        metadata: {
            managedFields: [{ fieldsV1: { "f:artifact": { "f:revision": {} } } }],
            name,
            namespace,
            resourceVersion,
        },
        status: {
            artifact: { digest: "sha256:00", metadata: annotations, revision: `main@sha1:${commit}`, size: 1 },
            conditions: [],
            includedArtifacts: [{ revision: `main@sha1:${commitOf("9")}`, size: 1 }],
        },
    };
    return `${JSON.stringify({ type, object })}\n`;
}

/**
 * The script really runs, by /bin/sh and with the machine's curl. API server and EventListener are simulated, and where
 * the pod has its mounts the script is given folders of the test.
 */
describe("the catch-up's script, between a simulated API server and a simulated EventListener", function () {
    this.timeout(60_000);

    const accountToken = "account-token-of-the-pod";
    const listenerToken = "token-of-the-listener";
    const runs = "/apis/tekton.dev/v1/namespaces/ci/pipelineruns";
    const runOf = (digit: string): string => `${runs}/route-0-run-${digit.repeat(20)}`;

    let folder: string;
    let curl: string;
    let tls: { key: string; cert: string };
    let api: SimulatedServer;
    let listener: SimulatedServer;
    let ports: { api: number; listener: number };
    /** Paths of the runs that there are; the listener makes one of what it is sent, if it is `working`. */
    let existing: Set<string>;
    let working: boolean;
    let ending: AbortController;

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
        [api, listener, ending] = [new SimulatedServer(tls), new SimulatedServer(), new AbortController()];
        [existing, working] = [new Set(), true];
        api.answer = ({ url }) =>
            url.startsWith(runs)
                ? { status: existing.has(url) ? 200 : 404, body: "{}" }
                : { status: 200, body: url.endsWith("=") ? change(synced, commitOf("a"), { type: "ADDED" }) : "" };
        listener.answer = ({ body }) => {
            if (working) existing.add(runOf(/sha1:(.)/.exec(body)![1]!));
            return { status: 202, body: "{}" };
        };
        ports = { api: await api.start(), listener: await listener.start() };
    });
    afterEach(async () => {
        ending.abort();
        await Promise.all([api.close(), listener.close()]);
    });

    interface Pod {
        readonly pid: number;
        /** Standard output and standard error. */
        readonly log: () => string;
        /** The command lines of curl. */
        readonly commands: () => string;
        /** The sources and revisions that are to be settled. */
        readonly pending: () => string[];
        readonly end: Promise<{ readonly exitCode?: number }>;
    }

    /** Runs the pod's command in its environment, until the test ends. */
    async function start({
        sources = [synced],
        ca = tls.cert,
        headStart = 1,
        perSource = 1,
        notes = {} as Readonly<Record<string, string>>,
    } = {}): Promise<Pod> {
        const pod = mkdtempSync(join(folder, "pod-"));
        const mounted = (name: string): string => join(pod, name);
        const pending = join(mounted("tmp"), "pending");
        for (const name of ["account", "token", "tmp", "bin"]) mkdirSync(mounted(name));
        mkdirSync(pending);
        for (const [run, note] of Object.entries(notes)) writeFileSync(join(pending, run), note);
        writeFileSync(join(mounted("account"), "token"), accountToken);
        writeFileSync(join(mounted("account"), "ca.crt"), ca);
        writeFileSync(join(mounted("token"), "token"), listenerToken);
        const commands = join(pod, "commands");
        const recorder = `#!/bin/sh\nprintf '%s\\n' "$*" >>'${commands}'\nexec '${curl}' "$@"\n`;
        writeFileSync(join(mounted("bin"), "curl"), recorder, { mode: 0o755 });

        const resources = await catchUp(sources, { listenerUrl: `http://127.0.0.1:${ports.listener}` }, perSource);
        const { command, env, volumeMounts } = podSpec(resources).containers[0];
        const folders = new Map(volumeMounts.map(({ name, mountPath }) => [mountPath, mounted(name)]));
        folders.set("/var/run/secrets/kubernetes.io/serviceaccount", mounted("account"));
        const inPod = new RegExp(`(${[...folders.keys()].join("|")})(?=[/\n])`, "g");
        const script = command.at(-1)!.replace(inPod, (path) => folders.get(path)!);
        let log = "";
        const child = spawn(command[0]!, [...command.slice(1, -1), script], {
            env: {
                ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
                // Patience is what the test has none of.
                HEAD_START: String(headStart),
                TICK: "0.1",
                PATH: `${mounted("bin")}${delimiter}${process.env.PATH}`,
                KUBERNETES_SERVICE_HOST: "127.0.0.1",
                KUBERNETES_SERVICE_PORT: String(ports.api),
            },
            // A process group of its own, of which nothing may be left.
            detached: true,
        });
        ending.signal.addEventListener("abort", () => process.kill(-child.pid!, "SIGKILL"));
        for (const stream of [child.stdout, child.stderr])
            stream.on("data", (text: Buffer) => (log += text.toString()));
        return {
            pid: child.pid!,
            log: () => log,
            pending: () => readdirSync(pending),
            commands: () => (existsSync(commands) ? readFileSync(commands, "utf8") : ""),
            end: new Promise((ended) => child.on("exit", (exitCode) => ended({ exitCode: exitCode ?? undefined }))),
        };
    }

    /** Waits until something holds. */
    async function eventually(what: string, holds: () => boolean, seconds = 25): Promise<void> {
        const deadline = Date.now() + seconds * 1000;
        while (!holds()) {
            if (Date.now() > deadline) throw new Error(`${what}: not within ${seconds} s`);
            await sleep(20);
        }
    }
    const sent = (): string[] => listener.requests.map(({ body }) => /sha1:(.)/.exec(body)![1]!);
    const asked = (path: string): number => api.requests.filter(({ url }) => url === path).length;

    it("sends the revision that a source has, if its run isn't there, and no more once it is", async () => {
        await start();
        await eventually("it is sent", () => sent().length > 0);
        await eventually("its run is seen", () => asked(runOf("a")) === 2);
        await sleep(1500);
        expect(sent()).to.deep.equal(["a"]);
        expect(asked(runOf("a"))).to.equal(2);
        expect(api.requests[0]!.url).to.equal(
            "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories?watch=true&allowWatchBookmarks=true&timeoutSeconds=300&fieldSelector=metadata.name=flux-system&resourceVersion=",
        );
    });

    it("sends nothing of a revision that has its run", async () => {
        existing.add(runOf("a"));
        await start();
        await eventually("its run is seen", () => asked(runOf("a")) === 1);
        expect(sent()).to.deep.equal([]);
    });

    it("sends each revision that a source has had, also one that another came after at once", async () => {
        existing.add(runOf("a"));
        await start();
        await eventually("it follows", () => asked(runOf("a")) === 1);
        for (const digit of ["b", "b", "c", "d"]) api.tell(change(synced, commitOf(digit)));
        await eventually("all are sent", () => sent().length === 3);
        expect(sent()).to.have.members(["b", "c", "d"]);
    });

    it("goes on with its notes when it is started again, without one that a power cut has emptied", async () => {
        existing.add(runOf("a"));
        const [digits, emptied] = ["b", "c"].map((digit) => digit.repeat(20)) as [string, string];
        const notes = { [`S.${digits}`]: `0 1 ${digits} route-0-run- "sha1:b":""\n`, [`S.${emptied}`]: "" };
        const pod = await start({ notes });
        await eventually("it is sent", () => sent().length > 0);
        await eventually("all is settled", () => asked(runOf("a")) > 0 && pod.pending().length === 0);
        expect(sent()).to.deep.equal(["b"]);
        expect(asked(`${runs}/`)).to.equal(0);
    });

    it("leaves Flux's own event a head start", async () => {
        existing.add(runOf("a"));
        const pod = await start({ headStart: 20 });
        await eventually("it follows", () => asked(runOf("a")) === 1);
        api.tell(change(synced, commitOf("b")));
        await eventually("it looks", () => asked(runOf("b")) > 1);
        existing.add(runOf("b"));
        await eventually("its run is seen", () => pod.log().includes(`route-0-run-${"b".repeat(20)} is there`));
        expect(sent()).to.deep.equal([]);
    });

    it("sends it again, in growing intervals, while the listener takes it and makes nothing of it", async () => {
        working = false;
        await start();
        await eventually("it is sent three times", () => sent().length === 3);
        working = true;
        await eventually("its run is there", () => existing.size === 1);
        expect(sent()).to.have.length(4);
    });

    it("tries again soon where the listener doesn't take it, or isn't there", async () => {
        const { answer } = listener;
        listener.answer = () => ({ status: 500 });
        const pod = await start();
        await eventually("it is sent twice", () => listener.requests.length === 2);
        expect(pod.log()).to.include("500").and.not.include("sent ");
        listener.answer = answer;
        await eventually("it says so", () => pod.log().includes(`sent ${"a".repeat(20)} for route-0-run-`));
    });

    it("asks again where the API server doesn't say whether the run is there, and sends nothing meanwhile", async () => {
        const { answer } = api;
        api.answer = (request) => (request.url.startsWith(runs) ? { status: 503 } : answer(request));
        await start();
        await eventually("it asks twice", () => asked(runOf("a")) === 2);
        expect(sent()).to.deep.equal([]);
        api.answer = answer;
        await eventually("it is sent", () => sent().length === 1);
    });

    const watches = (): string[] =>
        api.requests.flatMap(({ url }) => /watch.*resourceVersion=(.*)/.exec(url)?.[1] ?? []);

    it("goes on from where it was once a watch has ended, and settles no revision twice", async () => {
        await start();
        await eventually("its run is there", () => asked(runOf("a")) === 2);
        api.tell(`${JSON.stringify({ type: "BOOKMARK", object: { metadata: { resourceVersion: "12" } } })}\n`);
        await sleep(200);
        api.endWatches();
        await eventually("it follows again", () => watches().length === 2);
        // As when only the source's conditions change, its run being removed meanwhile.
        existing.clear();
        api.tell(change(synced, commitOf("a"), { resourceVersion: "13" }));
        api.tell(change(synced, commitOf("b"), { resourceVersion: "14" }));
        await eventually("it is sent", () => sent().includes("b"));
        api.endWatches();
        await eventually("it follows again", () => watches().length === 3);
        expect(watches()).to.deep.equal(["", "12", "14"]);
        expect(sent()).to.deep.equal(["a", "b"]);
    });

    describe("with three routes from one source", () => {
        const made = (route: number, digit: string): string => runOf(digit).replace("route-0", `route-${route}`);
        const told = (): unknown[] =>
            listener.requests.map(({ body }) => (JSON.parse(body) as Json).runNamePrefixes as unknown);

        it("sends one event, for those whose runs aren't there, and follows the source once", async () => {
            existing.add(made(1, "a"));
            listener.answer = () => {
                for (const route of [0, 2]) existing.add(made(route, "a"));
                return { status: 202, body: "{}" };
            };
            const pod = await start({ perSource: 3 });
            await eventually("all is settled", () => told().length > 0 && pod.pending().length === 0);
            expect(told()).to.deep.equal([["route-0-run-", "route-2-run-"]]);
            for (const route of [0, 1, 2])
                expect(pod.log()).to.contain(`route-${route}-run-${"a".repeat(20)} is there`);
            expect(watches()).to.deep.equal([""]);
        });

        it("sends it again for those alone that the listener made no run of", async () => {
            listener.answer = () => {
                existing.add(made(told().length - 1, "a"));
                return { status: 202, body: "{}" };
            };
            const pod = await start({ perSource: 3 });
            await eventually("all are there", () => pod.log().includes(`route-2-run-${"a".repeat(20)} is there`));
            expect(told()).to.deep.equal([
                ["route-0-run-", "route-1-run-", "route-2-run-"],
                ["route-1-run-", "route-2-run-"],
                ["route-2-run-"],
            ]);
        });

        it("has done with a run once it was there, though others of the revision aren't", async () => {
            for (const route of [0, 1, 2]) existing.add(made(route, "a"));
            working = false;
            const pod = await start({ perSource: 3, headStart: 4 });
            await eventually("it follows", () => asked(runOf("a")) === 1);
            existing.add(made(1, "b"));
            api.tell(change(synced, commitOf("b")));
            await eventually("it is noted", () => pod.log().includes(`route-1-run-${"b".repeat(20)} is there`));
            existing.delete(made(1, "b"));
            await eventually("it is sent", () => told().length > 0);
            expect(told()).to.deep.equal([["route-0-run-", "route-2-run-"]]);
        });

        it("has done with a run once it was there, also while the listener takes nothing", async () => {
            existing.add(made(1, "a"));
            const { answer } = listener;
            listener.answer = () => ({ status: 503 });
            const pod = await start({ perSource: 3 });
            await eventually("it is sent twice", () => told().length > 1);
            existing.delete(made(1, "a"));
            listener.answer = answer;
            await eventually("it is taken", () => pod.log().includes(`sent ${"a".repeat(20)} for`));
            expect(told().at(-1)).to.deep.equal(["route-0-run-", "route-2-run-"]);
            expect(pod.log().match(/route-1-run-a+ is there/g)).to.have.length(1);
        });

        it("keeps to the revision's age, whichever of its runs have come", async () => {
            for (const route of [0, 1, 2]) existing.add(made(route, "a"));
            listener.answer = () => ({ status: 503 });
            const pod = await start({ perSource: 3, headStart: 3 });
            await eventually("it follows", () => asked(runOf("a")) === 1);
            for (const digit of ["b", "c"]) {
                api.tell(change(synced, commitOf(digit)));
                await eventually("it is noted", () => asked(runOf(digit)) > 0);
            }
            existing.add(made(1, "b"));
            await eventually("it is seen", () => pod.log().includes(`route-1-run-${"b".repeat(20)} is there`));
            await eventually("both are sent", () => new Set(sent()).size === 2);
            expect(sent()[0]).to.equal("b");
        });

        it("takes no answer for all while the API server doesn't say it of each", async () => {
            const { answer } = api;
            api.answer = (request) => (request.url === made(1, "a") ? { status: 503 } : answer(request));
            await start({ perSource: 3 });
            await eventually("it asks twice", () => asked(made(2, "a")) > 1);
            expect(told()).to.deep.equal([]);
            api.answer = answer;
            await eventually("it is sent", () => told().length > 0);
            expect(told()[0]).to.have.length(3);
        });
    });

    for (const [how, gone] of [
        ["in its answer", { status: 410 }],
        [
            "in the watch",
            { status: 200, body: '{"type":"ERROR","object":{"kind":"Status","metadata":{},"code":410}}\n' },
        ],
    ] as const) {
        it(`begins with what the source is by then where the API server can't go on, and says so ${how}`, async () => {
            await start();
            await eventually("its run is there", () => asked(runOf("a")) === 2);
            const { answer } = api;
            api.answer = (request) => (request.url.endsWith("=7") ? gone : answer(request));
            api.endWatches();
            await eventually("it goes on", () => watches().length === 2);
            api.endWatches();
            await eventually("it begins anew", () => watches().length === 3);
            expect(watches()).to.deep.equal(["", "7", ""]);
            await eventually("it looks again", () => asked(runOf("a")) === 3);
            expect(sent()).to.deep.equal(["a"]);
        });
    }

    it("takes for the revision what is one, and nothing that an artifact's own metadata say", async () => {
        existing.add(runOf("a"));
        await start();
        await eventually("it follows", () => asked(runOf("a")) === 1);
        const annotations = { revision: `main@sha1:${commitOf("e")}`, size: "1", 'a","size":1': '"revision":"x' };
        api.tell(change(synced, commitOf("b"), { annotations }));
        await eventually("it is sent", () => sent().length > 0);
        expect(sent()).to.deep.equal(["b"]);
    });

    it("sends one that the listener doesn't take after others that it takes", async () => {
        existing.add(runOf("a"));
        const { answer } = listener;
        listener.answer = (request) => (request.body.includes(commitOf("b")) ? { status: 400 } : answer(request));
        await start();
        await eventually("it follows", () => asked(runOf("a")) === 1);
        for (const digit of ["b", "c"]) api.tell(change(synced, commitOf(digit)));
        await eventually("the second has its run", () => existing.has(runOf("c")));
    });

    it("waits for a source that isn't there, or has no revision yet, and follows the others", async () => {
        const { answer } = api;
        api.answer = (request) => {
            if (request.url.includes("ocirepositories")) return { status: 404 };
            if (request.url.includes("buckets")) {
                return { status: 200, body: `${JSON.stringify({ type: "ADDED", object: { kind: "Bucket" } })}\n` };
            }
            return answer(request);
        };
        await start({ sources: [synced, charts, data] });
        await eventually("it is sent", () => sent().length > 0);
        await eventually("it asks again", () => api.requests.filter(({ url }) => url.includes("ocirep")).length > 1);
        expect(listener.requests).to.have.length(1);
    });

    it("proves itself to each server, and to neither with the other's token", async () => {
        await start();
        await eventually("it is sent", () => sent().length > 0);
        for (const request of api.requests) {
            expect(request.headers).to.include({ authorization: `Bearer ${accountToken}` });
            expect(JSON.stringify(request)).not.to.include(listenerToken);
        }
        expect(listener.requests[0]!.headers).to.include({
            "x-flux-event-token": listenerToken,
            "gotk-component": "flux-to-tekton-catch-up",
            "content-type": "application/json",
        });
        expect(JSON.stringify(listener.requests[0])).not.to.include(accountToken);
    });

    it("sends what the listener's filter lets pass, with the revision as the source has it", async () => {
        await start();
        await eventually("it is sent", () => sent().length > 0);
        const [{ headers, body }] = listener.requests as [Request];
        const proof = { header: "X-Flux-Event-Token", key: "token", secretName: "s", secretNamespace: "ci" };
        const which = { kind: "GitRepository", name: "flux-system", namespace: "flux-system" } as const;
        const event = { headers: headers as Json, body: JSON.parse(body) as Json };
        const secrets = { "ci/s/token": listenerToken };
        const passes = (runNamePrefix: string): unknown =>
            evaluate(eventFilter(which, { proof, runNamePrefix }), event, { secrets });
        expect(passes("route-0-run-")).to.equal(true);
        expect(passes("route-1-run-")).to.equal(false);
        const revision = `main@sha1:${commitOf("a")}`;
        expect(evaluate("body.metadata.revision", event)).to.equal(revision);
        // In Flux's own words where only the source is there to say it.
        expect(evaluate("body.message", event)).to.equal(`stored artifact for revision '${revision}'`);
    });

    it("shows no token in its log nor in a command line", async () => {
        const pod = await start();
        await eventually("its run is seen", () => asked(runOf("a")) === 2);
        expect(pod.commands().trim().split("\n")).to.have.length.greaterThan(3);
        for (const text of [pod.log(), pod.commands()]) {
            expect(text).not.to.include(accountToken);
            expect(text).not.to.include(listenerToken);
        }
    });

    it("gives its token to no server that the cluster's CA doesn't vouch for", async () => {
        const other = mkdtempSync(join(folder, "other-"));
        const pod = await start({ ca: certificate(other).cert });
        await eventually("it says why", () => /certificate/i.test(pod.log()));
        expect([...api.requests, ...listener.requests]).to.deep.equal([]);
    });

    it("ends, so that its pod is started anew, when one of its processes has been killed", async () => {
        const pod = await start();
        await eventually("it follows", () => api.requests.length > 0);
        const { stdout } = spawnSync("pgrep", ["-x", "-P", String(pod.pid), "sh"], { encoding: "utf8" });
        // The oldest: others come and go.
        process.kill(Number(stdout.split("\n")[0]), "SIGKILL");
        expect((await pod.end).exitCode).to.equal(1);
    });
});
