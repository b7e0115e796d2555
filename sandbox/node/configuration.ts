import { stringify } from "yaml";
import { adminKubeconfig, runtimeDir, state } from "../paths";
import { cniPluginDir } from "../requirements";
import { type CertificateName, certificateFile, keyFile, nodeName } from "./certificates";
import { cgroupName } from "./cgroups";
import { address, dnsServiceAddress, podSubnet } from "./network";
import { join } from "node:path";

/** containerd's socket, by a path that is short enough for a socket. */
export const containerdSocket = join(runtimeDir, "containerd.sock");

/** Files that the node's programs read. */
export const files = {
    containerd: join(state.configuration, "containerd.toml"),
    /** A folder `<host>:<port>` for each registry that is reached in another way than https: a test's own, for one. */
    registries: join(state.configuration, "registries"),
    cni: join(state.configuration, "cni", "10-sandbox.conflist"),
    kubelet: join(state.configuration, "kubelet.yaml"),
    kubeProxy: join(state.configuration, "kube-proxy.yaml"),
    resolvConf: join(state.configuration, "resolv.conf"),
    /** A folder for drivers of the retired FlexVolume; none are in it. */
    volumePlugins: join(state.configuration, "volume-plugins"),
} as const;

/** Who has a kubeconfig of their own: also the names of their certificates. */
export const kubeconfigUsers = ["admin", "controller-manager", "scheduler", "kubelet", "kube-proxy"] as const;
type KubeconfigUser = (typeof kubeconfigUsers)[number];

export const kubeconfigFile = (user: KubeconfigUser): string =>
    user === "admin" ? adminKubeconfig : join(state.kubeconfigs, `${user}.kubeconfig`);

/** A kubeconfig for the sandbox's API server with the user's certificate. */
export function kubeconfig(user: KubeconfigUser): string {
    const certificate: CertificateName = user;
    return stringify({
        apiVersion: "v1",
        kind: "Config",
        "current-context": "sandbox",
        contexts: [{ name: "sandbox", context: { cluster: "sandbox", user } }],
        clusters: [
            {
                name: "sandbox",
                cluster: { server: `https://${address}:6443`, "certificate-authority": certificateFile("ca") },
            },
        ],
        users: [
            {
                name: user,
                user: { "client-certificate": certificateFile(certificate), "client-key": keyFile(certificate) },
            },
        ],
    });
}

/**
 * containerd's configuration, version 2: read by containerd 1.6 (Debian 12) and every later one.
 *
 * @param pauseImage the image of the container that holds a pod's namespaces
 */
export function containerdConfig(pauseImage: string): string {
    const cri = `plugins."io.containerd.grpc.v1.cri"`;
    return `version = 2
# opt would make a folder /opt/containerd; the snapshotters are not used.
disabled_plugins = [
    "io.containerd.internal.v1.opt",
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.zfs",
]
[grpc]
address = ${JSON.stringify(containerdSocket)}
[${cri}]
sandbox_image = ${JSON.stringify(pauseImage)}
# Where CAP_SYS_RESOURCE is missing, runc may not lower a score and dies of it.
restrict_oom_score_adj = true
# /run/netns is shared with whoever else runs containers on this machine.
netns_mounts_under_state_dir = true
[${cri}.cni]
bin_dir = ${JSON.stringify(cniPluginDir)}
conf_dir = ${JSON.stringify(join(files.cni, ".."))}
[${cri}.registry]
config_path = ${JSON.stringify(files.registries)}
[${cri}.containerd]
default_runtime_name = "runc"
snapshotter = "overlayfs"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
`;
}

/** The pods' network: https://www.cni.dev/plugins/current/main/bridge/. */
export function cniConfig(): string {
    const network = {
        cniVersion: "0.4.0",
        name: "sandbox",
        plugins: [
            {
                type: "bridge",
                bridge: "cni0",
                isGateway: true,
                ipMasq: true,
                // A pod that reaches itself through a Service comes back on the port it left by.
                hairpinMode: true,
                ipam: {
                    type: "host-local",
                    ranges: [[{ subnet: podSubnet }]],
                    routes: [{ dst: "0.0.0.0/0" }],
                },
            },
            { type: "portmap", capabilities: { portMappings: true } },
        ],
    };
    return JSON.stringify(network, undefined, 4);
}

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
export function kubeletConfig(): string {
    return stringify({
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        authentication: {
            anonymous: { enabled: false },
            webhook: { enabled: true },
            x509: { clientCAFile: certificateFile("ca") },
        },
        authorization: { mode: "Webhook" },
        tlsCertFile: certificateFile("kubelet"),
        tlsPrivateKeyFile: keyFile("kubelet"),
        containerRuntimeEndpoint: `unix://${containerdSocket}`,
        cgroupDriver: "cgroupfs",
        cgroupRoot: `/${cgroupName}`,
        // Both are what a development machine or a small VM often has.
        failCgroupV1: false,
        failSwapOn: false,
        clusterDNS: [dnsServiceAddress],
        clusterDomain: "cluster.local",
        resolvConf: files.resolvConf,
        volumePluginDir: files.volumePlugins,
        // Images can't be pulled again, and a full disk of the machine is not the sandbox's to judge.
        imageGCHighThresholdPercent: 100,
        // Nor are they secret: under another name one may have been pulled with credentials.
        imagePullCredentialsVerificationPolicy: "NeverVerify",
        evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    });
}

/** https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/ */
export function kubeProxyConfig(): string {
    return stringify({
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        clientConnection: { kubeconfig: kubeconfigFile("kube-proxy") },
        mode: "iptables",
        clusterCIDR: podSubnet,
        hostnameOverride: nodeName,
        // Connection tracking is the machine's: its limits are read-only inside a network namespace.
        conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    });
}
