import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";

/** Who commits, and what is said of it. */
export interface GitHubCommit {
    /** What the commits' messages begin with. */
    readonly message: string;
    /** @default the token's user */
    readonly author?: GitHubAuthor;
}

/** The author of a commit. */
export interface GitHubAuthor {
    /** `Flux` */
    readonly name: string;
    /** `flux@example.com` */
    readonly email: string;
}

/** Files in a repository. */
export interface GitHubFilesArgs {
    /** The repository's name, without its owner: the provider's. */
    readonly repository: pulumi.Input<string>;
    /** The branch, which has to be there. */
    readonly branch: string;
    /** Path → content. */
    readonly files: Readonly<Record<string, string>>;
    /** Those of `files`, by path, that are written once and belong to the repository's users then. @default none */
    readonly written?: readonly string[];
    /** Who commits, and what is said of it. */
    readonly commit: GitHubCommit;
}

/** Files that are committed to a repository on GitHub, one commit each, and removed with this. */
export class GitHubFiles extends pulumi.ComponentResource {
    constructor(name: string, args: GitHubFilesArgs, opts?: pulumi.ComponentResourceOptions) {
        super("flux-to-tekton:github:GitHubFiles", name, {}, opts);
        const { commit } = args;
        // One after the other: commits to a branch that come at once refuse each other.
        let previous: github.RepositoryFile | undefined;
        for (const [file, content] of Object.entries(args.files)) {
            previous = new github.RepositoryFile(
                `${name}-${file}`,
                {
                    repository: args.repository,
                    branch: args.branch,
                    file,
                    content,
                    commitMessage: commit.message,
                    ...(commit.author && { commitAuthor: commit.author.name, commitEmail: commit.author.email }),
                    // `flux bootstrap` may have been there before.
                    overwriteOnCreate: true,
                },
                {
                    parent: this,
                    ...(args.written?.includes(file) ? { ignoreChanges: ["content"] } : {}),
                    ...(previous === undefined ? {} : { dependsOn: [previous] }),
                },
            );
        }
        this.registerOutputs({});
    }
}
