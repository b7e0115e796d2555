import { expect } from "chai";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { delimiter, join, relative } from "node:path";
import { type ClusterAccess, loadKubeConfig } from "../../../components/kubeconfig";

/** A kubeconfig with one cluster, user and context of each name; the servers are `https://<name>.<domain>`. */
function kubeconfig(names: readonly string[], domain: string, current?: string): string {
    return JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: names.map((name) => ({ name, cluster: { server: `https://${name}.${domain}` } })),
        users: names.map((name) => ({ name, user: { token: `token-of-${name}` } })),
        contexts: names.map((name) => ({ name, context: { cluster: name, user: name } })),
        "current-context": current,
    });
}

describe("the cluster's kubeconfig, as the Kubernetes provider finds it", () => {
    const environment = { ...process.env };
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "kubeconfig-"));
        process.env = { ...environment, HOME: folder };
        for (const name of ["KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"])
            delete process.env[name];
    });
    afterEach(() => {
        process.env = { ...environment };
        rmSync(folder, { recursive: true });
    });

    function file(path: string, text: string): string {
        const whole = join(folder, path);
        mkdirSync(join(whole, ".."), { recursive: true });
        writeFileSync(whole, text);
        return whole;
    }
    const home = (): string => file(".kube/config", kubeconfig(["home"], "example.com", "home"));
    /** A pod's ServiceAccount, below a folder of the test. */
    function inPod(): void {
        process.env.KUBERNETES_SERVICE_HOST = "10.96.0.1";
        process.env.KUBERNETES_SERVICE_PORT = "443";
        file("pod/var/run/secrets/kubernetes.io/serviceaccount/token", "token-of-the-pod");
    }
    async function server(access: ClusterAccess = {}): Promise<string | undefined> {
        return loadKubeConfig(access, join(folder, "pod")).getCurrentCluster()?.server;
    }

    it("is what is configured, before all else: contents, in JSON or YAML", async () => {
        process.env.KUBECONFIG = home();
        const contents = kubeconfig(["given"], "example.com", "given");
        expect(await server({ kubeconfig: contents })).to.equal("https://given.example.com");
        const yaml = [
            "# of a colleague",
            "current-context: a",
            "contexts: [{name: a, context: {cluster: a}}]",
            "clusters: [{name: a, cluster: {server: https://yaml.example.com}}]",
        ].join("\n");
        expect(await server({ kubeconfig: yaml })).to.equal("https://yaml.example.com");
    });

    it("is what is configured: a path, also from the home folder", async () => {
        const path = file("clusters/one", kubeconfig(["one"], "example.com", "one"));
        expect(await server({ kubeconfig: path })).to.equal("https://one.example.com");
        expect(await server({ kubeconfig: `~/${relative(userInfo().homedir, path)}` })).to.equal(
            "https://one.example.com",
        );
    });

    it("isn't what is configured but neither file nor kubeconfig, and the error doesn't repeat it", async () => {
        home();
        for (const text of ["/no/such/file", "token: of-somebody"]) {
            const error = await server({ kubeconfig: text }).catch((reason: Error) => reason);
            expect(error).to.be.instanceOf(Error);
            expect((error as Error).message)
                .to.include("kubernetes:kubeconfig is neither")
                .and.not.include(text);
        }
    });

    it("is the file of KUBECONFIG, or else the home folder's", async () => {
        home();
        expect(await server()).to.equal("https://home.example.com");
        process.env.KUBECONFIG = file("other", kubeconfig(["other"], "example.com", "other"));
        expect(await server()).to.equal("https://other.example.com");
    });

    it("is all the files of KUBECONFIG: earlier ones win, missing ones don't matter", async () => {
        const first = file("first", kubeconfig(["a", "b"], "first.example.com"));
        const second = file("second", kubeconfig(["b", "c"], "second.example.com", "b"));
        const third = file("third", kubeconfig(["d"], "third.example.com", "d"));
        process.env.KUBECONFIG = [join(folder, "missing"), first, "", second, third].join(delimiter);
        expect(await server()).to.equal("https://b.first.example.com");
        expect(await server({ kubeContext: "c" })).to.equal("https://c.second.example.com");
        expect(await server({ kubeContext: "d" })).to.equal("https://d.third.example.com");
    });

    it("finds a certificate beside the file that names it", async () => {
        const text = kubeconfig(["a"], "example.com", "a").replace(
            '"server":',
            '"certificate-authority":"ca.crt","server":',
        );
        process.env.KUBECONFIG = file("clusters/a", text);
        const { caFile } = loadKubeConfig({}).getCurrentCluster()!;
        expect(caFile).to.equal(join(folder, "clusters/ca.crt"));
    });

    it("has the context and the cluster that are configured", async () => {
        const contents = kubeconfig(["a", "b", "c"], "example.com", "a");
        expect(await server({ kubeconfig: contents, kubeContext: "b" })).to.equal("https://b.example.com");
        const config = loadKubeConfig({ kubeconfig: contents, kubeContext: "b", kubeCluster: "c" });
        expect(config.getCurrentCluster()?.server).to.equal("https://c.example.com");
        expect(config.getCurrentUser()?.token).to.equal("token-of-b");
    });

    it("is in a pod, without any file, its ServiceAccount's", async () => {
        expect(await server()).to.equal(undefined);
        inPod();
        expect(await server()).to.equal("https://10.96.0.1:443");
        process.env.KUBECONFIG = join(folder, "missing");
        expect(await server()).to.equal("https://10.96.0.1:443");
    });

    it("is in a pod, with a file, the file's", async () => {
        inPod();
        home();
        expect(await server()).to.equal("https://home.example.com");
    });
});
