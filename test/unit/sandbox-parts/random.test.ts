import { expect } from "chai";
import { execa } from "execa";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodings, password, standIn } from "../../../sandbox/plugins/random/random";

const executable = join(__dirname, "../../../sandbox/plugins/random/pulumi-resource-random");
const randomId = "urn:pulumi:staging::flux-to-tekton::a:b:C$random:index/randomId:RandomId::token";
const randomPassword = "urn:pulumi:staging::flux-to-tekton::random:index/randomPassword:RandomPassword::token";

describe("the sandbox's stand-in for the random plugin", () => {
    describe("RandomId", () => {
        it("spells the same bytes in four ways, each after the prefix", async () => {
            const { id, outs } = (await standIn.create!(randomId, { byteLength: 33, prefix: "t-" })) as {
                id: string;
                outs: Record<"b64Url" | "b64Std" | "hex" | "dec", string>;
            };
            const bytes = Buffer.from(id, "base64url");
            expect(bytes).to.have.length(33);
            expect(outs).to.deep.include({ byteLength: 33, prefix: "t-" });
            expect(outs.hex).to.equal(`t-${bytes.toString("hex")}`);
            expect(Buffer.from(outs.b64Std.slice(2), "base64").equals(bytes)).to.equal(true);
            expect(outs.b64Url).to.equal(`t-${id}`);
            expect(BigInt(outs.dec.slice(2)).toString(16)).to.equal(bytes.toString("hex").replace(/^0+/, ""));
        });

        it("spells as the official provider does: padding in b64Std only, no leading zeros in dec", () => {
            expect(encodings(Buffer.from([0, 0xff, 0xfe, 0xfb]))).to.deep.equal({
                b64Url: "AP_--w",
                b64Std: "AP/++w==",
                hex: "00fffefb",
                dec: "16776955",
            });
        });

        it("is never the same twice", async () => {
            const ids = await Promise.all([1, 2, 3].map(() => standIn.create!(randomId, { byteLength: 16 })));
            expect(new Set(ids.map(({ id }) => id))).to.have.property("size", 3);
        });

        it("is replaced when an input changes, and only then", async () => {
            const inputs = { byteLength: 16, prefix: "a", keepers: { version: "1" } };
            const { id, outs } = (await standIn.create!(randomId, inputs)) as { id: string; outs: object };
            const replaces = async (change: object) =>
                (await standIn.diff!(id, randomId, outs, { ...inputs, ...change })).replaces;
            expect(await standIn.diff!(id, randomId, outs, inputs)).to.deep.equal({ changes: false, replaces: [] });
            expect(await replaces({ byteLength: 17 })).to.deep.equal(["byteLength"]);
            expect(await replaces({ prefix: undefined })).to.deep.equal(["prefix"]);
            expect(await replaces({ keepers: { version: "2" } })).to.deep.equal(["keepers"]);
        });

        for (const byteLength of [0, 1.5, "16", undefined]) {
            it(`refuses a byteLength of ${JSON.stringify(byteLength)}`, async () => {
                const { failures } = await standIn.check!(randomId, {}, { byteLength });
                expect(failures?.map(({ property }) => property)).to.deep.equal(["byteLength"]);
            });
        }
    });

    describe("RandomPassword", () => {
        const all = { lower: true, upper: true, numeric: true, number: true, special: true };
        const none = { minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 };

        it("has the characters that are asked for, and at least so many of each class", () => {
            for (let round = 0; round < 50; round++) {
                expect(password({ ...all, ...none, special: false, length: 43 })).to.match(/^[A-Za-z0-9]{43}$/);
                const few = password({
                    ...all,
                    ...none,
                    length: 6,
                    minNumeric: 3,
                    minSpecial: 3,
                    overrideSpecial: "%",
                });
                expect([...few].sort().join("")).to.match(/^%%%\d{3}$/);
            }
        });

        it("says when that is impossible", () => {
            expect(() => password({ ...all, ...none, length: 2, minUpper: 3 })).to.throw("length: 2 characters");
        });

        it("is replaced when an input changes, not when a default is spelled out", async () => {
            const { outs } = (await standIn.create!(randomPassword, { length: 20 })) as { outs: object };
            const replaces = async (news: object) => (await standIn.diff!("none", randomPassword, outs, news)).replaces;
            expect(await replaces({ length: 20, special: true })).to.deep.equal([]);
            expect(await replaces({ length: 20, special: false })).to.deep.equal(["special"]);
        });
    });

    it("refuses every other resource, and says what to install", async () => {
        const pet = "urn:pulumi:s::p::random:index/randomPet:RandomPet::pet";
        const error = await standIn.check!(pet, {}, {}).catch(String);
        expect(error).to.contain("has no random:index/randomPet:RandomPet").and.to.contain("official plugin");
    });

    it("is started by Pulumi from any folder, and tells people what it is", async () => {
        expect((await execa(executable, ["--help"])).stdout).to.match(
            /^A stand-in for Pulumi's official random plugin/,
        );
        const plugin = spawn(executable, ["127.0.0.1:1"], { cwd: tmpdir() });
        const [port] = (await once(plugin.stdout, "data")) as [Buffer];
        plugin.kill();
        expect(port.toString()).to.match(/^\d+\n$/);
    });
});
