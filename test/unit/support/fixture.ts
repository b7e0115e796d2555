import { parseManifest, type Product } from "../../../components/release";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { createCluster, type ClusterOutputs } from "../../../stacks/cluster";
import { readConfig } from "../../../stacks/config";
import { type Registrations, simulate } from "./engine";

/**
 * Hand-written releases, not upstream's: of each product a few objects of every sort that the order of installation
 * tells apart. Tests on them need no release manifests.
 */
export const fixture: Readonly<Record<Product, readonly KubernetesObject[]>> = {
    "tekton-pipelines": parse(`
${namespace("tekton-pipelines")}
${definition("tekton.dev", "Pipeline")}
${settings("tekton-pipelines", "config-logging")}
${webhookServer("tekton-pipelines", "tekton-pipelines-webhook")}
${webhookConfiguration("ValidatingWebhookConfiguration", "config.webhook.pipeline.tekton.dev", "tekton-pipelines-webhook", 1)}
${webhookConfiguration("MutatingWebhookConfiguration", "webhook.pipeline.tekton.dev", "tekton-pipelines-webhook", 2)}
`),
    "tekton-triggers": parse(`
${settings("tekton-pipelines", "config-logging-triggers")}
${definition("triggers.tekton.dev", "ClusterInterceptor")}
${webhookServer("tekton-pipelines", "tekton-triggers-webhook")}
${webhookConfiguration("ValidatingWebhookConfiguration", "validation.webhook.triggers.tekton.dev", "tekton-triggers-webhook", 1)}
${webhookServer("tekton-pipelines", "tekton-triggers-core-interceptors")}
apiVersion: triggers.tekton.dev/v1alpha1
kind: ClusterInterceptor
metadata: { name: cel }
spec: { clientConfig: { service: { name: tekton-triggers-core-interceptors, namespace: tekton-pipelines, path: cel } } }
---
`),
    flux: parse(`
${namespace("flux-system")}
${definition("source.toolkit.fluxcd.io", "GitRepository")}
${webhookServer("flux-system", "source-controller")}
${webhookServer("flux-system", "kustomize-controller")}
${webhookServer("flux-system", "notification-controller")}
`),
};

/** Runs a stack of this config on the simulated engine and the hand-written releases. */
export function simulateStack(
    config: Record<string, unknown> = {},
    options?: { preview?: boolean },
): Promise<{ resources: Registrations; outputs: ClusterOutputs }> {
    const gitUrl = "https://git.example.com/fleet-infra.git";
    return simulate({ gitUrl, ...config }, () => createCluster(readConfig(), fixture), options);
}

function parse(manifest: string): KubernetesObject[] {
    return parseManifest(manifest, "the tests' hand-written release");
}

function namespace(name: string): string {
    return `{ apiVersion: v1, kind: Namespace, metadata: { name: ${name} } }
---`;
}

function settings(namespace: string, name: string): string {
    return `{ apiVersion: v1, kind: ConfigMap, metadata: { name: ${name}, namespace: ${namespace} }, data: { level: info } }
---`;
}

function definition(group: string, kind: string): string {
    const plural = `${kind.toLowerCase()}s`;
    return `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ${plural}.${group} }
spec:
    group: ${group}
    scope: Namespaced
    names: { kind: ${kind}, plural: ${plural} }
    versions:
        - name: v1
          served: true
          storage: true
          schema:
              openAPIV3Schema:
                  type: object
                  description: a text for kubectl explain
                  properties:
                      spec:
                          type: object
                          properties: { description: { type: string, description: a field of this name } }
---`;
}

/** A Deployment and its Service. */
function webhookServer(namespace: string, name: string): string {
    return `
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { app: ${name} }, ports: [{ port: 443 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
    selector: { matchLabels: { app: ${name} } }
    template:
        metadata: { labels: { app: ${name} } }
        spec: { containers: [{ name: main, image: example.com/${name} }] }
---`;
}

/** As a release ships it: without rules and CA. */
function webhookConfiguration(kind: string, name: string, server: string, webhooks: number): string {
    const clientConfig = `{ service: { name: ${server}, namespace: tekton-pipelines } }`;
    const list = Array.from(
        { length: webhooks },
        (_, index) => `{ name: ${index}.${name}, clientConfig: ${clientConfig} }`,
    );
    return `{ apiVersion: admissionregistration.k8s.io/v1, kind: ${kind}, metadata: { name: ${name} }, webhooks: [${list.join(", ")}] }
---`;
}
