import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { parseManifest, ReleaseError } from "../../../components/release";
import { withFeatureFlags } from "../../../components/tektonPipelines";
import { releaseText } from "../support/releases";

/** A hand-written part of a release: its flags, and a ConfigMap of the same keys that isn't them. */
const release: readonly KubernetesObject[] = [
    {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "feature-flags", namespace: "tekton-pipelines" },
        data: { _example: "# text", "set-security-context": "false", coschedule: "workspaces" },
    },
    {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: "config-other", namespace: "tekton-pipelines" },
        data: { "set-security-context": "false" },
    },
];

describe("feature flags of Tekton Pipelines", () => {
    it("are set where the release keeps them, and nothing else changes", () => {
        const [flags, other] = withFeatureFlags(release, { "set-security-context": "true" });
        expect(flags!.data).to.deep.equal({ ...(release[0]!.data as object), "set-security-context": "true" });
        expect({ ...flags, data: undefined }).to.deep.equal({ ...release[0], data: undefined });
        expect(other).to.equal(release[1]);
        expect(release[0]!.data).to.have.property("set-security-context", "false");
    });

    it("stay the release's where none are given", () => {
        expect(withFeatureFlags(release, {})).to.deep.equal(release);
    });

    const refused: [what: string, flag: string, ...fragments: string[]][] = [
        ["a mistyped flag", "set-securty-context", '"set-securty-context"', "did you mean set-security-context?"],
        ["a flag that is nothing like one", "xyz", '"xyz"', "It has set-security-context, coschedule."],
        ["the example, which is no flag", "_example", '"_example"'],
    ];
    for (const [what, flag, ...fragments] of refused) {
        it(`refuses ${what}`, () => {
            const set = (): unknown => withFeatureFlags(release, { [flag]: "true" });
            expect(set).to.throw(ReleaseError);
            for (const fragment of ["tektonFeatureFlags: ", ...fragments]) expect(set).to.throw(fragment);
        });
    }

    for (const version of ["v1.15.0", "v1.12.2", "v0.18.1.assembled"]) {
        it(`are found in Tekton Pipelines ${version}`, function () {
            const file = `tekton-pipelines-${version}.yaml`;
            const objects = parseManifest(releaseText(this, file), file);
            const flag = "running-in-environment-with-injected-sidecars";
            const changed = withFeatureFlags(objects, { [flag]: "changed" }).filter(
                (object, index) => object !== objects[index],
            );
            expect(changed.map(({ data }) => (data as Record<string, string>)[flag])).to.deep.equal(["changed"]);
        });
    }
});
