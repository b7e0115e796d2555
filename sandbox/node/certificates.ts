import { generateKeyPairSync } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { searchPath } from "../machine";
import { state } from "../paths";
import { address, gitHost, kubernetesServiceAddress } from "./network";

/** The node's name in the cluster. */
export const nodeName = "sandbox";

/** A certificate that one of the sandbox's two authorities signs. */
interface Certificate {
    readonly commonName: string;
    /** What Kubernetes takes for the user's group. */
    readonly organization?: string;
    /** Names and addresses of a server, in OpenSSL's form; a client's certificate has none. */
    readonly serves?: readonly string[];
    readonly authority: Authority;
}

type Authority = "ca" | "front-proxy-ca";

/** As in https://kubernetes.io/docs/setup/best-practices/certificates/. */
const certificates = {
    apiserver: {
        commonName: "kube-apiserver",
        authority: "ca",
        serves: [
            "DNS:kubernetes",
            "DNS:kubernetes.default",
            "DNS:kubernetes.default.svc",
            "DNS:kubernetes.default.svc.cluster.local",
            "DNS:localhost",
            "IP:127.0.0.1",
            `IP:${address}`,
            `IP:${kubernetesServiceAddress}`,
        ],
    },
    kubelet: {
        commonName: `system:node:${nodeName}`,
        organization: "system:nodes",
        authority: "ca",
        serves: [`DNS:${nodeName}`, `IP:${address}`],
    },
    "apiserver-kubelet-client": { commonName: "apiserver-kubelet", organization: "system:masters", authority: "ca" },
    "front-proxy-client": { commonName: "front-proxy-client", authority: "front-proxy-ca" },
    admin: { commonName: "sandbox-admin", organization: "system:masters", authority: "ca" },
    "controller-manager": { commonName: "system:kube-controller-manager", authority: "ca" },
    scheduler: { commonName: "system:kube-scheduler", authority: "ca" },
    git: { commonName: gitHost, authority: "ca", serves: [`DNS:${gitHost}`, `IP:${address}`] },
    "kube-proxy": { commonName: "system:kube-proxy", organization: "system:node-proxier", authority: "ca" },
} as const satisfies Record<string, Certificate>;

export type CertificateName = keyof typeof certificates | Authority;

export const certificateFile = (name: CertificateName): string => join(state.certificates, `${name}.crt`);
export const keyFile = (name: CertificateName | "service-account"): string => join(state.certificates, `${name}.key`);
/** The Git server's own key for ssh, which it makes itself; its public half has the ending .pub. */
export const gitHostKey = join(state.certificates, "git-host-key");
/** Public half of the key that signs service account tokens. */
export const serviceAccountPublicKey = join(state.certificates, "service-account.pub");

/** Makes every certificate and key, readable by root alone. */
export async function createCertificates(): Promise<void> {
    mkdirSync(state.certificates, { recursive: true, mode: 0o700 });
    const { publicKey, privateKey } = generateKeyPairSync("rsa", {
        modulusLength: 2048,
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    writeFileSync(keyFile("service-account"), privateKey, { mode: 0o600 });
    writeFileSync(serviceAccountPublicKey, publicKey);
    await Promise.all([sign("ca"), sign("front-proxy-ca")]);
    await Promise.all(Object.entries(certificates).map(([name, spec]) => sign(name as CertificateName, spec)));
}

/** Makes a key and its certificate; without `spec` an authority that signs itself. */
async function sign(name: CertificateName, spec?: Certificate): Promise<void> {
    const signer = spec ? ["-CA", certificateFile(spec.authority), "-CAkey", keyFile(spec.authority)] : [];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", keyFile(name)];
    const configFile = join(state.certificates, `${name}.cnf`);
    writeFileSync(
        configFile,
        opensslConfig(spec ?? { commonName: `flux-to-tekton sandbox ${name}`, authority: "ca" }, !spec),
    );
    const config = ["-config", configFile, "-extensions", "extensions", "-days", "3650"];
    await execa("openssl", ["req", "-x509", ...key, ...signer, ...config, "-out", certificateFile(name)], {
        env: { PATH: searchPath() },
    });
}

/** OpenSSL's configuration for one certificate (x509v3_config(5)). */
export function opensslConfig(spec: Certificate, isAuthority: boolean): string {
    const name = [`CN = ${spec.commonName}`, ...(spec.organization ? [`O = ${spec.organization}`] : [])];
    const usage = spec.serves ? "serverAuth, clientAuth" : "clientAuth";
    const extensions = isAuthority
        ? ["basicConstraints = critical, CA:TRUE", "keyUsage = critical, keyCertSign, cRLSign, digitalSignature"]
        : [
              "basicConstraints = critical, CA:FALSE",
              "keyUsage = critical, digitalSignature",
              `extendedKeyUsage = ${usage}`,
          ];
    return [
        "[req]",
        "prompt = no",
        "distinguished_name = name",
        "[name]",
        ...name,
        "[extensions]",
        ...extensions,
        ...(spec.serves ? [`subjectAltName = ${spec.serves.join(", ")}`] : []),
        "",
    ].join("\n");
}
