import type { KubernetesObject } from "../../components/kubernetesObject";
import { sourceKinds } from "../../components/route";
import type { RenderedObject } from "../../stacks/render";
import type { LinkKind } from "./link";

/** Which link an object of a kind is, by itself; other objects belong to the link of their component. */
const ownLink: Readonly<Record<string, LinkKind>> = {
    ...Object.fromEntries(sourceKinds.map((kind) => [kind, "source"])),
    Kustomization: "deployment",
    Receiver: "receiver",
    Alert: "alert",
    Provider: "provider",
    EventListener: "listener",
    CronJob: "schedule",
    TriggerTemplate: "route",
    TriggerBinding: "route",
    Pipeline: "route",
};

/** What a stack would apply: what has to be on the cluster. */
export class Stack {
    constructor(
        /** As Pulumi calls it. */
        readonly name: string,
        readonly rendered: readonly RenderedObject[],
    ) {}

    /** Every object. */
    get objects(): KubernetesObject[] {
        return this.rendered.map(({ object }) => object);
    }

    /** The objects of some kinds, in the order of application. */
    of(...kinds: readonly string[]): KubernetesObject[] {
        return this.objects.filter(({ kind }) => kinds.includes(kind));
    }

    /** The components that have controllers, by name: the releases first. */
    get releases(): ReadonlyMap<string, readonly KubernetesObject[]> {
        const components = new Set(
            this.rendered.filter(({ object }) => object.kind === "Deployment").map(({ component }) => component),
        );
        const isRelease = (objects: readonly KubernetesObject[]): number =>
            Number(objects.some(({ kind }) => kind === "CustomResourceDefinition"));
        return new Map(
            [...components]
                .map((component) => [component, this.within(component)] as const)
                .sort(([a, ours], [b, theirs]) => isRelease(theirs) - isRelease(ours) || (a < b ? -1 : 1)),
        );
    }

    /** What an object needs to work: its component's objects that are no link themselves, if it is the component's first. */
    supporting(object: KubernetesObject): KubernetesObject[] {
        const component = this.rendered.find((one) => one.object === object)!.component;
        const own = this.within(component);
        const links = Object.keys(ownLink);
        const first = own.filter(({ kind }) => links.includes(kind)).sort(byLink)[0];
        return first === object ? own.filter(({ kind }) => !links.includes(kind)) : [];
    }

    /** Components without any link: by name, their objects but the Secrets, which are judged where they are used. */
    get others(): ReadonlyMap<string, readonly KubernetesObject[]> {
        const others = new Map<string, KubernetesObject[]>();
        for (const { component, object } of this.rendered) {
            if (object.kind === "Secret" || this.releases.has(component)) continue;
            if (this.within(component).some(({ kind }) => ownLink[kind] !== undefined)) continue;
            others.set(component, [...(others.get(component) ?? []), object]);
        }
        return others;
    }

    private within(component: string): KubernetesObject[] {
        return this.rendered.filter((one) => one.component === component).map(({ object }) => object);
    }
}

function byLink(a: KubernetesObject, b: KubernetesObject): number {
    const order = Object.keys(ownLink);
    return order.indexOf(a.kind) - order.indexOf(b.kind);
}
