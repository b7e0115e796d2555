import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { readLock, withInterceptorRate } from "../../../components/release";
import { releaseObjects } from "./support";

interface Container {
    readonly env: readonly { readonly name: string; readonly value?: string }[];
}

function containers(object: KubernetesObject): readonly Container[] {
    return (object.spec as { template: { spec: { containers: Container[] } } }).template.spec.containers;
}

describe("the rate at which Tekton's interceptors ask for Secrets", () => {
    const rate = ["KUBE_API_QPS", "KUBE_API_BURST"];

    for (const version of Object.keys(readLock()["tekton-triggers"])) {
        it(`is all that changes in tekton-triggers ${version}`, async function () {
            const objects = await releaseObjects(this, "tekton-triggers", version);
            const changed = withInterceptorRate(objects);
            const differing = changed.filter((object, index) => object !== objects[index]);
            // The interceptors of 2020 were part of the listener.
            const isOld = version.startsWith("v0.1");
            expect(differing.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).to.deep.equal(
                isOld ? [] : ["Deployment tekton-triggers-core-interceptors"],
            );
            if (isOld) return;
            const [container] = containers(differing[0]!) as [Container];
            const [before] = containers(objects[changed.indexOf(differing[0]!)]!) as [Container];
            const { env, ...others } = container;
            expect(env.filter(({ name }) => rate.includes(name))).to.deep.equal([
                { name: "KUBE_API_QPS", value: "100" },
                { name: "KUBE_API_BURST", value: "400" },
            ]);
            expect({ env: env.filter(({ name }) => !rate.includes(name)), ...others }).to.deep.equal(before);
        });
    }

    it("is set once", async function () {
        const [version] = Object.keys(readLock()["tekton-triggers"]);
        const once = withInterceptorRate(await releaseObjects(this, "tekton-triggers", version!));
        expect(withInterceptorRate(once)).to.deep.equal(once);
    });
});
