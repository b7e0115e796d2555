import { expect } from "chai";
import { type FluxSource, sourceSpec } from "../../../components/fluxSource";
import { servedApis } from "../../../components/generation";
import { loadRelease, parseRelease } from "../../../components/release";
import { CrdSchemas } from "../support/crdSchemas";
import { lockedReleases, today } from "../support/program";
import { mirror, releaseText } from "../support/releases";

const sources: FluxSource[] = [
    { kind: "GitRepository", url: "https://git.example.com/fleet.git" },
    {
        kind: "GitRepository",
        url: "ssh://git@git.example.com/fleet.git",
        branch: "release",
        interval: "5m",
        recurseSubmodules: true,
        sparseCheckout: ["clusters/a", "apps"],
    },
    { kind: "OCIRepository", url: "oci://registry.example.com/fleet" },
    {
        kind: "OCIRepository",
        url: "oci://registry.example.com/fleet",
        ref: { semver: ">=1.0.0" },
        provider: "aws",
        insecure: true,
        interval: "5m",
    },
    {
        kind: "OCIRepository",
        url: "oci://registry.example.com/fleet",
        ref: { digest: `sha256:${"0".repeat(64)}` },
    },
    { kind: "Bucket", bucketName: "fleet", endpoint: "s3.example.com" },
    {
        kind: "Bucket",
        bucketName: "fleet",
        endpoint: "s3.example.com:9000",
        region: "eu-central-1",
        prefix: "clusters/",
        provider: "generic",
        insecure: true,
    },
];

describe("a source's spec", () => {
    it("of a Git branch is what `flux bootstrap` writes", () => {
        const url = "https://git.example.com/fleet.git";
        expect(sourceSpec({ kind: "GitRepository", url }, "flux-system")).to.deep.equal({
            interval: "1m0s",
            ref: { branch: "main" },
            secretRef: { name: "flux-system" },
            url,
        });
    });

    for (const flux of ["v2.9.4", "v2.8.8"]) {
        it(`conforms to the definitions of Flux ${flux}, whatever is set`, async function () {
            const release = lockedReleases({ ...today, config: { ...today.config, fluxVersion: flux } }).find(
                ({ product }) => product === "flux",
            )!;
            release.files.forEach(({ name }) => releaseText(this, name));
            const schemas = new CrdSchemas(parseRelease(await loadRelease(release, { mirror: mirror! })));
            for (const source of sources) {
                const object = {
                    apiVersion: servedApis.v1.source,
                    kind: source.kind,
                    metadata: { name: "flux-system", namespace: "flux-system" },
                    spec: sourceSpec(source, "credentials"),
                };
                expect(schemas.problems(object), JSON.stringify(object.spec)).to.deep.equal([]);
            }
        });
    }
});
