import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { findCommand, isExecutable, searchPath } from "./machine";
import { certificateFile, gitHostKey } from "./node/certificates";
import { address } from "./node/network";
import { adminKubeconfig, projectDir, state, stateDir } from "./paths";
import { isUrl } from "./releases/releases";

/** What commands inside the sandbox get to see of it. */
export interface EnvironmentSource {
    /** Folders of the programs on PATH: kubectl, tkn, pulumi and its Kubernetes provider. */
    readonly programDirs: readonly string[];
    /** Folder of a release mirror, if there is one. */
    readonly releaseMirror?: string;
    /** Lock of the release manifests in it, where they aren't the published ones. */
    readonly releaseLock?: string;
}

/**
 * The environment of a command inside the sandbox: the caller's, with the sandbox's variables. Pulumi's and the release
 * variables stay the caller's where the caller has set them, except a mirror's URL: it can't be reached from inside, and
 * the sandbox has a copy.
 */
export function sandboxEnvironment(
    { programDirs, releaseMirror, releaseLock }: EnvironmentSource,
    caller: NodeJS.ProcessEnv = process.env,
): NodeJS.ProcessEnv {
    const own = withoutProxies(caller);
    if (releaseMirror && own.RELEASE_MIRROR && isUrl(own.RELEASE_MIRROR)) delete own.RELEASE_MIRROR;
    const dynamicProvider = join(projectDir, "sandbox", "plugins", "pulumi-nodejs");
    const path = [...programDirs, dynamicProvider, randomPlugin(caller).dir, searchPath()].join(delimiter);
    const defaults: NodeJS.ProcessEnv = {
        PULUMI_HOME: state.pulumiHome,
        PULUMI_BACKEND_URL: `file://${state.pulumiBackend}`,
        // A file and a phrase exclude each other.
        ...(caller.PULUMI_CONFIG_PASSPHRASE_FILE ? {} : { PULUMI_CONFIG_PASSPHRASE: "sandbox" }),
        PULUMI_SKIP_UPDATE_CHECK: "true",
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
        // The files belong together: a caller's own mirror comes with the caller's own lock, or none.
        ...(own.RELEASE_MIRROR === undefined && releaseMirror ? { RELEASE_MIRROR: releaseMirror } : {}),
        ...(own.RELEASE_MIRROR === undefined && releaseLock ? { RELEASE_LOCK: releaseLock } : {}),
    };
    return {
        ...defaults,
        ...own,
        PATH: path,
        KUBECONFIG: adminKubeconfig,
        SANDBOX_ADDRESS: address,
        SANDBOX_GIT_URL: `http://${address}/`,
        SANDBOX_GIT_ROOT: state.git,
        // For https and ssh: the authority that signs the Git server's certificate, and the server's own public key.
        SANDBOX_GIT_CA: certificateFile("ca"),
        SANDBOX_GIT_HOST_KEY: `${gitHostKey}.pub`,
        SANDBOX_STATE: stateDir,
    };
}

/** A proxy can't be reached from inside, and what is asked for is inside. */
function withoutProxies(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    const proxy = /^(https?|all|ftp)_proxy$/i;
    return Object.fromEntries(Object.entries(environment).filter(([name]) => !proxy.test(name)));
}

/**
 * Where Pulumi finds the `random` provider: the official plugin if it is installed, else the sandbox's stand-in, since
 * no package registry serves the official one.
 */
export function randomPlugin(caller: NodeJS.ProcessEnv = process.env): { dir: string; standIn: boolean } {
    const name = "pulumi-resource-random";
    const onPath = findCommand(name);
    if (onPath) return { dir: join(onPath, ".."), standIn: false };
    const plugins = join(caller.PULUMI_HOME ?? join(homedir(), ".pulumi"), "plugins");
    const installed = existsSync(plugins)
        ? readdirSync(plugins)
              .filter((entry) => entry.startsWith("resource-random-v"))
              .map((entry) => join(plugins, entry))
              .find((dir) => isExecutable(join(dir, name)))
        : undefined;
    return installed
        ? { dir: installed, standIn: false }
        : { dir: join(projectDir, "sandbox", "plugins", "random"), standIn: true };
}
