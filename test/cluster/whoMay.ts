import { execa } from "execa";

/** The ServiceAccounts of a chain, by what they are for. */
export type Account = "listener" | "run" | "catchUp" | "runHistory";

/** A question to the API server's authorizer, and the right answer on each chain. */
export interface Question {
    readonly account: Account;
    readonly verb: string;
    /** `<plural>.<group>[/<name>]` */
    readonly resource: string;
    readonly namespace: string;
    /** Whether the stack's account may. */
    readonly chain: boolean;
    /** Whether the plain chain's may; it has none that catches up or clears away. */
    readonly plain?: boolean;
}

/**
 * What is asked of a chain's accounts.
 * @param home the chain's namespace
 */
export function questions(home: string): Question[] {
    const runs = "pipelineruns.tekton.dev";
    const repositories = "gitrepositories.source.toolkit.fluxcd.io";
    const ask =
        (account: Account, chain: boolean, plain?: boolean) =>
        (verb: string, resource: string, namespace = home): Question => ({
            ...{ account, verb, resource, namespace, chain },
            ...(plain === undefined ? {} : { plain }),
        });
    return [
        ask("listener", true, true)("create", runs),
        ask("listener", true, true)("list", "triggerbindings.triggers.tekton.dev"),
        ask("listener", false, false)("delete", runs),
        ask("listener", false, false)("create", runs, "kube-system"),
        ask("listener", false, true)("get", "secrets"),
        ask("listener", false, true)("list", "secrets", "flux-system"),
        ask("listener", false, true)("impersonate", "serviceaccounts"),
        ask("listener", false, false)("create", "pods"),
        ask("run", false, false)("create", runs),
        ask("run", false, false)("get", "secrets"),
        ask("run", false, false)("list", "pods"),
        ask("catchUp", true)("watch", `${repositories}/flux-system`, "flux-system"),
        ask("catchUp", true)("get", runs),
        ask("catchUp", false)("watch", repositories, "flux-system"),
        ask("catchUp", false)("get", "secrets", "flux-system"),
        ask("catchUp", false)("create", runs),
        ask("runHistory", true)("delete", runs),
        ask("runHistory", false)("create", runs),
        ask("runHistory", false)("delete", runs, "kube-system"),
        ask("runHistory", false)("get", "secrets"),
    ];
}

/**
 * Whether a ServiceAccount may do something in a namespace, asked in its name.
 * @param account `<namespace>:<name>`
 * @throws what kubectl says, if it is neither yes nor no
 */
export async function may(account: string, verb: string, resource: string, namespace: string): Promise<boolean> {
    const { stdout, stderr } = await execa(
        "kubectl",
        ["auth", "can-i", verb, resource, "--namespace", namespace, "--as", `system:serviceaccount:${account}`],
        { reject: false },
    );
    const answer = stdout.trim();
    if (answer !== "yes" && answer !== "no") throw new Error(`kubectl auth can-i: ${stdout}${stderr}`);
    return answer === "yes";
}
