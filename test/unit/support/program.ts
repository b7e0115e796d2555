import { join, resolve, sep } from "node:path";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { lockedRelease, type Product } from "../../../components/release";
import type { ClusterOutputs } from "../../../stacks/cluster";
import { startApiServer } from "./apiServer";
import { type Registrations, simulate } from "./engine";
import { mirror, releaseText } from "./releases";

/** The releases of one generation, as a stack's config chooses them, and a Kubernetes that they run on. */
export interface ReleaseSet {
    readonly title: string;
    readonly kubernetesMinor: string;
    readonly config: Readonly<Record<"tektonPipelinesVersion" | "tektonTriggersVersion" | "fluxVersion", string>>;
    /** What else the stack's config sets. */
    readonly settings?: Readonly<Record<string, unknown>>;
}

export const today: ReleaseSet = {
    title: "today's releases",
    kubernetesMinor: "36",
    config: { tektonPipelinesVersion: "v1.15.0", tektonTriggersVersion: "v0.37.0", fluxVersion: "v2.9.4" },
};
export const of2020: ReleaseSet = {
    title: "the releases of 2020",
    kubernetesMinor: "20",
    config: { tektonPipelinesVersion: "v0.18.1", tektonTriggersVersion: "v0.10.1", fluxVersion: "v0.5.6" },
};

export interface ProgramRun {
    readonly resources: Registrations;
    readonly outputs: ClusterOutputs;
}

const runs = new Map<ReleaseSet, Promise<ProgramRun>>();

/**
 * Runs index.ts, freshly loaded, with nothing configured but the release set and a Git URL, on the real release manifests,
 * the simulated engine and a simulated API server; once for all tests that ask for the same releases. Skips the test, by
 * its name, where the manifests can't be had.
 */
export function runProgram(test: Mocha.Context, releases: ReleaseSet): Promise<ProgramRun> {
    for (const release of lockedReleases(releases)) release.files.forEach(({ name }) => releaseText(test, name));
    test.timeout(60_000);
    const run = runs.get(releases) ?? runFreshly(releases);
    runs.set(releases, run);
    return run;
}

/** The releases of a set, from the lock. */
export function lockedReleases({ config }: ReleaseSet): ReturnType<typeof lockedRelease>[] {
    const versions: Record<Product, string> = {
        "tekton-pipelines": config.tektonPipelinesVersion,
        "tekton-triggers": config.tektonTriggersVersion,
        flux: config.fluxVersion,
    };
    return (Object.keys(versions) as Product[]).map((product) => lockedRelease(product, versions[product]));
}

/** The objects of the chain: all that the program writes itself, and doesn't take from a release. */
export function chainObjects({ resources }: ProgramRun): KubernetesObject[] {
    const fromReleases = new Set(
        ["tekton-pipelines", "tekton-triggers", "flux"].flatMap((name) => resources.within(name).map(({ urn }) => urn)),
    );
    return resources
        .objects()
        .filter(({ urn }) => !fromReleases.has(urn))
        .map(({ inputs }) => inputs);
}

async function runFreshly({ kubernetesMinor, config, settings }: ReleaseSet): Promise<ProgramRun> {
    const server = await startApiServer(kubernetesMinor);
    try {
        return await simulate(
            {
                ...config,
                ...settings,
                gitUrl: "https://git.example.com/fleet-infra.git",
                releaseMirror: mirror,
                "kubernetes:kubeconfig": server.kubeconfig,
            },
            loadProgram(),
        );
    } finally {
        await server.close();
    }
}

/** index.ts and all that it is made of, as if for the first time in this process. */
export function loadProgram(): () => Promise<ClusterOutputs> {
    const root = resolve(__dirname, "../../..");
    const own = ["index.ts", `components${sep}`, `stacks${sep}`].map((path) => join(root, path));
    const modules = { ...require.cache };
    const isOwn = (path: string): boolean => own.some((prefix) => path.startsWith(prefix));
    for (const path of Object.keys(modules).filter(isOwn)) delete require.cache[path];
    try {
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would be cached
        return require("../../../index") as () => Promise<ClusterOutputs>;
    } finally {
        // The tests' own imports stay the ones that other tests import.
        for (const path of Object.keys(require.cache).filter(isOwn)) delete require.cache[path];
        Object.assign(require.cache, Object.fromEntries(Object.entries(modules).filter(([path]) => isOwn(path))));
    }
}
