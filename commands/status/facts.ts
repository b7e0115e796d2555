import type { KubernetesObject } from "../../components/kubernetesObject";
import { isSame, type ObjectName, title } from "./objects";

/** What a cluster says, as far as the verdicts need it. */
export interface Facts {
    readonly now: Date;
    /** Every object that was found: those that the stack has, what they refer to, and what tells how they are. */
    readonly objects: readonly KubernetesObject[];
    /** What couldn't be read for another reason than that it isn't there: an object's or a list's title → why. */
    readonly unreadable: ReadonlyMap<string, string>;
    /** The last lines that containers wrote before they crashed: `<namespace>/<pod>/<container>` → line. */
    readonly lastWords: ReadonlyMap<string, string>;
}

/** An object as the cluster has it; undefined if it isn't there, or can't be read. */
export function find({ objects }: Facts, name: ObjectName): KubernetesObject | undefined {
    return objects.find((object) => isSame(object, name));
}

/** Why an object couldn't be read; undefined if it could, or isn't there. */
export function unreadable(facts: Facts, name: ObjectName): string | undefined {
    return facts.unreadable.get(title(name));
}
