import { expect } from "chai";
import { CatchUp } from "../../../components/catchUp";
import { ListenerNetworkPolicy } from "../../../components/listenerNetworkPolicy";
import { simulate } from "../support/engine";

interface PodTemplate {
    readonly metadata: { readonly labels: Record<string, string> };
}

describe("the listener's NetworkPolicy", () => {
    const args = { namespace: "ci", eventListenerName: "flux-event-listener", fluxNamespace: "gitops" };

    it("lets only Flux's notification-controller and the catch-up in, to the port that the listener serves", async () => {
        const { resources } = await simulate({}, () => void new ListenerNetworkPolicy("policy", args));
        expect(resources.written()).to.deep.equal([
            {
                apiVersion: "networking.k8s.io/v1",
                kind: "NetworkPolicy",
                metadata: { name: "el-flux-event-listener", namespace: "ci" },
                spec: {
                    podSelector: { matchLabels: { eventlistener: "flux-event-listener" } },
                    policyTypes: ["Ingress"],
                    ingress: [
                        {
                            from: [
                                {
                                    // One entry, so that both have to hold: it is that controller of that namespace.
                                    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "gitops" } },
                                    podSelector: { matchLabels: { app: "notification-controller" } },
                                },
                                { podSelector: { matchLabels: { app: "flux-to-tekton-catch-up" } } },
                            ],
                            ports: [{ port: 8080, protocol: "TCP" }],
                        },
                    ],
                },
            },
        ]);
    });

    it("knows the catch-up by the labels that its pods have", async () => {
        const { resources } = await simulate({}, () => {
            const { namespace } = args;
            const listener = { listenerUrl: "http://listener:8080", authenticationSecretName: "token" };
            new CatchUp("catch-up", { generation: "v1", namespace, ...listener, routes: [], sources: [] });
            new ListenerNetworkPolicy("policy", args);
        });
        const { template } = resources.object("Deployment").inputs.spec as { template: PodTemplate };
        expect(resources.object("NetworkPolicy").inputs)
            .to.have.nested.property("spec.ingress[0].from[1].podSelector.matchLabels")
            .that.deep.equals(template.metadata.labels);
    });
});
