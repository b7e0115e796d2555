import { expect } from "chai";
import { inRegistries } from "../../../components/imageReference";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("an image's copy on one's own registry", () => {
    const registries = {
        "docker.io": "registry.example.com/hub",
        "ghcr.io": "registry.example.com:5000/github",
        "ghcr.io/fluxcd": "flux.example.com",
        "cgr.dev/chainguard/busybox": "registry.example.com/tools/busybox",
    };
    const cases: readonly (readonly [image: string, copy: string])[] = [
        ["alpine", "registry.example.com/hub/library/alpine"],
        ["alpine:3.22", "registry.example.com/hub/library/alpine:3.22"],
        ["curlimages/curl:8.17.0", "registry.example.com/hub/curlimages/curl:8.17.0"],
        ["index.docker.io/library/alpine", "registry.example.com/hub/library/alpine"],
        [`ghcr.io/a/b:v1@${digest}`, `registry.example.com:5000/github/a/b:v1@${digest}`],
        ["ghcr.io/fluxcd/source-controller:v1.9.4", "flux.example.com/source-controller:v1.9.4"],
        [`cgr.dev/chainguard/busybox@${digest}`, `registry.example.com/tools/busybox@${digest}`],
    ];
    for (const [image, copy] of cases) {
        it(`is ${copy.replace(digest, "sha256:…")} for ${image.replace(digest, "sha256:…")}`, () => {
            expect(inRegistries(image, registries)).to.equal(copy);
        });
    }

    for (const image of [
        "ghcr.io.example.com/a/b:v1",
        "ghcr.iox/a:v1",
        "cgr.dev/chainguard/busybox-full:1",
        "quay.io/a",
    ]) {
        it(`is ${image} itself, since no key matches whole parts of it`, () => {
            expect(inRegistries(image, registries)).to.equal(image);
        });
    }
});
