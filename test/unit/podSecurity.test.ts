import { expect } from "chai";
import { type PodSpec, restrictedViolations } from "./support/podSecurity";

describe("the tests' check of Pod Security restricted", () => {
    const container = {
        name: "c",
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    };
    const pod: PodSpec = {
        containers: [container],
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    };
    const inContainer = (securityContext: object): PodSpec => ({
        ...pod,
        containers: [{ ...container, securityContext: { ...container.securityContext, ...securityContext } }],
    });

    const accepted: [what: string, spec: PodSpec][] = [
        ["no more than what is asked", pod],
        [
            "it all asked of the container alone",
            {
                containers: inContainer({ runAsNonRoot: true, seccompProfile: { type: "Localhost" } }).containers,
            },
        ],
        ["low ports", inContainer({ capabilities: { drop: ["ALL"], add: ["NET_BIND_SERVICE"] } })],
        [
            "Secrets and empty folders",
            {
                ...pod,
                volumes: [
                    { name: "a", secret: {} },
                    { name: "b", emptyDir: {} },
                ],
            },
        ],
    ];
    for (const [what, spec] of accepted) {
        it(`takes a pod with ${what}`, () => expect(restrictedViolations(spec)).to.deep.equal([]));
    }

    const refused: [violation: string, spec: PodSpec][] = [
        ["hostNetwork", { ...pod, hostNetwork: true }],
        ["hostPID", { ...pod, hostPID: true }],
        ["volume v", { ...pod, volumes: [{ name: "v", hostPath: { path: "/" } }] }],
        [
            "sysctl kernel.msgmax",
            {
                ...pod,
                securityContext: { ...pod.securityContext, sysctls: [{ name: "kernel.msgmax", value: "1" }] },
            },
        ],
        ["runAsUser", { ...pod, securityContext: { ...pod.securityContext, runAsUser: 0 } }],
        ["c: runAsUser", inContainer({ runAsUser: 0 })],
        ["c: privileged", inContainer({ privileged: true })],
        ["c: procMount", inContainer({ procMount: "Unmasked" })],
        ["c: hostPort", { ...pod, containers: [{ ...container, ports: [{ hostPort: 80 }] }] }],
        [
            "c: host of a probe or lifecycle hook",
            {
                ...pod,
                containers: [{ ...container, livenessProbe: { httpGet: { host: "10.0.0.1" } } }],
            },
        ],
        ["c: allowPrivilegeEscalation", inContainer({ allowPrivilegeEscalation: undefined })],
        ["c: capabilities.drop", inContainer({ capabilities: { drop: ["NET_RAW"] } })],
        ["c: capabilities.add", inContainer({ capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } })],
        ["c: runAsNonRoot", inContainer({ runAsNonRoot: false })],
        ["c: seccompProfile", inContainer({ seccompProfile: { type: "Unconfined" } })],
        ["c: seLinuxOptions", inContainer({ seLinuxOptions: { type: "spc_t" } })],
        ["c: appArmorProfile", inContainer({ appArmorProfile: { type: "Unconfined" } })],
        [
            "i: capabilities.drop",
            {
                ...pod,
                initContainers: [{ name: "i", securityContext: { allowPrivilegeEscalation: false } }],
            },
        ],
    ];
    for (const [violation, spec] of refused) {
        it(`refuses ${violation}`, () => expect(restrictedViolations(spec)).to.deep.equal([violation]));
    }
});
