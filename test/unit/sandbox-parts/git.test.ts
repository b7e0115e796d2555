import { expect } from "chai";
import { execa } from "execa";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type Server as SshServer, utils } from "ssh2";
import { commit, createRepository, setReceiver } from "../../../sandbox/git/repository";
import { gitServer } from "../../../sandbox/git/server";
import { gitSshServer, hostKey, keyPair } from "../../../sandbox/git/sshServer";

describe("sandbox Git server", () => {
    let root: string;
    let server: Server;
    let base: string;
    let requests: string[];
    const env = { GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" };
    const git = (...args: string[]) => execa("git", args, { env });

    before(async () => {
        root = await mkdtemp(join(tmpdir(), "sandbox-git-"));
        server = gitServer(root, (line) => requests.push(line));
        base = await listen(server);
    });
    after(async () => {
        server.close();
        await rm(root, { recursive: true, force: true });
    });
    beforeEach(() => {
        requests = [];
    });

    it("serves what was committed, file by file, on the branch that was named", async () => {
        await createRepository(root, "team/demo.git", { branch: "trunk" });
        const url = `${base}/team/demo.git`;
        const first = await commit({
            url,
            branch: "trunk",
            files: { "a.txt": "one\n", "dir/ü b.txt": "two" },
            message: "1",
        });
        const second = await commit({ url, branch: "trunk", files: { "a.txt": null, "c.txt": "" }, message: "2" });
        const clone = join(root, "clone");
        await git("clone", "--quiet", url, clone);
        expect((await git("-C", clone, "branch", "--show-current")).stdout).to.equal("trunk");
        expect((await git("-C", clone, "log", "--format=%H")).stdout.split("\n")).to.deep.equal([second, first]);
        expect((await git("-C", clone, "ls-files", "-z")).stdout).to.equal("c.txt\0dir/ü b.txt\0");
        expect(await readFile(join(clone, "dir/ü b.txt"), "utf8")).to.equal("two");
    });

    it("keeps a commit message byte for byte, whatever a shell would make of it", async () => {
        const folder = await createRepository(root, "message.git");
        const message = `# it's "$(reboot)" \`id\` ; \\n %s é 🎉\n\n  from refs/heads/x\n\n\ntrailing  `;
        const author = "Grace O'Hopper <grace@example.com>";
        const sha = await commit({ url: `${base}/message.git`, files: { a: "" }, message, author });
        const log = await execa("git", ["-C", folder, "log", "-1", "--format=%H%n%an <%ae>%n%B", "main"], {
            stripFinalNewline: false,
        });
        expect(log.stdout).to.contain(`${sha}\n${author}\n${message}\n`);
    });

    it("takes a push of many megabytes and hands it out again", async () => {
        const folder = await createRepository(root, "large.git");
        const content = randomBytes(6_000_000).toString("base64");
        await commit({ url: `${base}/large.git`, files: { "large.txt": content }, message: "large" });
        const stored = await execa("git", ["-C", folder, "show", "main:large.txt"], { maxBuffer: 20_000_000 });
        expect(stored.stdout === content).to.equal(true);
        await git("clone", "--quiet", `${base}/large.git`, join(root, "large-clone"));
        expect((await stat(join(root, "large-clone", "large.txt"))).size).to.equal(content.length);
    });

    it("understands the compressed requests that Git sends when it asks for many commits", async () => {
        const folder = await createRepository(root, "many.git");
        const sha = await commit({ url: `${base}/many.git`, files: { a: "" }, message: "base" });
        const branches = Array.from({ length: 60 }, (_, index) => `branch-${index}`);
        const input = branches
            .map(
                (name) =>
                    `commit refs/heads/${name}\ncommitter A <a@b> 1 +0000\ndata 1\nx\nfrom ${sha}\nM 644 inline ${name}\ndata 0\n`,
            )
            .join("\n");
        await execa("git", ["-C", folder, "fast-import", "--quiet"], { input });
        const encodings: (string | undefined)[] = [];
        server.on("request", (request) => encodings.push(request.headers["content-encoding"]));
        await git("clone", "--quiet", `${base}/many.git`, join(root, "many-clone"));
        expect(encodings).to.include("gzip");
        const refs = await git("-C", join(root, "many-clone"), "for-each-ref", "--format=%(refname)", "refs/remotes");
        expect(refs.stdout.split("\n")).to.have.length(60 + 2);
    });

    it("refuses a push that would lose someone else's commit, and says so", async () => {
        const folder = await createRepository(root, "race.git");
        const url = `${base}/race.git`;
        await commit({ url, files: { a: "1" }, message: "1" });
        const both = await Promise.allSettled(
            ["2", "3"].map((text) => commit({ url, files: { a: text }, message: text })),
        );
        const made = both.filter(({ status }) => status === "fulfilled").length;
        const count = await execa("git", ["-C", folder, "rev-list", "--count", "main"]);
        expect(Number(count.stdout)).to.equal(1 + made);
        for (const result of both) {
            if (result.status === "rejected") expect(String(result.reason)).to.match(/rejected|cannot lock ref/);
        }
    });

    it("answers 404 for what isn't one of its repositories' addresses", async () => {
        await createRepository(root, "known.git", { credentials: { username: "u", password: "p" } });
        for (const path of [
            "/",
            "/unknown.git/info/refs",
            "/known.git/config",
            "/known.git/credentials.json",
            "/x/..%2fknown.git/info/refs",
            "//known.git/info/refs",
        ]) {
            const response = await fetch(`${base}${path}?service=git-upload-pack`);
            expect(response.status, path).to.equal(404);
        }
    });

    it("refuses a repository's name that it wouldn't serve", async () => {
        for (const name of ["demo", "../demo.git", "/demo.git", ".hidden.git", "a b.git"]) {
            const error = await createRepository(root, name).catch(String);
            expect(error, name).to.contain(`"${name}" can't be a repository's name`);
        }
    });

    it("keeps the commits of a repository that is made again", async () => {
        const folder = await createRepository(root, "again.git");
        const sha = await commit({ url: `${base}/again.git`, files: { a: "" }, message: "1" });
        await createRepository(root, "again.git");
        expect((await execa("git", ["-C", folder, "rev-parse", "main"])).stdout).to.equal(sha);
    });

    describe("private repository", () => {
        const credentials = { username: "flux", password: 'pä:ss"word' };
        let url: string;
        before(async () => {
            await createRepository(root, "private.git", { credentials });
            url = `${base}/private.git`;
            await commit({ url, files: { a: "secret" }, message: "1", credentials });
        });

        it("asks for credentials", async () => {
            const response = await fetch(`${url}/info/refs?service=git-upload-pack`);
            expect(response.status).to.equal(401);
            expect(response.headers.get("www-authenticate")).to.match(/^Basic realm=/);
            const clone = await execa("git", ["clone", url, join(root, "no-clone")], { env, reject: false });
            expect(clone.exitCode).not.to.equal(0);
        });

        it("refuses wrong ones, for reading and for pushing", async () => {
            const wrong = { username: "flux", password: "wrong" };
            const error = await commit({ url, files: { a: "x" }, message: "2", credentials: wrong }).catch(String);
            expect(error).to.match(/Authentication failed|could not read Username|401/);
            expect(error).not.to.contain("wrong");
        });

        it("is cloned with the right ones", async () => {
            const withLogin = url.replace("http://", `http://flux:${encodeURIComponent(credentials.password)}@`);
            await git("clone", "--quiet", withLogin, join(root, "private-clone"));
            expect(await readFile(join(root, "private-clone", "a"), "utf8")).to.equal("secret");
        });

        it("keeps its credentials from other users of the machine", async () => {
            expect((await stat(join(root, "private.git", "credentials.json"))).mode & 0o777).to.equal(0o600);
        });
    });

    describe("over ssh", () => {
        let ssh: SshServer;
        let sshBase: string;
        let keys: string;
        let url: string;
        const known = (): string => join(keys, "known_hosts");
        const clone = (from: string, key: string, folder: string, ...more: string[]) => {
            const options = ["-F", "none", "-i", join(keys, key), "-o", `UserKnownHostsFile=${known()}`];
            const only = ["-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes"];
            const GIT_SSH_COMMAND = ["ssh", ...options, ...only, ...more].join(" ");
            const env = { GIT_SSH_COMMAND, SSH_AUTH_SOCK: "" };
            return execa("git", ["clone", "--quiet", from, join(root, folder)], { env, reject: false });
        };
        before(async function () {
            const { exitCode } = await execa("ssh", ["-V"], { reject: false });
            if (exitCode !== 0) this.skip();
            keys = await mkdtemp(join(tmpdir(), "sandbox-keys-"));
            for (const type of ["ed25519", "ecdsa", "rsa"] as const) {
                await execa("ssh-keygen", ["-q", "-t", type, "-N", "", "-f", join(keys, type)]);
            }
            await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(keys, "stranger")]);
            const publicKey = (name: string) => readFile(join(keys, `${name}.pub`), "utf8");
            const deployKeys = await Promise.all(["ed25519", "ecdsa", "rsa"].map(publicKey));
            await createRepository(root, "keyed.git", { deployKeys });
            await createRepository(root, "other.git", { deployKeys: [await publicKey("stranger")] });
            await commit({ url: `${base}/keyed.git`, files: { a: "keyed" }, message: "1" });
            ssh = gitSshServer(root, hostKey(join(keys, "host")), () => undefined);
            await new Promise<void>((done) => void ssh.listen(0, "127.0.0.1", done));
            const { port } = ssh.address() as AddressInfo;
            sshBase = `ssh://git@127.0.0.1:${port}`;
            url = `${sshBase}/keyed.git`;
            await writeFile(known(), `[127.0.0.1]:${port} ${await publicKey("host")}`);
        });
        after(async () => {
            ssh?.close();
            if (keys) await rm(keys, { recursive: true });
        });
        for (const key of ["ed25519", "ecdsa", "rsa"]) {
            it(`hands a repository out to its deploy key, of type ${key}`, async () => {
                const { exitCode, stderr } = await clone(url, key, `by-${key}`);
                expect(exitCode, stderr).to.equal(0);
                expect(await readFile(join(root, `by-${key}`, "a"), "utf8")).to.equal("keyed");
            });
        }

        it("lets no key in that is nobody's", async () => {
            await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(keys, "unknown")]);
            expect((await clone(url, "unknown", "not-1")).stderr).to.contain("Permission denied (publickey)");
        });

        it("hides a repository from the deploy key of another", async () => {
            expect((await clone(url, "stranger", "not-2")).stderr).to.contain("Repository not found.");
            expect((await clone(`${sshBase}/no-such.git`, "stranger", "not-3")).stderr).to.contain(
                "Repository not found.",
            );
        });

        it("takes no push, and is no shell", async () => {
            const { port } = new URL(url);
            const options = ["-F", "none", "-i", join(keys, "ed25519"), "-o", `UserKnownHostsFile=${known()}`];
            const run = (text: string) =>
                execa("ssh", [...options, "-p", port, "git@127.0.0.1", text], {
                    reject: false,
                    env: { SSH_AUTH_SOCK: "" },
                });
            expect((await run("git-receive-pack '/keyed.git'")).stderr).to.contain("read-only");
            expect((await run("id")).stderr).to.contain("no shell");
            expect((await run("git-upload-pack '/../../etc.git'")).stderr).to.contain("not found");
        });

        it("makes no key that can't be read", () => {
            for (let made = 0; made < 1500; made++) {
                const { privateKey, publicKey } = keyPair();
                for (const key of [privateKey, publicKey]) expect(utils.parseKey(key)).not.to.be.instanceOf(Error);
            }
        });

        it("keeps its host key, so that whoever knows it knows it again", () => {
            expect(hostKey(join(keys, "host")).equals(hostKey(join(keys, "host")))).to.equal(true);
        });
    });

    describe("receiver", () => {
        const receiverLog = async (name: string, lines: number): Promise<string[]> => {
            for (const end = Date.now() + 15_000; ;) {
                const path = join(root, name, "receiver.log");
                const log = existsSync(path) ? (await readFile(path, "utf8")).trim().split("\n") : [];
                if (log.length >= lines || Date.now() > end) return log;
                await sleep(20);
            }
        };

        it("is called by each push, which doesn't wait for its answer", async () => {
            const waiting: ServerResponse[] = [];
            const calls: string[] = [];
            const receiver = createServer((request, response) => {
                calls.push(`${request.method} ${request.url}`);
                waiting.push(response);
                receiver.emit("called");
            });
            const called = once(receiver, "called");
            await createRepository(root, "hook.git");
            await setReceiver(root, "hook.git", `${await listen(receiver)}/hook/0123`);
            await commit({ url: `${base}/hook.git`, files: { a: "1" }, message: "1" });
            await called;
            expect(calls).to.deep.equal(["POST /hook/0123"]);
            waiting.forEach((response) => response.writeHead(200).end());
            expect(await receiverLog("hook.git", 1)).to.have.length(1);
            expect((await receiverLog("hook.git", 1))[0]).to.match(/^\d{4}-\S+Z answered 200 in [\d.]+ s$/);

            await setReceiver(root, "hook.git", undefined);
            await setReceiver(root, "hook.git", undefined);
            await commit({ url: `${base}/hook.git`, files: { a: "2" }, message: "2" });
            await sleep(200);
            expect(calls).to.have.length(1);
            receiver.close();
        });

        it("that can't be reached fails no push, and the log says why", async () => {
            const gone = createServer();
            const url = await listen(gone);
            gone.close();
            await createRepository(root, "gone.git");
            await setReceiver(root, "gone.git", `${url}/hook/secret`);
            await commit({ url: `${base}/gone.git`, files: { a: "1" }, message: "1" });
            const [line] = await receiverLog("gone.git", 1);
            expect(line).to.match(/curl: \(7\) .*(connect|refused)/i);
            expect(line).not.to.contain("secret");
        });
    });

    it("runs as a program, and says what is wrong with its arguments", async () => {
        const program = join(__dirname, "../../../sandbox/git/server.ts");
        const start = (...args: string[]) => ["-r", "./scripts/typescript.cjs", program, ...args];
        const wrong = await execa(process.execPath, start("--root", root), { reject: false });
        expect(wrong.exitCode).to.equal(2);
        expect(wrong.stderr).to.match(/^usage: server\.ts --root FOLDER --listen ADDRESS:PORT\n/);

        const taken = base.replace("http://", "");
        const clash = await execa(process.execPath, start("--root", root, "--listen", taken), { reject: false });
        expect(clash.exitCode).to.equal(1);
        expect(clash.stderr).to.contain(`can't listen on ${taken}`);

        const child = spawn(process.execPath, start("--root", root, "--listen", "127.0.0.1:0"));
        try {
            const [line] = (await once(child.stdout, "data")) as [Buffer];
            const port = /on 127\.0\.0\.1:(\d+)/.exec(line.toString())?.[1];
            await createRepository(root, "program.git");
            const sha = await commit({ url: `http://127.0.0.1:${port}/program.git`, files: { a: "" }, message: "1" });
            expect(sha).to.match(/^[0-9a-f]{40}$/);
        } finally {
            child.kill();
        }
        expect(await once(child, "exit")).to.deep.equal([0, null]);
    });
});

async function listen(server: Server): Promise<string> {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
