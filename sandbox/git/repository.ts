/** Name and password that a private repository asks for (HTTP basic authentication). */
export interface Credentials {
    readonly username: string;
    readonly password: string;
}

export interface RepositoryOptions {
    /** The first branch, and HEAD. @default "main" */
    readonly branch?: string;
    /** Makes the repository private. @default none */
    readonly credentials?: Credentials;
}

/**
 * Makes a bare repository that the Git server serves as `/<name>`; one that exists is kept, with its commits.
 * @param root The server's --root.
 * @param name "flux-demo.git": a relative path below root.
 * @returns the repository's folder
 */
export async function createRepository(root: string, name: string, options: RepositoryOptions = {}): Promise<string> {
    throw new Error(`not written yet ${root} ${name} ${options.branch}`);
}

/**
 * Has each push posted to a URL, as a Git host's webhook does; the outcome is logged to `receiver.log` in the
 * repository's folder and never fails or delays the push.
 * @param url undefined turns it off
 */
export async function setReceiver(root: string, name: string, url: string | undefined): Promise<void> {
    throw new Error(`not written yet ${root} ${name} ${url}`);
}

export interface Commit {
    /** Of the repository, as a client sees it: "http://10.90.0.1/flux-demo.git". */
    readonly url: string;
    /** @default "main" */
    readonly branch?: string;
    /** Path → content, written over what the branch has; null deletes. */
    readonly files: Readonly<Record<string, string | null>>;
    readonly message: string;
    /** "Name <address>". @default "Sandbox <sandbox@example.com>" */
    readonly author?: string;
    readonly credentials?: Credentials;
    /** Folder for the working copies, which are kept so that the next commit needs no clone. @default one below the temp folder */
    readonly workDir?: string;
}

/** Commits files to a branch and pushes it. @returns the commit's full SHA */
export async function commit(commit: Commit): Promise<string> {
    throw new Error(`not written yet ${commit.url}`);
}
