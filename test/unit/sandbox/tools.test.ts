import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { buildFlags, program, type SandboxOptions, toolKey, toolNames, toolsFor } from "../../../sandbox/tools";

describe("sandbox tools", () => {
    let dir: string;
    const compiler = "go version go1.26.8 linux/amd64";
    const key = (flags = ["-trimpath"], version = compiler): string => toolKey(dir, flags, version);

    beforeEach(() => {
        dir = mkdtempSync(join(tmpdir(), "sandbox-tools-"));
        writeFileSync(join(dir, "go.mod"), "module a\n");
        writeFileSync(join(dir, "go.sum"), "");
    });
    afterEach(() => rmSync(dir, { recursive: true }));

    it("have the same key as long as nothing changes", () => {
        expect(key()).to.match(/^[0-9a-f]{12}$/);
        expect(key()).to.equal(key());
        const before = key();
        writeFileSync(join(dir, "README.md"), "not part of the build");
        expect(key()).to.equal(before);
    });

    it("have another key when the lock, a source, a flag or the compiler changes", () => {
        const keys = [key(), key(["-trimpath", "-race"]), key(["-trimpath"], "go version go1.27.0 linux/amd64")];
        writeFileSync(join(dir, "go.sum"), "a v1.0.0 h1:x\n");
        keys.push(key());
        writeFileSync(join(dir, "main.go"), "package main\n");
        keys.push(key());
        expect(new Set(keys).size).to.equal(keys.length);
    });

    it("are stamped with the version that they are", () => {
        expect(buildFlags("kubernetes").join(" ")).to.contain("gitVersion=v1.36.1");
        expect(buildFlags("etcd")).to.deep.equal(["-trimpath", "-ldflags", "-s -w"]);
    });

    it("are built for what is asked of the sandbox", () => {
        const beyond = (options: SandboxOptions) => toolsFor(options).filter((name) => !toolNames.includes(name));
        expect(toolNames).to.include("tekton-pipelines").and.not.to.include("kube-router");
        expect(beyond({ networkPolicy: true })).to.deep.equal(["kube-router"]);
        expect(beyond({ previousTekton: true })).to.deep.equal(["tekton-pipelines-v1.12", "tekton-triggers-v0.36"]);
        expect(beyond({ sourceServers: true })).to.deep.equal(["registry", "versitygw"]);
    });

    it("name what there is when asked for what there isn't", () => {
        expect(() => program("kubernets", "kubectl")).to.throw('Tool "kubernets" is not one of kubernetes, etcd,');
        expect(() => program("etcd", "etcd")).to.throw('Tool "etcd" has no program "etcd", only server.');
    });
});
