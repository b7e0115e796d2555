import { createHash, randomBytes } from "node:crypto";
import { routeLabel } from "../../components/triggerChain/triggerChain";
import type { KubernetesObject } from "../../components/kubernetesObject";
import { servedApis } from "../../components/generation";

/** Where the plain chain listens and runs. It was the namespace default: that has the stack's chain, of the same names. */
export const plainNamespace = "plain";
/** Of the plain chain's Receiver, Provider and Alert: beside the stack's. */
export const plainName = "plain";
/** The route that its runs are labelled with. */
export const plainRoute = "plain";
/** Of the Receiver's token. */
export const plainTokenSecret = "plain-receiver-token";

const { pipelines, triggers, notification } = servedApis.v1;
const inChain = (name: string): KubernetesObject["metadata"] => ({ name, namespace: plainNamespace });
const inFlux = (name: string): KubernetesObject["metadata"] => ({ name, namespace: "flux-system" });

const listenerAccount = inChain("flux-notifications-sa");
const params = ["message", "repository", "namespace"];
const source = { kind: "GitRepository", name: "flux-system", namespace: "flux-system" };

function boundTo(kind: "RoleBinding" | "ClusterRoleBinding", clusterRole: string): KubernetesObject {
    const rbac = "rbac.authorization.k8s.io";
    return {
        apiVersion: `${rbac}/v1`,
        kind,
        metadata: kind === "RoleBinding" ? inChain(clusterRole) : { name: "plain-listener" },
        roleRef: { apiGroup: rbac, kind: "ClusterRole", name: clusterRole },
        subjects: [{ kind: "ServiceAccount", ...listenerAccount }],
    };
}

const step = (name: string, text: string): object => ({
    name,
    image: "alpine",
    // Without it a cluster without registries would have no run at all.
    imagePullPolicy: "IfNotPresent",
    command: ["echo"],
    args: [text],
});

/**
 * The plain wiring: the demonstration as its author had it in 2020, in today's API versions, with nothing that this
 * program adds: no proof of who sends, no policy, nobody who catches up, the message as it
 * comes, runs with a name of their own each time under the namespace's own ServiceAccount, and no security contexts.
 *
 * What differs: its namespace, the names in Flux's, a label on the runs by which tests know them, and `imagePullPolicy`.
 * What its listener may do he left out; here it is bound to the roles that Tekton Triggers ships for listeners, as
 * https://tekton.dev/docs/triggers/eventlisteners/#specifying-the-kubernetes-service-account has it.
 *
 * @param address of its listener, inside the cluster
 */
export function plainManifests(address: string): KubernetesObject[] {
    return [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: plainNamespace } },
        { apiVersion: "v1", kind: "ServiceAccount", metadata: listenerAccount },
        boundTo("RoleBinding", "tekton-triggers-eventlistener-roles"),
        boundTo("ClusterRoleBinding", "tekton-triggers-eventlistener-clusterroles"),
        {
            apiVersion: pipelines,
            kind: "Pipeline",
            metadata: inChain("flux-demo-pipeline"),
            spec: {
                params: params.map((name) => ({ name, type: "string" })),
                tasks: [
                    {
                        name: "task-echo-message",
                        params: params.map((name) => ({ name, value: `$(params.${name})` })),
                        taskSpec: {
                            params: params.map((name) => ({ name, type: "string" })),
                            steps: [
                                step("echo-pipeline", "notification from $(params.namespace)/$(params.repository)"),
                                step("echo-message", "$(params.message)"),
                            ],
                        },
                    },
                ],
            },
        },
        {
            apiVersion: triggers,
            kind: "TriggerBinding",
            metadata: inChain("flux-notification-binding"),
            spec: {
                params: [
                    { name: "message", value: "$(body.message)" },
                    { name: "repository", value: "$(body.involvedObject.name)" },
                    { name: "namespace", value: "$(body.involvedObject.namespace)" },
                ],
            },
        },
        {
            apiVersion: triggers,
            kind: "TriggerTemplate",
            metadata: inChain("flux-notification-template"),
            spec: {
                params: params.map((name) => ({ name })),
                resourcetemplates: [
                    {
                        apiVersion: pipelines,
                        kind: "PipelineRun",
                        metadata: { name: "flux-notification-run-$(uid)", labels: { [routeLabel]: plainRoute } },
                        spec: {
                            params: params.map((name) => ({ name, value: `$(tt.params.${name})` })),
                            pipelineRef: { name: "flux-demo-pipeline" },
                        },
                    },
                ],
            },
        },
        {
            apiVersion: triggers,
            kind: "EventListener",
            metadata: inChain("flux-event-listener"),
            spec: {
                serviceAccountName: listenerAccount.name,
                triggers: [
                    {
                        name: "flux-notification-trigger",
                        interceptors: [
                            {
                                ref: { name: "cel" },
                                params: [
                                    {
                                        name: "filter",
                                        value:
                                            "header.canonical('Gotk-Component') == 'source-controller' && " +
                                            "body.involvedObject.kind == 'GitRepository'",
                                    },
                                ],
                            },
                        ],
                        bindings: [{ ref: "flux-notification-binding" }],
                        template: { ref: "flux-notification-template" },
                    },
                ],
            },
        },
        plainToken(),
        {
            apiVersion: servedApis.v1.receiver,
            kind: "Receiver",
            metadata: inFlux(plainName),
            spec: { type: "generic", resources: [source], secretRef: { name: plainTokenSecret } },
        },
        {
            apiVersion: notification,
            kind: "Provider",
            metadata: inFlux(plainName),
            spec: { type: "generic", address },
        },
        {
            apiVersion: notification,
            kind: "Alert",
            metadata: inFlux(plainName),
            spec: { providerRef: { name: plainName }, eventSeverity: "info", eventSources: [source] },
        },
    ];
}

/** The Receiver's token as his script makes it: the SHA-1 of 12 random bytes, another each time. */
export function plainToken(): KubernetesObject {
    return {
        apiVersion: "v1",
        kind: "Secret",
        metadata: inFlux(plainTokenSecret),
        stringData: { token: createHash("sha1").update(randomBytes(12)).digest("hex") },
    };
}
