import { expect } from "chai";
import { differences } from "../../../commands/status/differences";
import { unknownPlaceholder } from "../../../stacks/render";
import { secretPlaceholder } from "../../../stacks/settings";

const object = { apiVersion: "example.com/v1", kind: "Example", metadata: { name: "example" } };
const between = (expected: unknown, actual: unknown): string[] =>
    differences({ ...object, spec: expected }, { ...object, spec: actual }).map(({ path }) => path);

describe("differences between a stack's object and the cluster's", () => {
    it("are the stack's fields that have another value, at any depth", () => {
        const expected = { a: 1, b: { c: [{ d: "e" }, { d: "f" }] } };
        expect(between(expected, { a: 2, b: { c: [{ d: "e" }, { d: "g" }] } })).to.deep.equal([
            "spec.a",
            "spec.b.c[1].d",
        ]);
    });

    it("are none where only the cluster has a field: a default, or what a controller writes", () => {
        expect(between({ a: { b: 1 } }, { a: { b: 1, c: 2 }, d: 3 })).to.deep.equal([]);
    });

    it("are lists of another length, as a whole", () => {
        expect(between({ list: [1, 2] }, { list: [1] })).to.deep.equal(["spec.list"]);
        expect(between({ list: [] }, {})).to.deep.equal(["spec.list"]);
    });

    it("tell a list that has more after what the stack has, which a refresh doesn't see", () => {
        const added = (list: unknown): unknown =>
            differences({ ...object, spec: { list: [{ a: 1 }] } }, { ...object, spec: { list } })[0]?.added;
        expect(added([{ a: 1, b: 2 }, { a: 3 }])).to.equal(true);
        expect(added([{ a: 3 }, { a: 1 }])).to.equal(false);
        expect(added([])).to.equal(undefined);
    });

    it("are fields that are gone, but empty ones, which the API server leaves out", () => {
        expect(between({ a: "text", b: "", c: {} }, {})).to.deep.equal(["spec.a"]);
        expect(between({ automountServiceAccountToken: false }, {})).to.have.length(1);
    });

    it("say nothing of what the stack can't know, or keeps secret", () => {
        const expected = { a: secretPlaceholder, b: `http://${unknownPlaceholder}:8080` };
        expect(between(expected, { a: "s3cret", b: "http://example.com:8080" })).to.deep.equal([]);
    });

    it("say nothing of a Secret's values, of metadata and of status", () => {
        const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "example" } };
        const own = { ...secret, data: { a: "YQ==" }, stringData: { b: "b" }, status: { c: 1 } };
        expect(differences(own, { ...secret, metadata: { name: "example", labels: {} } })).to.deep.equal([]);
    });
});
