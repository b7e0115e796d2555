import { homedir } from "node:os";
import { join } from "node:path";

const xdg = (variable: string, fallback: string): string =>
    join(process.env[variable] || join(homedir(), fallback), "flux-to-tekton", "sandbox");

/** The project's root folder. */
export const projectDir = join(__dirname, "..");

/** What survives `down`: built programs, images, downloaded releases. Can be deleted at any time. */
export const cacheDir = xdg("XDG_CACHE_HOME", ".cache");

/** containerd's own data: the images, imported and unpacked. Kept across `down`, since making it takes longest. */
export const containerStore = join(cacheDir, "containerd");

/** What one running sandbox consists of: certificates, data, logs, process records. Gone after `down`. */
export const stateDir = xdg("XDG_STATE_HOME", join(".local", "state"));

/**
 * A link to {@link stateDir}, while a sandbox exists: it tells every user of the machine whose sandbox it is, and keeps
 * the paths of Unix sockets below the kernel's limit of 107 bytes wherever the state is.
 */
export const runtimeDir = "/run/flux-to-tekton-sandbox";

/** Held (flock) by whoever changes the sandbox: the network namespace is one per machine, and so is the lock. */
export const lockFile = "/run/lock/flux-to-tekton-sandbox.lock";

/** Below {@link stateDir}. */
export const state = {
    certificates: join(stateDir, "certificates"),
    kubeconfigs: join(stateDir, "kubeconfigs"),
    configuration: join(stateDir, "configuration"),
    etcd: join(stateDir, "etcd"),
    /** Folders that the container programs see as /var/lib/containerd and so on. */
    mounts: join(stateDir, "mounts"),
    git: join(stateDir, "git"),
    pulumiHome: join(stateDir, "pulumi-home"),
    pulumiBackend: join(stateDir, "pulumi-backend"),
    logs: join(stateDir, "logs"),
    processes: join(stateDir, "processes"),
    kernelSettings: join(stateDir, "kernel-settings.json"),
    /** Written last by `up`: without it, whatever else there is is the remains of an `up` that did not finish. */
    record: join(stateDir, "sandbox.json"),
} as const;

/** KUBECONFIG of the cluster's administrator. */
export const adminKubeconfig = join(state.kubeconfigs, "admin.kubeconfig");
