import { stringify } from "yaml";
import { address, dnsServiceAddress, gitHost } from "./network";

/** CoreDNS' configuration; the most specific zone answers. Nothing is cached: a Service can be asked for at once. */
const corefile = `cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {
    errors
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
    }
}
sandbox.test:53 {
    errors
    hosts {
        ${address} ${gitHost}
    }
}
.:53 {
    errors
    health
    ready
    # The sandbox has no way out: every other name is unknown at once, rather than after a time-out.
    template ANY ANY {
        rcode NXDOMAIN
    }
}
`;

const metadata = { name: "coredns", namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };
const role = "system:coredns";

/**
 * The objects of the cluster's DNS, as in Kubernetes' own cluster/addons/dns/coredns.
 *
 * @param image CoreDNS with its program as entrypoint
 * @returns YAML documents
 */
export function clusterDns(image: string): string {
    return [
        { apiVersion: "v1", kind: "ServiceAccount", metadata },
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRole",
            metadata: { name: role },
            rules: [
                {
                    apiGroups: [""],
                    resources: ["endpoints", "services", "pods", "namespaces"],
                    verbs: ["list", "watch"],
                },
                { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
            ],
        },
        {
            apiVersion: "rbac.authorization.k8s.io/v1",
            kind: "ClusterRoleBinding",
            metadata: { name: role },
            roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
            subjects: [{ kind: "ServiceAccount", name: metadata.name, namespace: metadata.namespace }],
        },
        { apiVersion: "v1", kind: "ConfigMap", metadata, data: { Corefile: corefile } },
        {
            apiVersion: "v1",
            kind: "Service",
            metadata: { ...metadata, name: "kube-dns" },
            spec: {
                clusterIP: dnsServiceAddress,
                selector: metadata.labels,
                ports: [
                    { name: "dns", port: 53, protocol: "UDP" },
                    { name: "dns-tcp", port: 53, protocol: "TCP" },
                ],
            },
        },
        {
            apiVersion: "apps/v1",
            kind: "Deployment",
            metadata,
            spec: {
                replicas: 1,
                selector: { matchLabels: metadata.labels },
                template: {
                    metadata: { labels: metadata.labels },
                    spec: {
                        serviceAccountName: metadata.name,
                        priorityClassName: "system-cluster-critical",
                        dnsPolicy: "Default",
                        containers: [
                            {
                                name: "coredns",
                                image,
                                imagePullPolicy: "Never",
                                args: ["-conf", "/etc/coredns/Corefile"],
                                readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
                                livenessProbe: { httpGet: { path: "/health", port: 8080 }, failureThreshold: 6 },
                                resources: { requests: { cpu: "50m", memory: "32Mi" } },
                                volumeMounts: [{ name: "configuration", mountPath: "/etc/coredns", readOnly: true }],
                            },
                        ],
                        volumes: [{ name: "configuration", configMap: { name: metadata.name } }],
                    },
                },
            },
        },
    ]
        .map((object) => stringify(object, { aliasDuplicateObjects: false }))
        .join("---\n");
}
