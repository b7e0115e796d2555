import { join } from "node:path";
import { adminKubeconfig, projectDir, state } from "../paths";
import { program } from "../tools";
import { certificateFile, gitHostKey, keyFile, nodeName, serviceAccountPublicKey } from "./certificates";
import { containerdSocket, files, kubeconfigFile } from "./configuration";
import { inMountsOf, inNewMounts } from "./mounts";
import { address, serviceSubnet } from "./network";
import { running } from "./processes";

/** One of the programs that a node consists of. */
export interface Component {
    readonly command: string;
    readonly args: readonly string[];
}

/** The names of the node's programs, as their logs and messages have them. */
export type ComponentName =
    | "containerd"
    | "etcd"
    | "kube-apiserver"
    | "kube-controller-manager"
    | "kube-scheduler"
    | "kubelet"
    | "kube-proxy"
    | "git";

const etcdUrl = "http://127.0.0.1:2379";
const etcdPeerUrl = "http://127.0.0.1:2380";

const kubernetes = (name: string, args: readonly string[]): Component => ({
    command: program("kubernetes", name),
    args,
});

/** Command lines: what differs from a production cluster has its reason beside it. */
export const components: Readonly<Record<ComponentName, () => Component>> = {
    containerd: () => inNewMounts({ command: "containerd", args: ["--config", files.containerd] }),

    etcd: () => ({
        command: program("etcd", "server"),
        args: [
            `--name=${nodeName}`,
            `--data-dir=${state.etcd}`,
            `--listen-client-urls=${etcdUrl}`,
            `--advertise-client-urls=${etcdUrl}`,
            `--listen-peer-urls=${etcdPeerUrl}`,
            `--initial-advertise-peer-urls=${etcdPeerUrl}`,
            `--initial-cluster=${nodeName}=${etcdPeerUrl}`,
            // The data never outlives the machine, and a slow disk is what makes small clusters slow.
            "--unsafe-no-fsync",
            "--log-level=warn",
        ],
    }),

    "kube-apiserver": () =>
        kubernetes("kube-apiserver", [
            `--etcd-servers=${etcdUrl}`,
            `--advertise-address=${address}`,
            "--secure-port=6443",
            `--service-cluster-ip-range=${serviceSubnet}`,
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            `--client-ca-file=${certificateFile("ca")}`,
            `--tls-cert-file=${certificateFile("apiserver")}`,
            `--tls-private-key-file=${keyFile("apiserver")}`,
            `--kubelet-certificate-authority=${certificateFile("ca")}`,
            `--kubelet-client-certificate=${certificateFile("apiserver-kubelet-client")}`,
            `--kubelet-client-key=${keyFile("apiserver-kubelet-client")}`,
            // The node's name can't be resolved.
            "--kubelet-preferred-address-types=InternalIP",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            `--service-account-key-file=${serviceAccountPublicKey}`,
            `--service-account-signing-key-file=${keyFile("service-account")}`,
            `--requestheader-client-ca-file=${certificateFile("front-proxy-ca")}`,
            "--requestheader-allowed-names=front-proxy-client",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-username-headers=X-Remote-User",
            `--proxy-client-cert-file=${certificateFile("front-proxy-client")}`,
            `--proxy-client-key-file=${keyFile("front-proxy-client")}`,
        ]),

    "kube-controller-manager": () =>
        kubernetes("kube-controller-manager", [
            ...delegatedAuthentication("controller-manager"),
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
            "--allocate-node-cidrs=false",
            "--use-service-account-credentials",
            `--root-ca-file=${certificateFile("ca")}`,
            `--service-account-private-key-file=${keyFile("service-account")}`,
            // Without a signer the manager's other controllers don't start either.
            `--cluster-signing-cert-file=${certificateFile("ca")}`,
            `--cluster-signing-key-file=${keyFile("ca")}`,
            `--flex-volume-plugin-dir=${files.volumePlugins}`,
            // Its own limit of 20 requests per second is what a start of it takes longest for.
            "--kube-api-qps=200",
            "--kube-api-burst=400",
            // How long after the node has become Ready its taint goes, and pods are scheduled.
            "--node-monitor-period=1s",
            // A machine that stalls for a minute is no reason to evict the pods of its only node.
            "--node-monitor-grace-period=300s",
        ]),

    "kube-scheduler": () =>
        kubernetes("kube-scheduler", [
            ...delegatedAuthentication("scheduler"),
            "--bind-address=127.0.0.1",
            "--leader-elect=false",
        ]),

    // Where containerd mounts, the kubelet must mount too: it is what fills the containers' volumes.
    kubelet: () =>
        inMountsOf(
            running("containerd").pid,
            kubernetes("kubelet", [
                `--config=${files.kubelet}`,
                `--kubeconfig=${kubeconfigFile("kubelet")}`,
                `--hostname-override=${nodeName}`,
                `--node-ip=${address}`,
            ]),
        ),

    "kube-proxy": () => kubernetes("kube-proxy", [`--config=${files.kubeProxy}`]),

    git: () => ({
        command: process.execPath,
        args: [
            "-r",
            join(projectDir, "scripts", "typescript.cjs"),
            join(projectDir, "sandbox", "git", "server.ts"),
            ...["--root", state.git],
            ...["--listen", `${address}:80`],
            ...["--https", `${address}:443`, "--certificate", certificateFile("git"), "--key", keyFile("git")],
            ...["--ssh", `${address}:22`, "--host-key", gitHostKey],
        ],
    }),
};

function delegatedAuthentication(user: "controller-manager" | "scheduler"): string[] {
    const file = kubeconfigFile(user);
    return [`--kubeconfig=${file}`, `--authentication-kubeconfig=${file}`, `--authorization-kubeconfig=${file}`];
}

/** The command line of ctr for the sandbox's containerd, in the namespace of the kubelet's images. */
export const ctr = (args: readonly string[]): Component => ({
    command: "ctr",
    args: ["--address", containerdSocket, "--namespace", "k8s.io", ...args],
});

/** The command line of kubectl as the cluster's administrator. */
export const kubectl = (args: readonly string[]): Component =>
    kubernetes("kubectl", [`--kubeconfig=${adminKubeconfig}`, ...args]);
