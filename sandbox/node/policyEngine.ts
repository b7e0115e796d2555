import { adminKubeconfig } from "../paths";
import { program } from "../tools";
import { nodeName } from "./certificates";
import { serviceSubnet } from "./network";
import { start, waitFor } from "./processes";
import { run } from "./run";

/** What the engine's record, log and messages call it. */
export const policyEngineName = "kube-router";

/**
 * Starts kube-router, as nothing but the engine of NetworkPolicies, until those that there are are in force:
 * https://github.com/cloudnativelabs/kube-router/blob/master/docs/user-guide.md
 */
export async function startPolicyEngine(): Promise<void> {
    await start(policyEngineName, program("kube-router", "kube-router"), [
        "--run-firewall=true",
        "--run-router=false",
        "--run-service-proxy=false",
        `--kubeconfig=${adminKubeconfig}`,
        `--hostname-override=${nodeName}`,
        `--service-cluster-ip-range=${serviceSubnet}`,
    ]);
    await waitFor("network policies are enforced", [policyEngineName], async () => {
        const rules = await run({ command: "iptables", args: ["-S", "FORWARD"] }, { reject: false });
        // The rule that a complete synchronisation ends with.
        return rules?.includes("explicitly ACCEPT");
    });
}
