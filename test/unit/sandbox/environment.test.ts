import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect } from "chai";
import { randomPlugin, sandboxEnvironment } from "../../../sandbox/environment";
import { adminKubeconfig } from "../../../sandbox/paths";

describe("the environment inside the sandbox", () => {
    const source = { programDirs: ["/tools/kubernetes", "/tools/pulumi"], releaseMirror: "/m", releaseLock: "/l" };

    it("finds the sandbox's programs before the machine's", () => {
        const path = sandboxEnvironment(source, { PATH: "/usr/bin" }).PATH?.split(delimiter);
        expect(path?.slice(0, 2)).to.deep.equal(["/tools/kubernetes", "/tools/pulumi"]);
    });

    it("is the sandbox's cluster, whatever the caller's is", () => {
        expect(sandboxEnvironment(source, { KUBECONFIG: "/production" }).KUBECONFIG).to.equal(adminKubeconfig);
    });

    it("keeps the caller's Pulumi settings and adds the others", () => {
        const result = sandboxEnvironment(source, { PULUMI_BACKEND_URL: "s3://mine" });
        expect(result.PULUMI_BACKEND_URL).to.equal("s3://mine");
        expect(result.PULUMI_CONFIG_PASSPHRASE).to.equal("sandbox");
        expect(result.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION).to.equal("true");
    });

    it("sets no passphrase beside the caller's passphrase file", () => {
        const result = sandboxEnvironment(source, { PULUMI_CONFIG_PASSPHRASE_FILE: "/file" });
        expect(result).not.to.have.property("PULUMI_CONFIG_PASSPHRASE");
    });

    it("names the release mirror and its lock, unless the caller has a mirror", () => {
        expect(sandboxEnvironment(source, {})).to.include({ RELEASE_MIRROR: "/m", RELEASE_LOCK: "/l" });
        const own = sandboxEnvironment(source, { RELEASE_MIRROR: "/own" });
        expect(own.RELEASE_MIRROR).to.equal("/own");
        expect(own).not.to.have.property("RELEASE_LOCK");
    });

    it("has the sandbox's copy in place of a mirror's URL, which can't be reached from inside", () => {
        const result = sandboxEnvironment(source, { RELEASE_MIRROR: "https://mirror.example/releases" });
        expect(result).to.include({ RELEASE_MIRROR: "/m", RELEASE_LOCK: "/l" });
    });

    it("has no proxy, for everything that can be asked for is inside", () => {
        const result = sandboxEnvironment(source, { HTTPS_PROXY: "http://p", http_proxy: "http://p", NO_PROXY: "x" });
        expect(result).not.to.have.any.keys("HTTPS_PROXY", "http_proxy");
    });

    it("has the stand-in for the random provider only where the official plugin isn't installed", () => {
        const home = mkdtempSync(join(tmpdir(), "pulumi-home-"));
        try {
            expect(randomPlugin({ PULUMI_HOME: home }).standIn).to.equal(true);
            const plugin = join(home, "plugins", "resource-random-v4.21.2");
            mkdirSync(plugin, { recursive: true });
            writeFileSync(join(plugin, "pulumi-resource-random"), "", { mode: 0o755 });
            expect(randomPlugin({ PULUMI_HOME: home })).to.deep.equal({ dir: plugin, standIn: false });
        } finally {
            rmSync(home, { recursive: true });
        }
    });
});
