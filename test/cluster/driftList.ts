import { execa } from "execa";
import { kubectl } from "../../demo/cluster";

/** What someone does to the cluster behind Pulumi's back. */
export interface Drift {
    readonly what: string;
    /** The object, as `npm run status` names it: kind, namespace/name. */
    readonly object: string;
    /** The kubectl command that does it, and what that reads. */
    readonly done: readonly string[];
    readonly input?: object;
    /** The kubectl command that shows it: it prints something else before. */
    readonly shown: readonly string[];
    /** Whether `npm run status` names the object. */
    readonly inStatus: boolean;
    /** The kubectl command that puts it back, where a refresh doesn't see it. */
    readonly undone?: readonly string[];
}

type Where = readonly string[];

const chain: Where = ["-n", "default"];
const flux: Where = ["-n", "flux-system"];
const tekton: Where = ["-n", "tekton-pipelines"];

const shown = (where: Where, object: string, path: string): string[] => [
    ...[...where, "get", object, "--ignore-not-found", "-o", `jsonpath=${path}`],
];
const present = (where: Where, object: string): string[] => shown(where, object, "{.kind}");
const merged = (where: Where, object: string, patch: object): string[] => [
    ...[...where, "patch", object, "--type=merge", "-p", JSON.stringify(patch)],
];
const patched = (where: Where, object: string, ...patch: readonly object[]): string[] => [
    ...[...where, "patch", object, "--type=json", "-p", JSON.stringify(patch)],
];

const listener = "eventlistener/flux-event-listener";
const account = "serviceaccount/flux-notification-run";
const validation = "validatingwebhookconfiguration/validation.webhook.pipeline.tekton.dev";
const mutation = "mutatingwebhookconfiguration/webhook.triggers.tekton.dev";
const headers = "secret/tekton-el-provider-headers";
const role = "role/flux-notifications-sa";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

/**
 * What a refresh sees, and the next update puts back. Each is on an object of its own, so that all can be there at once.
 */
export const seen: readonly Drift[] = [
    {
        what: "the EventListener's filter is emptied",
        object: "EventListener default/flux-event-listener",
        done: patched(chain, listener, {
            ...{ op: "replace", path: "/spec/triggers/0/interceptors/0/params/0/value" },
            value: "true",
        }),
        shown: shown(chain, listener, "{.spec.triggers[0].interceptors[0].params[0].value}"),
        inStatus: true,
    },
    {
        what: "the listener's Secret is deleted",
        object: "Secret default/flux-event-listener-token",
        done: [...chain, "delete", "secret/flux-event-listener-token"],
        shown: present(chain, "secret/flux-event-listener-token"),
        inStatus: true,
    },
    {
        what: "the sender's Secret gets another token",
        object: "Secret flux-system/tekton-el-provider-headers",
        done: merged(flux, headers, { data: { headers: base64("X-Other: none") } }),
        shown: shown(flux, headers, "{.data.headers}"),
        inStatus: true,
    },
    {
        what: "a webhook configuration is deleted",
        object: "ValidatingWebhookConfiguration validation.webhook.pipeline.tekton.dev",
        done: ["delete", validation],
        shown: present([], validation),
        inStatus: true,
    },
    {
        what: "the Alert is deleted",
        object: "Alert flux-system/tekton-alert",
        done: [...flux, "delete", "alert/tekton-alert"],
        shown: present(flux, "alert/tekton-alert"),
        inStatus: true,
    },
    {
        what: "a controller's ConfigMap gets another value",
        object: "ConfigMap tekton-pipelines/config-logging",
        done: merged(tekton, "configmap/config-logging", { data: { "loglevel.controller": "debug" } }),
        shown: shown(tekton, "configmap/config-logging", "{.data.loglevel\\.controller}"),
        inStatus: false,
    },
    {
        what: "a label is removed: the Pod Security of Tekton's Namespace",
        object: "Namespace tekton-pipelines",
        done: ["label", "namespace/tekton-pipelines", "pod-security.kubernetes.io/enforce-"],
        shown: shown([], "namespace/tekton-pipelines", "{.metadata.labels.pod-security\\.kubernetes\\.io/enforce}"),
        inStatus: false,
    },
    {
        what: "a controller is scaled to 0",
        object: "Deployment flux-system/notification-controller",
        done: [...flux, "scale", "deployment/notification-controller", "--replicas=0"],
        shown: shown(flux, "deployment/notification-controller", "{.spec.replicas}"),
        inStatus: true,
    },
    {
        what: "the ServiceAccount of the runs is deleted",
        object: "ServiceAccount default/flux-notification-run",
        done: [...chain, "delete", account],
        shown: present(chain, account),
        inStatus: true,
    },
];

/** What a refresh doesn't see: it compares the fields that the program has set, and the objects that it has made. */
export const unseen: readonly Drift[] = [
    {
        what: "the listener's Role gets another rule: to read Secrets",
        object: "Role default/flux-notifications-sa",
        done: patched(chain, role, {
            ...{ op: "add", path: "/rules/-" },
            value: { apiGroups: [""], resources: ["secrets"], verbs: ["get"] },
        }),
        shown: shown(chain, role, "{.rules[*].resources}"),
        inStatus: true,
        undone: patched(chain, role, { op: "remove", path: "/rules/2" }),
    },
    {
        what: "a container gets another variable",
        object: "CronJob default/flux-run-history",
        done: [...chain, "set", "env", "cronjob/flux-run-history", "BY=hand"],
        shown: shown(chain, "cronjob/flux-run-history", "{..env[?(@.name=='BY')].value}"),
        inStatus: true,
        undone: [...chain, "set", "env", "cronjob/flux-run-history", "BY-"],
    },
    {
        what: "a controller's ConfigMap gets another key",
        object: "ConfigMap tekton-pipelines/config-defaults",
        done: merged(tekton, "configmap/config-defaults", { data: { "default-timeout-minutes": "30" } }),
        shown: shown(tekton, "configmap/config-defaults", "{.data.default-timeout-minutes}"),
        inStatus: false,
        undone: merged(tekton, "configmap/config-defaults", { data: { "default-timeout-minutes": null } }),
    },
    {
        what: "a Secret gets another key",
        object: "Secret flux-system/generic-receiver-token",
        done: merged(flux, "secret/generic-receiver-token", { data: { other: base64("by hand") } }),
        shown: shown(flux, "secret/generic-receiver-token", "{.data.other}"),
        inStatus: false,
        undone: merged(flux, "secret/generic-receiver-token", { data: { other: null } }),
    },
    {
        what: "an annotation is added",
        object: "Receiver flux-system/generic-receiver",
        done: [...flux, "annotate", "receiver/generic-receiver", "example.com/by=hand"],
        shown: shown(flux, "receiver/generic-receiver", "{.metadata.annotations.example\\.com/by}"),
        inStatus: false,
        undone: [...flux, "annotate", "receiver/generic-receiver", "example.com/by-"],
    },
    {
        what: "a label is added",
        object: "Receiver flux-system/generic-receiver",
        done: [...flux, "label", "receiver/generic-receiver", "example.com/by=hand"],
        shown: shown(flux, "receiver/generic-receiver", "{.metadata.labels.example\\.com/by}"),
        inStatus: false,
        undone: [...flux, "label", "receiver/generic-receiver", "example.com/by-"],
    },
    {
        what: "Flux's Kustomization is suspended",
        object: "Kustomization flux-system/flux-system",
        done: merged(flux, "kustomization/flux-system", { spec: { suspend: true } }),
        shown: shown(flux, "kustomization/flux-system", "{.spec.suspend}"),
        inStatus: true,
        undone: merged(flux, "kustomization/flux-system", { spec: { suspend: null } }),
    },
    {
        what: "another RoleBinding makes the listener's ServiceAccount admin",
        object: "RoleBinding default/stranger",
        done: [
            ...[...chain, "create", "rolebinding", "stranger"],
            ...["--clusterrole=admin", "--serviceaccount=default:flux-notifications-sa"],
        ],
        shown: present(chain, "rolebinding/stranger"),
        inStatus: false,
        undone: [...chain, "delete", "rolebinding/stranger"],
    },
    {
        what: "another Alert for the same source",
        object: "Alert flux-system/stranger",
        done: [...flux, "create", "-f", "-"],
        input: {
            apiVersion: "notification.toolkit.fluxcd.io/v1beta3",
            kind: "Alert",
            metadata: { name: "stranger", namespace: "flux-system" },
            spec: {
                providerRef: { name: "tekton-el-provider" },
                eventSources: [{ kind: "GitRepository", name: "flux-system" }],
            },
        },
        shown: present(flux, "alert/stranger"),
        inStatus: false,
        undone: [...flux, "delete", "alert/stranger"],
    },
];

/** As {@link unseen}, and on an object of {@link seen}: whatever else is changed on that takes it along. */
export const unseenTrigger: Drift = {
    what: "the EventListener gets another trigger, without a filter",
    object: "EventListener default/flux-event-listener",
    done: patched(chain, listener, {
        ...{ op: "add", path: "/spec/triggers/-" },
        value: {
            name: "stranger",
            bindings: [{ ref: "flux-notification-binding" }],
            template: { ref: "flux-notification-template" },
        },
    }),
    shown: shown(chain, listener, "{.spec.triggers[*].name}"),
    inStatus: true,
    undone: patched(chain, listener, { op: "remove", path: "/spec/triggers/1" }),
};

/** What its controller puts back at once. */
export const emptiedCa: Drift = {
    what: "the CA of a webhook's clients is emptied",
    object: "MutatingWebhookConfiguration webhook.triggers.tekton.dev",
    done: patched([], mutation, { op: "replace", path: "/webhooks/0/clientConfig/caBundle", value: "" }),
    shown: shown([], mutation, "{.webhooks[0].clientConfig.caBundle}"),
    inStatus: false,
};

/** Does it. */
export async function happen({ done, input }: Drift): Promise<void> {
    await execa("kubectl", done, input === undefined ? {} : { input: JSON.stringify(input) });
}

/** What is shown of each drift's object. */
export async function states(drifts: readonly Drift[]): Promise<Map<Drift, string>> {
    return new Map(await Promise.all(drifts.map(async (drift) => [drift, await kubectl(...drift.shown)] as const)));
}
