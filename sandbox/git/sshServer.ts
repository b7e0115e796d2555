import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Connection, type ParsedKey, Server, type ServerChannel, utils } from "ssh2";
import { deployKeys, repositoryName } from "./repository";

/** A new key of type ed25519, as `ssh-keygen` writes it. @param passphrase that it is locked with @default none */
export function keyPair(passphrase?: string): { readonly privateKey: string; readonly publicKey: string } {
    const encryption = passphrase === undefined ? undefined : { passphrase, cipher: "aes256-cbc", rounds: 16 };
    for (;;) {
        const pair = utils.generateKeyPairSync("ed25519", encryption);
        // One in 250 is a byte short, and nobody can read it: ssh2 drops a zero that a key begins with.
        const readable = [pair.public, pair.private].every(
            (key) => !(utils.parseKey(key, passphrase) instanceof Error),
        );
        if (readable) return { privateKey: pair.private, publicKey: pair.public };
    }
}

/** A server's own key, made when it is missing; its public half is beside it, with the ending .pub. */
export function hostKey(file: string): Buffer {
    if (!existsSync(file)) {
        const { privateKey, publicKey } = keyPair();
        writeFileSync(`${file}.pub`, publicKey);
        writeFileSync(file, privateKey, { mode: 0o600 });
    }
    return readFileSync(file);
}

/**
 * Serves the repositories below `root` to their deploy keys, for reading, as user git; `listen` is the caller's. As with
 * the Git hosts, who has no key of any repository isn't let in, and a repository that isn't the key's doesn't exist.
 */
export function gitSshServer(root: string, key: Buffer, log: (line: string) => void): Server {
    return new Server({ hostKeys: [key] }, (client) => {
        let given: ParsedKey | undefined;
        client.on("error", (error) => log(`ssh: ${error.message}`));
        client.on("authentication", (context) => {
            if (context.method !== "publickey" || context.username !== "git") return context.reject(["publickey"]);
            const known = deployKeys(root).map(({ publicKey }) => parsed(publicKey));
            const match = known.find((one) => one.getPublicSSH().equals(context.key.data));
            const { signature, blob } = context;
            // Without a signature a client only asks whether the key would do.
            const proven =
                signature === undefined ||
                blob === undefined ||
                match?.verify(blob, signature, context.hashAlgo) === true;
            if (match === undefined || !proven) return context.reject(["publickey"]);
            given = match;
            context.accept();
        });
        client.on("ready", () => serve(client, root, () => given, log));
    });
}

function serve(client: Connection, root: string, key: () => ParsedKey | undefined, log: (line: string) => void): void {
    client.on("session", (accept) => {
        const environment: Record<string, string> = {};
        const session = accept();
        session.on("env", (acceptEnv, _, { key: name, val }) => {
            if (name === "GIT_PROTOCOL") environment[name] = val;
            // Undefined where the client wants no answer.
            (acceptEnv as (() => void) | undefined)?.();
        });
        session.on("exec", (acceptExec, _, { command }) => {
            const channel = acceptExec();
            const [, service = "", path = ""] = /^(git-[a-z-]+) '\/?([^']+)'$/.exec(command) ?? [];
            log(`ssh: ${command}`);
            const given = key()?.getPublicSSH();
            const readable = deployKeys(root)
                .filter(({ publicKey }) => given !== undefined && parsed(publicKey).getPublicSSH().equals(given))
                .map(({ repository }) => repository);
            if (service === "git-receive-pack")
                return refuse(channel, "The key you are authenticating with is read-only.");
            if (service !== "git-upload-pack") return refuse(channel, `This is no shell: ${command}`);
            if (!repositoryName.test(path) || !readable.includes(path)) return refuse(channel, "Repository not found.");
            const git = spawn("git", ["upload-pack", "--strict", join(root, path)], {
                env: { ...process.env, ...environment },
            });
            channel.pipe(git.stdin);
            git.stdout.pipe(channel, { end: false });
            git.stderr.pipe(channel.stderr, { end: false });
            // A client that goes away closes the channel first.
            git.stdin.on("error", () => undefined);
            channel.on("close", () => git.kill());
            git.on("close", (code) => end(channel, code ?? 1));
        });
    });
}

function refuse(channel: ServerChannel, message: string): void {
    channel.stderr.write(`ERROR: ${message}\n`);
    end(channel, 1);
}

function end(channel: ServerChannel, code: number): void {
    channel.exit(code);
    channel.end();
}

function parsed(publicKey: string): ParsedKey {
    const key = utils.parseKey(publicKey);
    if (key instanceof Error) throw key;
    return key;
}
