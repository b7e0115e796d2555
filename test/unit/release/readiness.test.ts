import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { products, readLock, withPromptReadiness } from "../../../components/release";
import { releaseObjects } from "./support";

interface Probe {
    initialDelaySeconds?: number;
    periodSeconds?: number;
    failureThreshold?: number;
}

/** The readiness probes of a Deployment's containers. */
function probes(object: KubernetesObject): (Probe | undefined)[] {
    const { template } = object.spec as { template: { spec: { containers: { readinessProbe?: Probe }[] } } };
    return template.spec.containers.map(({ readinessProbe }) => readinessProbe);
}

const deployment = (...containers: object[]): KubernetesObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "controller" },
    spec: { replicas: 1, template: { spec: { containers } } },
});

describe("readiness of a release's controllers", () => {
    const httpGet = { path: "/readiness", port: "probes" };

    it("is asked for every two seconds, from the start, and may fail for as long as before", () => {
        const readinessProbe = { httpGet, initialDelaySeconds: 5, periodSeconds: 10, timeoutSeconds: 5 };
        const [changed] = withPromptReadiness([deployment({ name: "a", readinessProbe })]);
        expect(probes(changed!)).to.deep.equal([
            { httpGet, periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 15 },
        ]);
        const slow = { httpGet, periodSeconds: 5, failureThreshold: 5 };
        const [other] = withPromptReadiness([deployment({ name: "a", readinessProbe: slow })]);
        expect(probes(other!)[0]).to.include({ periodSeconds: 2, failureThreshold: 13 });
    });

    it("stays what it is where nobody asks, and so does all else", () => {
        const livenessProbe = { httpGet, periodSeconds: 10 };
        const objects = [
            deployment({ name: "a", livenessProbe }),
            { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { readinessProbe: "no" } },
        ];
        expect(withPromptReadiness(objects)).to.deep.equal(objects);
    });

    for (const product of products.filter((one) => one.startsWith("tekton"))) {
        for (const version of Object.keys(readLock()[product])) {
            it(`is all that changes in ${product} ${version}`, async function () {
                const objects = await releaseObjects(this, product, version);
                const changed = withPromptReadiness(objects);
                const without = (all: readonly KubernetesObject[]): unknown =>
                    JSON.parse(JSON.stringify(all, (key, value: unknown) => (key === "readinessProbe" ? null : value)));
                expect(without(changed)).to.deep.equal(without(objects));
                const all = changed.filter(({ kind }) => kind === "Deployment").flatMap(probes);
                for (const probe of all) if (probe !== undefined) expect(probe.periodSeconds).to.equal(2);
            });
        }
    }
});
