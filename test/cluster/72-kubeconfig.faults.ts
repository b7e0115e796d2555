import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join, relative } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { KubernetesResource } from "../../components/kubernetesResource";
import { kubectl } from "../../demo/cluster";
import { openStack } from "../../stacks/automation";
import { clusterProvider } from "../../stacks/cluster";
import { readConfig } from "../../stacks/config";
import { checkCluster } from "../../stacks/preflight";
import { folder } from "./staging";

/** Where a pod finds its ServiceAccount. */
const podFiles = "/var/run/secrets/kubernetes.io/serviceaccount";

/** One object on the cluster, by the stack's own check and its own provider: they have to find the same cluster. */
async function program(): Promise<void> {
    const config = readConfig();
    const cluster = await checkCluster(config);
    expect(cluster, "the check's cluster").not.to.equal(undefined);
    const metadata = { name: "found", namespace: "default" };
    new KubernetesResource(
        "found",
        { apiVersion: "v1", kind: "ConfigMap", metadata, data: { context: cluster!.getCurrentContext() } },
        { provider: clusterProvider(config) },
    );
}

describe("the check and the provider find the same cluster", function () {
    this.timeout(10 * 60_000);
    const { KUBECONFIG, HOME } = process.env;
    let stack: Stack;
    let own: string;
    let text: string;
    /** Of which the current context leads nowhere. */
    let misled: string;

    before(async () => {
        own = await mkdtemp(join(tmpdir(), "kubeconfig-"));
        text = await readFile(KUBECONFIG!, "utf8");
        const config = JSON.parse(await kubectl("config", "view", "--raw", "--flatten", "-o", "json")) as Record<
            string,
            object[]
        > & { "current-context": string };
        const name = config["current-context"];
        misled = JSON.stringify({
            ...config,
            clusters: [...config.clusters!, { name: "nowhere", cluster: { server: "https://127.0.0.1:1" } }],
            contexts: [...config.contexts!, { name: "nowhere", context: { cluster: "nowhere", user: "nobody" } }],
            users: [...config.users!, { name: "nobody", user: {} }],
            "current-context": "nowhere",
        }).replaceAll(JSON.stringify(name), '"right"');
        stack = await openStack("kubeconfig", folder, { settings: "staging", program });
    });
    afterEach(async () => {
        process.env.KUBECONFIG = KUBECONFIG;
        process.env.HOME = HOME;
        await stack.removeAllConfig(["kubernetes:kubeconfig", "kubernetes:context"]);
    });
    after(async () => {
        await stack.destroy();
        await stack.workspace.removeStack("kubeconfig");
        await rm(own, { recursive: true });
    });

    /** Brings the object up anew. */
    async function finds(): Promise<void> {
        await kubectl("delete", "configmap", "found", "--ignore-not-found");
        const { summary } = await stack.up({ refresh: true });
        expect(summary.result).to.equal("succeeded");
        expect(await kubectl("get", "configmap", "found", "-o", "name")).to.equal("configmap/found");
    }
    async function file(name: string, content: string): Promise<string> {
        const path = join(own, name);
        await mkdir(join(path, ".."), { recursive: true });
        await writeFile(path, content);
        return path;
    }

    it("by the file of KUBECONFIG", finds);

    it("by several files, of which one is missing and one has only a part", async () => {
        const other = JSON.stringify({ apiVersion: "v1", kind: "Config", contexts: [], clusters: [], users: [] });
        process.env.KUBECONFIG = [join(own, "missing"), await file("empty", other), KUBECONFIG!].join(delimiter);
        await finds();
    });

    it("by the file in the home folder", async () => {
        delete process.env.KUBECONFIG;
        await file(".kube/config", text);
        process.env.HOME = own;
        await finds();
    });

    it("by a path in the config, also one in the home folder", async () => {
        delete process.env.KUBECONFIG;
        process.env.HOME = own;
        const path = await file("clusters/one", text);
        for (const value of [path, `~/${relative(userInfo().homedir, path)}`]) {
            await stack.setConfig("kubernetes:kubeconfig", { value });
            await finds();
        }
    });

    it("by contents in the config, and a context that isn't the current one; nothing of them stands in the state", async () => {
        delete process.env.KUBECONFIG;
        process.env.HOME = own;
        await stack.setConfig("kubernetes:kubeconfig", { value: misled, secret: true });
        await stack.setConfig("kubernetes:context", { value: "right" });
        await finds();
        const state = await readFile(
            join(
                process.env.PULUMI_BACKEND_URL!.slice("file://".length),
                ".pulumi/stacks/flux-to-tekton/kubeconfig.json",
            ),
            "utf8",
        );
        expect(state).to.include("pulumi:providers:kubernetes").and.not.include("client-key-data");
    });

    it("in a pod by its ServiceAccount: the same environment and files, on this machine", async function () {
        // Where this machine is a pod itself, they lead to another cluster.
        if (existsSync(podFiles)) return this.skip();
        const binding = ["clusterrolebinding", "found"];
        await kubectl("create", "serviceaccount", "found", "-n", "default");
        await kubectl("create", ...binding, "--clusterrole=cluster-admin", "--serviceaccount=default:found");
        const token = await kubectl("create", "token", "found", "-n", "default");
        const authority = "jsonpath={.clusters[0].cluster.certificate-authority-data}";
        const ca = await kubectl("config", "view", "--raw", "--flatten", "-o", authority);
        await mkdir(podFiles, { recursive: true });
        try {
            await writeFile(join(podFiles, "token"), token);
            await writeFile(join(podFiles, "ca.crt"), Buffer.from(ca, "base64"));
            await writeFile(join(podFiles, "namespace"), "default");
            const address = JSON.parse(await kubectl("get", "service", "kubernetes", "-o", "json")) as {
                spec: { clusterIP: string };
            };
            process.env.KUBERNETES_SERVICE_HOST = address.spec.clusterIP;
            process.env.KUBERNETES_SERVICE_PORT = "443";
            delete process.env.KUBECONFIG;
            process.env.HOME = join(own, "nowhere");
            await finds();
        } finally {
            for (const name of ["HOST", "PORT"]) delete process.env[`KUBERNETES_SERVICE_${name}`];
            await rm("/var/run/secrets/kubernetes.io", { recursive: true });
            process.env.KUBECONFIG = KUBECONFIG;
            await kubectl("delete", ...binding);
            await kubectl("delete", "serviceaccount", "found", "-n", "default");
        }
    });
});
