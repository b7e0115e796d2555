import { execa } from "execa";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Name and password that a private repository asks for (HTTP basic authentication). */
export interface Credentials {
    readonly username: string;
    readonly password: string;
}

export interface RepositoryOptions {
    /** The first branch, and HEAD. @default "main" */
    readonly branch?: string;
    /** Makes the repository private. @default none, everyone may read and push */
    readonly credentials?: Credentials;
    /** Public keys, as `ssh-keygen` writes them, that may read it over ssh. @default none: nobody may */
    readonly deployKeys?: readonly string[];
}

/** What a repository may be called: "flux-demo.git", "team/flux-demo.git". */
export const repositoryName = /^(?:[A-Za-z0-9_][\w.-]*\/)*[A-Za-z0-9_][\w.-]*\.git$/;

/** In a private repository's folder: its credentials, for the server. */
export const credentialsFile = "credentials.json";

/** In a repository's folder: its deploy keys, one a line. */
const deployKeysFile = "deploy-keys";

/** Every deploy key below a root, and which repository it reads. */
export function deployKeys(root: string): { readonly repository: string; readonly publicKey: string }[] {
    const files = readdirSync(root, { encoding: "utf8", recursive: true });
    return files
        .filter((file) => file.endsWith(`.git/${deployKeysFile}`))
        .flatMap((file) =>
            readFileSync(join(root, file), "utf8")
                .split("\n")
                .filter(Boolean)
                .map((publicKey) => ({ repository: dirname(file), publicKey })),
        );
}

/** Reads a repository's credentials; undefined where there are none. */
export function readCredentials(path: string): Credentials | undefined {
    return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Credentials) : undefined;
}

/**
 * Stands for the Git host's webhook. It gets the URL through curl's standard input, since a Receiver's path is a
 * secret, and runs detached from the push, which would wait for whoever holds its output open.
 */
const postReceive = `#!/bin/sh
cat >/dev/null
url=$(git config sandbox.receiver) || exit 0
{
    outcome=$(printf 'url = "%s"\\n' "$url" | curl --config - --silent --show-error --max-time 15 \\
        --json '{}' --output /dev/null --write-out 'answered %{http_code} in %{time_total} s' 2>&1)
    echo "$(date --utc +%Y-%m-%dT%H:%M:%S.%3NZ) $outcome" >>receiver.log
} </dev/null >/dev/null 2>&1 &
`;

/**
 * Makes a bare repository that the Git server serves as `/<name>`; one that exists keeps its commits and its receiver.
 * @param root The server's --root.
 * @param name "flux-demo.git", or with folders.
 * @returns the repository's folder
 * @throws Error for a name that the server wouldn't serve
 */
export async function createRepository(root: string, name: string, options: RepositoryOptions = {}): Promise<string> {
    if (!repositoryName.test(name)) {
        throw new Error(
            `"${name}" can't be a repository's name. Expected letters, digits, "-", "_", ".", ending in .git.`,
        );
    }
    const { branch = "main", credentials, deployKeys: keys = [] } = options;
    const folder = join(root, name);
    const git = (...args: string[]) => execa("git", ["-C", folder, ...args]);
    await mkdir(join(folder, "hooks"), { recursive: true });
    await git("init", "--quiet", "--bare", "--template=", "--initial-branch", branch);
    await git("symbolic-ref", "HEAD", `refs/heads/${branch}`);
    await git("config", "http.receivepack", "true");
    await writeFile(join(folder, "hooks", "post-receive"), postReceive);
    await chmod(join(folder, "hooks", "post-receive"), 0o755);
    const secret = join(folder, credentialsFile);
    if (credentials) await writeFile(secret, JSON.stringify(credentials), { mode: 0o600 });
    else await rm(secret, { force: true });
    await writeFile(join(folder, deployKeysFile), keys.map((key) => `${key.trim()}\n`).join(""));
    return folder;
}

/**
 * Has each push posted to a URL at once, as a Git host's webhook does; the outcome is logged to `receiver.log` in the
 * repository's folder, and neither fails nor delays the push.
 * @param url undefined turns it off
 */
export async function setReceiver(root: string, name: string, url: string | undefined): Promise<void> {
    const args = url === undefined ? ["--unset-all", "sandbox.receiver"] : ["sandbox.receiver", new URL(url).href];
    const { exitCode, stderr } = await execa("git", ["-C", join(root, name), "config", ...args], { reject: false });
    const nothingToUnset = 5;
    if (exitCode !== 0 && exitCode !== nothingToUnset) {
        throw new Error(`The receiver of ${name} can't be set: ${stderr}`);
    }
}

export interface Commit {
    /** Of the repository, as a client sees it: "http://10.90.0.1/flux-demo.git". */
    readonly url: string;
    /** @default "main" */
    readonly branch?: string;
    /** Path → content, written over what the branch has; null deletes. */
    readonly files: Readonly<Record<string, string | null>>;
    /** Taken as it is, whatever it contains. */
    readonly message: string;
    /** "Name <address>". @default "Sandbox <sandbox@example.com>" */
    readonly author?: string;
    /** For a private repository. @default none */
    readonly credentials?: Credentials;
}

/**
 * Commits files to a branch, which needn't exist yet, and pushes it.
 * @returns the commit's full SHA
 * @throws Error with Git's own message, for instance when someone else pushed to the branch in between
 */
export async function commit({ url, branch = "main", files, credentials, ...rest }: Commit): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), "sandbox-commit-"));
    const git = async (args: readonly string[], input = ""): Promise<string> => {
        // Not the user's Git configuration, which may sign, rewrite URLs or ask for a password.
        const env = { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_TERMINAL_PROMPT: "0" };
        const options = { cwd: folder, input, env: { ...env, ...authorization(credentials) } };
        return (await execa("git", args, options)).stdout.trim();
    };
    try {
        await git(["init", "--quiet", "--bare", "--template="]);
        await git(["fetch", "--quiet", url, "+refs/heads/*:refs/base/*"]);
        const base = await git(["for-each-ref", "--format=%(objectname)", `refs/base/${branch}`]);
        const sha = await git(["fast-import", "--quiet"], fastImport({ base, files, ...rest }));
        await git(["push", "--quiet", url, `${sha}:refs/heads/${branch}`]);
        return sha;
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

/** Through the environment, since arguments show in the list of processes. */
function authorization(credentials: Credentials | undefined): NodeJS.ProcessEnv {
    if (!credentials) return {};
    const token = Buffer.from(`${credentials.username}:${credentials.password}`).toString("base64");
    return {
        GIT_CONFIG_COUNT: "1",
        GIT_CONFIG_KEY_0: "http.extraHeader",
        GIT_CONFIG_VALUE_0: `Authorization: Basic ${token}`,
    };
}

/** A commit as `git fast-import` reads it, which needs neither a working copy nor an index, and prints the SHA. */
function fastImport(commit: Pick<Commit, "files" | "message" | "author"> & { base: string }): string {
    const { base, files, message, author = "Sandbox <sandbox@example.com>" } = commit;
    if (!/^[^<>\n]+ <[^<>\n]*>$/.test(author))
        throw new Error(`"${author}" isn't an author. Expected "Name <address>".`);
    const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
    const who = `${author} ${Math.floor(Date.now() / 1000)} +0000`;
    return [
        `feature get-mark\ncommit refs/new\nmark :1\nauthor ${who}\ncommitter ${who}\n`,
        data(message),
        base && `from ${base}\n`,
        ...Object.entries(files).map(([path, content]) => {
            const quoted = JSON.stringify(path);
            return content === null ? `D ${quoted}\n` : `M 100644 inline ${quoted}\n${data(content)}`;
        }),
        "\nget-mark :1\n",
    ].join("");
}
