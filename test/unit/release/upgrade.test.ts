import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { fluxInstall, isDefinition, objectId, type Product } from "../../../components/release";
import { releaseObjects } from "./support";

const upgrades: readonly (readonly [product: Product, from: string, to: string])[] = [
    ["tekton-pipelines", "v1.12.2", "v1.15.0"],
    ["tekton-triggers", "v0.36.0", "v0.37.0"],
    ["flux", "v2.8.8", "v2.9.4"],
];

/** What an object is replaced for when it changes: a class of its own for the engine, or immutable on the API server. */
function immutable(object: KubernetesObject): unknown {
    const { apiVersion, kind, type, roleRef } = object;
    const { selector } = (object.spec ?? {}) as { selector?: unknown };
    return { apiVersion, kind, type, roleRef, ...(apiVersion.startsWith("apps/") ? { selector } : {}) };
}

function storedVersion(object: KubernetesObject): string | undefined {
    const { versions } = object.spec as { versions: readonly { name: string; storage: boolean }[] };
    return versions.find(({ storage }) => storage)?.name;
}

/** The objects of a release as they are installed, by their ids. */
async function installed(
    test: Mocha.Context,
    product: Product,
    version: string,
): Promise<ReadonlyMap<string, KubernetesObject>> {
    const objects = await releaseObjects(test, product, version);
    const chosen = product === "flux" ? fluxInstall(objects, { version }) : objects;
    return new Map(chosen.map((object) => [objectId(object), object]));
}

for (const [product, from, to] of upgrades) {
    describe(`${product} ${from} → ${to}, and back`, () => {
        it("has the same objects, and replaces none", async function () {
            const [before, after] = [await installed(this, product, from), await installed(this, product, to)];
            expect([...after.keys()]).to.have.members([...before.keys()]);
            for (const [id, object] of after) expect(immutable(object), id).to.deep.equal(immutable(before.get(id)!));
        });

        it("stores custom resources in the same versions", async function () {
            const [before, after] = [await installed(this, product, from), await installed(this, product, to)];
            const definitions = [...after.values()].filter(isDefinition);
            expect(definitions).not.to.deep.equal([]);
            for (const object of definitions) {
                const id = objectId(object);
                expect(storedVersion(object), id).to.equal(storedVersion(before.get(id)!));
            }
        });
    });
}
