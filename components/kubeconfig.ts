import type { KubeConfig } from "@kubernetes/client-node";

/** Which cluster, in the words of the Kubernetes provider's own config. */
export interface ClusterAccess {
    /** `kubernetes:kubeconfig`: a kubeconfig's contents, or its path. @default the ambient one */
    readonly kubeconfig?: string;
    /** `kubernetes:context` @default the kubeconfig's current one */
    readonly kubeContext?: string;
    /** `kubernetes:cluster` @default the context's */
    readonly kubeCluster?: string;
}

/**
 * The way to the cluster, as the Kubernetes provider finds it
 * (https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/): by what is configured; else by the
 * files that KUBECONFIG lists, of which missing ones don't matter and earlier ones win, or by `~/.kube/config`; else, in
 * a pod, by its ServiceAccount. Without any of these it has no contexts.
 *
 * A dynamic provider has the text of this function alone: it may refer to nothing outside of itself.
 * @param root where a pod's files are, for tests
 * @throws Error if `kubeconfig` is neither
 */
export function loadKubeConfig(access: ClusterAccess, root = ""): KubeConfig {
    /* eslint-disable @typescript-eslint/no-require-imports -- see above; and the client is large: it loads when it is needed */
    const { existsSync, readFileSync } = require("node:fs") as typeof import("node:fs");
    const { homedir, userInfo } = require("node:os") as typeof import("node:os");
    const { delimiter, join } = require("node:path") as typeof import("node:path");
    const k8s = require("@kubernetes/client-node") as typeof import("@kubernetes/client-node");
    /* eslint-enable @typescript-eslint/no-require-imports */
    const { HOME, KUBECONFIG, KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT } = process.env;
    const home = HOME || homedir();

    /** What ~ is to the provider, whatever HOME says; HOME is for users without an entry in /etc/passwd. */
    const userHome = (): string => {
        try {
            return userInfo().homedir;
        } catch {
            return home;
        }
    };
    const contents = (pathOrContents: string): string => {
        const path = pathOrContents.replace(/^~(?=$|\/)/, userHome);
        const text = existsSync(path) ? readFileSync(path, "utf8") : pathOrContents;
        if (/^\s*["']?(\{|apiVersion|clusters|contexts|current-context|kind|preferences|users)/m.test(text))
            return text;
        // Not the value itself: it may be half a kubeconfig, with a key in it.
        throw new Error(
            "kubernetes:kubeconfig is neither the path of a file nor the contents of a kubeconfig (pulumi config get kubernetes:kubeconfig shows it)",
        );
    };
    const firstOfEachName = <T extends { readonly name: string }>(lists: readonly (readonly T[])[]): T[] => {
        const byName = new Map<string, T>();
        for (const one of lists.flat()) if (!byName.has(one.name)) byName.set(one.name, one);
        return [...byName.values()];
    };

    const config = new k8s.KubeConfig();
    if (access.kubeconfig) {
        config.loadFromString(contents(access.kubeconfig));
    } else {
        const files = KUBECONFIG ? KUBECONFIG.split(delimiter) : [join(home, ".kube", "config")];
        const loaded = files
            .filter((file) => file !== "" && existsSync(file))
            .map((file) => {
                const one = new k8s.KubeConfig();
                one.loadFromFile(file);
                return one;
            });
        config.loadFromOptions({
            clusters: firstOfEachName(loaded.map(({ clusters }) => clusters)),
            users: firstOfEachName(loaded.map(({ users }) => users)),
            contexts: firstOfEachName(loaded.map(({ contexts }) => contexts)),
            currentContext: loaded.map(({ currentContext }) => currentContext).find(Boolean),
        });
        const isInPod =
            Boolean(KUBERNETES_SERVICE_HOST && KUBERNETES_SERVICE_PORT) &&
            existsSync(`${root}/var/run/secrets/kubernetes.io/serviceaccount/token`);
        if (config.getContexts().length === 0 && isInPod) config.loadFromCluster(root);
    }
    if (access.kubeContext) config.setCurrentContext(access.kubeContext);
    if (access.kubeCluster) {
        const cluster = access.kubeCluster;
        const current = config.getCurrentContext();
        const contexts = config.getContexts().map((one) => (one.name === current ? { ...one, cluster } : one));
        config.loadFromOptions({ ...config, contexts });
    }
    return config;
}
