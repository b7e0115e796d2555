import { expect } from "chai";
import { parse, parseAllDocuments } from "yaml";
import { opensslConfig } from "../../../sandbox/node/certificates";
import { clusterDns } from "../../../sandbox/node/clusterDns";
import { components } from "../../../sandbox/node/components";
import { cniConfig, containerdConfig, kubeconfig, kubeletConfig } from "../../../sandbox/node/configuration";
import { compareVersions } from "../../../sandbox/requirements";
import { duration } from "../../../sandbox/format";

describe("sandbox configuration", () => {
    it("gives containerd the pause image and lets runc run without CAP_SYS_RESOURCE", () => {
        const text = containerdConfig("localhost/pause:1");
        expect(text).to.contain('sandbox_image = "localhost/pause:1"');
        expect(text).to.contain("restrict_oom_score_adj = true");
    });

    it("gives pods addresses of the pod subnet", () => {
        const { plugins } = JSON.parse(cniConfig()) as { plugins: { type: string; ipam?: { ranges: unknown } }[] };
        expect(plugins.map(({ type }) => type)).to.deep.equal(["bridge", "portmap"]);
        expect(plugins[0]?.ipam?.ranges).to.deep.equal([[{ subnet: "10.244.0.0/24" }]]);
    });

    it("keeps pods in the sandbox's own cgroup", () => {
        expect(parse(kubeletConfig())).to.include({
            cgroupRoot: "/flux-to-tekton-sandbox",
            cgroupDriver: "cgroupfs",
            failCgroupV1: false,
        });
    });

    it("gives each user a kubeconfig with its own certificate", () => {
        const text = kubeconfig("scheduler");
        expect(text).to.contain("https://10.90.0.1:6443").and.to.contain("/certificates/scheduler.crt");
    });

    it("makes certificates of servers for their names, and authorities that may sign", () => {
        const server = opensslConfig({ commonName: "a", serves: ["DNS:a", "IP:10.0.0.1"], authority: "ca" }, false);
        expect(server).to.contain("subjectAltName = DNS:a, IP:10.0.0.1").and.to.contain("CA:FALSE");
        expect(opensslConfig({ commonName: "ca", authority: "ca" }, true)).to.contain("CA:TRUE");
    });

    it("lets the cluster's DNS know the Git server", () => {
        const objects = parseAllDocuments(clusterDns("coredns:1")).map((one) => one.toJS() as { kind: string });
        expect(objects.map(({ kind }) => kind)).to.deep.equal([
            "ServiceAccount",
            "ClusterRole",
            "ClusterRoleBinding",
            "ConfigMap",
            "Service",
            "Deployment",
        ]);
        expect(JSON.stringify(objects)).to.contain("10.90.0.1 git.sandbox.test");
    });

    it("signs with the keys that the API server checks against", () => {
        const key = (name: "kube-apiserver" | "kube-controller-manager", flag: string): string | undefined =>
            components[name]()
                .args.find((arg) => arg.startsWith(`--${flag}=`))
                ?.split("=")[1];
        expect(key("kube-controller-manager", "service-account-private-key-file")).to.equal(
            key("kube-apiserver", "service-account-signing-key-file"),
        );
    });

    it("compares versions by their numbers", () => {
        expect(compareVersions("1.26.8", "1.26.10")).to.be.below(0);
        expect(compareVersions("1.26", "1.26.0")).to.equal(0);
        expect(compareVersions("1.27rc1", "1.26.5")).to.be.above(0);
    });

    it("writes times as people do", () => {
        expect([400, 42_000, 187_000].map(duration)).to.deep.equal(["0.4 s", "42 s", "3 m 07 s"]);
    });
});
