import { expect } from "chai";
import { ListenerAccess } from "../../../components/triggerChain/listenerAccess";
import { outputOf, type Registrations, simulate } from "../support/engine";

interface Rule {
    readonly apiGroups: string[];
    readonly resources: string[];
    readonly verbs: string[];
}

async function access(generation: "2020" | "v1"): Promise<Registrations> {
    const { resources } = await simulate({}, () => {
        new ListenerAccess("access", { generation, namespace: "ci", serviceAccountName: "listener" });
    });
    return resources;
}

function rules(resources: Registrations): { Role: Rule[]; ClusterRole: Rule[] } {
    const of = (kind: string): Rule[] => resources.object(kind).inputs.rules as Rule[];
    return { Role: of("Role"), ClusterRole: of("ClusterRole") };
}

const read = ["get", "list", "watch"];

describe("the listener's access", () => {
    it("is today: its triggers, the cluster's interceptors and bindings, and to create PipelineRuns", async () => {
        expect(rules(await access("v1"))).to.deep.equal({
            Role: [
                {
                    apiGroups: ["triggers.tekton.dev"],
                    resources: ["eventlisteners", "triggerbindings", "triggertemplates", "triggers", "interceptors"],
                    verbs: read,
                },
                { apiGroups: ["tekton.dev"], resources: ["pipelineruns"], verbs: ["create"] },
            ],
            ClusterRole: [
                {
                    apiGroups: ["triggers.tekton.dev"],
                    resources: ["clustertriggerbindings", "clusterinterceptors"],
                    verbs: read,
                },
            ],
        });
    });

    it("was in 2020: its triggers, the cluster's bindings, its settings, and to create PipelineRuns", async () => {
        expect(rules(await access("2020"))).to.deep.equal({
            Role: [
                {
                    apiGroups: ["triggers.tekton.dev"],
                    resources: ["eventlisteners", "triggerbindings", "triggertemplates", "triggers"],
                    verbs: read,
                },
                { apiGroups: ["tekton.dev"], resources: ["pipelineruns"], verbs: ["create"] },
                { apiGroups: [""], resources: ["configmaps"], verbs: read },
            ],
            ClusterRole: [{ apiGroups: ["triggers.tekton.dev"], resources: ["clustertriggerbindings"], verbs: read }],
        });
    });

    for (const generation of ["2020", "v1"] as const) {
        it(`reads no Secret, impersonates nobody and has no wildcard (${generation})`, async () => {
            const { Role, ClusterRole } = rules(await access(generation));
            for (const { apiGroups, resources, verbs } of [...Role, ...ClusterRole]) {
                expect(resources).not.to.include("secrets");
                expect(verbs).not.to.include("impersonate");
                expect([...apiGroups, ...resources, ...verbs]).not.to.include("*");
            }
        });
    }

    it("is bound to the listener's account alone, within its namespace", async () => {
        const resources = await access("v1");
        const subjects = [{ kind: "ServiceAccount", name: outputOf("listener"), namespace: "ci" }];
        const apiGroup = "rbac.authorization.k8s.io";
        const role = { apiGroup, kind: "Role", name: outputOf("listener") };
        const clusterRole = { apiGroup, kind: "ClusterRole", name: outputOf("ci-listener") };
        const [account] = resources.written(/^ServiceAccount$/);
        expect(account!.metadata).to.deep.equal({ name: "listener", namespace: "ci" });
        expect(resources.object("RoleBinding").inputs).to.deep.include({ subjects, roleRef: role });
        expect(resources.object("RoleBinding").inputs.metadata.namespace).to.equal("ci");
        expect(resources.object("ClusterRoleBinding").inputs).to.deep.include({ subjects, roleRef: clusterRole });
    });

    it("keeps the cluster-wide roles of two namespaces' listeners apart", async () => {
        const { resources } = await simulate({}, () => {
            for (const namespace of ["a", "b"]) new ListenerAccess(namespace, { generation: "v1", namespace });
        });
        const names = resources
            .objects()
            .filter(({ inputs }) => inputs.kind.startsWith("ClusterRole"))
            .map(({ inputs }) => `${inputs.kind} ${inputs.metadata.name}`);
        expect(names).to.have.length(4);
        expect(new Set(names).size).to.equal(4);
    });
});
