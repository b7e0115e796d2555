import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import type { FluxSource } from "../components/fluxSource";
import { GitHubFiles } from "../components/gitHub/files";
import { GitHubRepository } from "../components/gitHub/repository";
import { kustomizationFile } from "../components/syncManifests";
import type { ClusterConfig } from "./config";
import type { Manifests } from "./manifests";
import { syncFiles } from "./syncFiles";

/** What a stack has on GitHub. */
export interface GitHub {
    readonly provider: github.Provider;
    readonly repository: GitHubRepository;
    /** What Flux follows there, with how it signs in. */
    readonly source: FluxSource;
    /** All that has to be there before Flux reads it. */
    readonly resources: readonly pulumi.Resource[];
}

/** Sets up the repository of the config, if it names one: the key, the teams, and what Flux is to find there. */
export function createGitHub(config: ClusterConfig, manifests: Manifests): GitHub | undefined {
    const { source, path, secretName, github: settings } = config.sync;
    if (settings === undefined || source.kind !== "GitRepository") return undefined;
    const { owner, hostname, repository: name, knownHosts } = settings;
    const provider = new github.Provider("github", {
        owner,
        token: config.gitHubToken,
        ...(hostname === "github.com" ? {} : { baseUrl: `https://${hostname}/` }),
    });
    const branch = config.gitBranch;
    const repository = new GitHubRepository(
        "github",
        {
            repository: name,
            create: settings.create,
            private: settings.private,
            branch,
            teams: settings.permissions,
            deployKey: settings.deployKey
                ? {
                      // As `flux bootstrap` calls it: clusters that share the repository have a key each.
                      title: [config.fluxNamespace, branch, secretName, path].join("-"),
                      readWrite: settings.readWriteKey,
                      algorithm: settings.keyAlgorithm,
                      rsaBits: settings.rsaBits,
                      ecdsaCurve: settings.ecdsaCurve,
                      knownHosts,
                  }
                : undefined,
        },
        { provider },
    );
    const files = config.syncOwner === "git" ? syncFiles(config, manifests) : firstFolder(settings.create, path);
    const { authorName, authorEmail, commitMessageAppendix: appendix } = settings;
    const committed =
        Object.keys(files).length === 0
            ? []
            : [
                  new GitHubFiles(
                      "github-files",
                      {
                          repository: repository.repositoryName,
                          branch,
                          files,
                          written: Object.keys(files).filter((file) => file.endsWith(`/${kustomizationFile}`)),
                          commit: {
                              message: [`Add Flux ${config.fluxVersion} manifests`, appendix]
                                  .filter((part) => part !== undefined)
                                  .join("\n\n"),
                              author: authorName === undefined ? undefined : { name: authorName, email: authorEmail! },
                          },
                      },
                      { provider },
                  ),
              ];
    return {
        provider,
        repository,
        source: { ...source, credentials: repository.credentials ?? source.credentials },
        resources: [repository, ...committed],
    };
}

/** A new repository doesn't have the folder that Flux is to apply, and Git has no empty ones. */
function firstFolder(isNew: boolean, path: string): Record<string, string> {
    const folder = path.replace(/^(\.?\/)+|\/+$/g, "");
    return isNew && folder !== "" && folder !== "." ? { [`${folder}/.gitkeep`]: "" } : {};
}
