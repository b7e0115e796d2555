import { push } from "../../demo/chain";
import { observe } from "./observe";

/** Seconds between pushes. */
export const every = 4;

/** Pushes a commit every few seconds, until it is stopped; then tells the title of each commit. */
export function pushing(title: string): { stop(): Promise<ReadonlyMap<string, string>> } {
    let stopped = false;
    const done = (async () => {
        const commits = new Map<string, string>();
        while (!stopped) {
            const next = new Promise((resolve) => setTimeout(resolve, every * 1000));
            const message = `${title} ${commits.size}`;
            commits.set(await push(message), message);
            await next;
        }
        return commits;
    })();
    return {
        stop: () => {
            stopped = true;
            return done;
        },
    };
}

/** The commits that Flux fetches: a push that comes before it has fetched the one before supersedes that. */
export function fetching(): { readonly commits: ReadonlySet<string>; stop(): void } {
    const commits = new Set<string>();
    const repositories = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories";
    const { stop } = observe(repositories, ({ status }) => {
        const { revision } = (status?.artifact ?? {}) as { revision?: string };
        if (revision !== undefined) commits.add(revision.replace("main@sha1:", ""));
    });
    return { commits, stop };
}

/** Whether any client of a webhook in an object is without the CA to trust. */
function lacksCa(value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    const { clientConfig } = value as { clientConfig?: { service?: unknown; caBundle?: string } };
    if (clientConfig?.service !== undefined && !clientConfig.caBundle) return true;
    return Object.values(value).some(lacksCa);
}

/** Tekton's objects with webhooks that are without the CA of one at any moment, and how many states were seen. */
export function losingCas(): { readonly objects: ReadonlySet<string>; readonly states: () => number; stop(): void } {
    const objects = new Set<string>();
    let states = 0;
    const watches = [
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
        "/apis/triggers.tekton.dev/v1alpha1/clusterinterceptors",
    ].map((path) =>
        observe(path, ({ kind, metadata, spec, webhooks }) => {
            states++;
            // Not the schemas of a definition.
            if (lacksCa([spec?.conversion, { clientConfig: spec?.clientConfig }, webhooks])) {
                objects.add(`${kind} ${metadata.name}`);
            }
        }),
    );
    return { objects, states: () => states, stop: () => watches.forEach(({ stop }) => stop()) };
}
