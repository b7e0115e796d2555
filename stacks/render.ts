import type { KubernetesObject } from "../components/kubernetesObject";
import type { ClusterOutputs } from "./cluster";
import { secretPlaceholder, type StackSettings } from "./settings";
import { prerequisites, type Registered, simulate } from "./simulation";

/** Where a value would stand that only a cluster can give, or a random one. */
export const unknownPlaceholder = "[known after up]";

/** An object that `up` would apply, and the part of the stack that it belongs to. */
export interface RenderedObject {
    /** Name of the component that holds it, such as `tekton-triggers`. */
    readonly component: string;
    readonly object: KubernetesObject;
}

type Program = (options: { offline: boolean }) => Promise<ClusterOutputs>;

/**
 * What `up` would apply to an empty cluster, in an order in which it can be applied. The program runs as in a preview,
 * with every check of its config, but without engine, plugins and cluster. The same settings give the same objects.
 *
 * {@link secretPlaceholder} stands for every value of a Secret and every other secret, {@link unknownPlaceholder} for
 * what isn't known before.
 * @throws what the program throws of a config or release that it can't use
 */
export async function render(settings: StackSettings): Promise<RenderedObject[]> {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the program is loaded for a run, not for its types
    const program = require("../index") as Program;
    const resources: Registered[] = [];
    const clusterDomain = settings.config[`${settings.project}:fluxClusterDomain`] || "cluster.local";
    await simulate(() => program({ offline: true }), {
        settings,
        preview: true,
        resources,
        stateOf: (type, _, inputs) =>
            type.startsWith("kubernetes:") ? objectState(inputs as KubernetesObject, clusterDomain) : { state: inputs },
    });
    const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
    const component = ({ parent, name }: Registered): string => {
        const holder = byUrn.get(parent);
        return holder === undefined ? name : component(holder);
    };
    return inWaves(resources)
        .filter(({ type }) => type.startsWith("kubernetes:"))
        .map((resource) => ({ component: component(resource), object: withPlaceholders(resource) }));
}

/**
 * What a cluster will say of an object, as far as it follows from the names: its id, and an EventListener's address, so
 * that the objects that are wired to it can be shown with it.
 * https://github.com/tektoncd/triggers/blob/v0.37.0/pkg/reconciler/eventlistener/resources/service.go
 */
function objectState(object: KubernetesObject, clusterDomain: string): { id: string; state: object } {
    const { name, namespace } = object.metadata;
    const id = namespace === undefined ? name : `${namespace}/${name}`;
    if (object.kind !== "EventListener") return { id, state: object };
    const url = `http://el-${name}.${namespace}.svc.${clusterDomain}:8080`;
    return { id, state: { ...object, status: { address: { url } } } };
}

/** In waves, as the engine works: each resource as soon as all that it waits for is there; a wave is sorted by URN. */
function inWaves(resources: readonly Registered[]): Registered[] {
    const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
    const waves = new Map<string, number>();
    const wave = (resource: Registered): number => {
        const known = waves.get(resource.urn);
        if (known !== undefined) return known;
        const earlier = prerequisites(resource).flatMap((urn) => byUrn.get(urn) ?? []);
        const number = Math.max(0, ...earlier.map((one) => wave(one) + 1));
        waves.set(resource.urn, number);
        return number;
    };
    return [...resources].sort((a, b) => wave(a) - wave(b) || (a.urn < b.urn ? -1 : 1));
}

function withPlaceholders(resource: Registered): KubernetesObject {
    const object = resource.inputsWith({
        secret: secretPlaceholder,
        unknown: unknownPlaceholder,
    }) as unknown as KubernetesObject;
    if (object.kind !== "Secret" || object.apiVersion !== "v1") return object;
    // All of a Secret's values, whether the program calls them secret or not, in the form that the API server insists on.
    const placeholder = /^kubernetes\.io\/docker(cfg|configjson)$/.test(String(object.type))
        ? JSON.stringify({ [secretPlaceholder]: {} })
        : secretPlaceholder;
    const masked = (values: unknown, text: string): Record<string, string> =>
        Object.fromEntries(Object.keys(values as object).map((key) => [key, text]));
    return {
        ...object,
        ...(object.data === undefined
            ? {}
            : { data: masked(object.data, Buffer.from(placeholder).toString("base64")) }),
        ...(object.stringData === undefined ? {} : { stringData: masked(object.stringData, placeholder) }),
    };
}
