import { expect } from "chai";
import { nearest } from "../../components/suggest";

describe("nearest", () => {
    const kinds = ["GitRepository", "OCIRepository", "Bucket"];
    const cases: [string, string[], string | undefined][] = [
        ["GitRepositry", kinds, "GitRepository"],
        ["gitrepository", kinds, "GitRepository"],
        ["GitRepo", kinds, "GitRepository"],
        ["Bukcet", kinds, "Bucket"],
        ["HelmRelease", kinds, undefined],
        ["", kinds, undefined],
        ["B", kinds, undefined],
        ["1.15.0", ["v0.18.1", "v1.12.2", "v1.15.0"], "v1.15.0"],
        ["v1.15", ["v0.18.1", "v1.12.2", "v1.15.0"], "v1.15.0"],
        ["x", [], undefined],
    ];
    for (const [value, allowed, expected] of cases) {
        it(`takes "${value}" for ${expected ?? "none"} of ${allowed.join(", ") || "nothing"}`, () => {
            expect(nearest(value, allowed)).to.equal(expected);
        });
    }
});
