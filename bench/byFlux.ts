import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { kubectl } from "../demo/cluster";
import { commit, createRepository } from "../sandbox/git/repository";

const repository = "bench.git";

/** In Flux's own order: each waits until what the one before it applied is ready. */
const steps = ["pipelines", "triggers", "interceptors", "tekton-chain"] as const;

/** Puts the manifests where Flux finds them: a folder each. */
export async function prepareFluxOrder(folder: string): Promise<void> {
    await createRepository(process.env.SANDBOX_GIT_ROOT!, repository);
    const files = await Promise.all(
        steps.map(async (step) => [`${step}/${step}.yaml`, await readFile(join(folder, `${step}.yaml`), "utf8")]),
    );
    await commit({
        url: process.env.SANDBOX_GIT_URL! + repository,
        message: "What the benchmark installs",
        files: Object.fromEntries(files) as Record<string, string>,
    });
}

/** Flux by kubectl, the rest by Flux: a Kustomization for each step, which depends on the one before it. */
export async function installInFluxOrder(folder: string): Promise<void> {
    await kubectl("apply", "--server-side", "-f", join(folder, "flux.yaml"));
    await kubectl(...["-n", "flux-system", "wait", "--for=condition=Available", "deployment", "--all", "--timeout=5m"]);
    // What isn't in Git: the catch-up's pod waits for it.
    await execa(join(__dirname, "byHand.sh"), ["secrets", folder]);
    const metadata = (name: string): object => ({ name, namespace: "flux-system" });
    await apply([
        {
            apiVersion: "source.toolkit.fluxcd.io/v1",
            kind: "GitRepository",
            metadata: metadata("bench"),
            spec: { interval: "1m0s", ref: { branch: "main" }, url: process.env.SANDBOX_GIT_URL! + repository },
        },
        ...steps.map((step, index) => ({
            apiVersion: "kustomize.toolkit.fluxcd.io/v1",
            kind: "Kustomization",
            metadata: metadata(step),
            spec: {
                interval: "10m0s",
                // The first try at Tekton's manifests fails on their own webhooks.
                retryInterval: "5s",
                path: `./${step}`,
                prune: false,
                wait: true,
                timeout: "3m0s",
                dependsOn: index === 0 ? [] : [{ name: steps[index - 1] }],
                sourceRef: { kind: "GitRepository", name: "bench" },
            },
        })),
    ]);
    await kubectl("-n", "flux-system", "wait", "--for=condition=Ready", "kustomization", "--all", "--timeout=10m");
    await kubectl("apply", "--server-side", "-f", join(folder, "flux-chain.yaml"));
    await kubectl(
        ...["-n", "flux-system", "wait", "gitrepository/flux-system", "kustomization/flux-system"],
        ...["--for=condition=Ready", "--timeout=5m"],
    );
}

/** Removes what the Kustomizations, and the repository, are. */
export async function removeFluxOrder(): Promise<void> {
    await kubectl("-n", "flux-system", "delete", "kustomization", ...steps);
    await kubectl("-n", "flux-system", "delete", "gitrepository", "bench");
}

async function apply(items: readonly object[]): Promise<void> {
    const input = JSON.stringify({ apiVersion: "v1", kind: "List", items });
    await execa("kubectl", ["apply", "--server-side", "-f", "-"], { input });
}
