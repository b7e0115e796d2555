import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { commit, createRepository } from "../../sandbox/git/repository";
import { failure, operation, staging } from "./staging";

/** As in Pulumi.staging.yaml. */
const repositoryUrl = "http://git.sandbox.test/fleet-infra.git";

describe("an update that fails", function () {
    this.timeout(12 * 60_000);
    this.bail(true);

    let stack: Stack;
    before(async () => {
        stack = await staging();
    });

    it("names the repository that can't be read, and goes on once it can", async () => {
        await stack.setConfig("gitUrl", { value: "http://git.sandbox.test/no-such.git" });
        await stack.setConfig("readyTimeout", { value: "10s" });
        const error = await failure(stack.up(operation));
        expect(error)
            .to.include("flux-sync-repository")
            .and.to.match(/no-such|not found/);
        await stack.setConfig("gitUrl", { value: repositoryUrl });
        const mended = await stack.up(operation);
        expect(mended.summary.result).to.equal("succeeded");
    });

    it("reads a private repository with user and password, and says so when they are wrong", async () => {
        const credentials = { username: "flux", password: "of-the-private-repository" };
        await createRepository(process.env.SANDBOX_GIT_ROOT!, "private.git", { credentials });
        const files = { "staging-cluster/kustomization.yaml": "resources: []\n" };
        await commit({ url: `${process.env.SANDBOX_GIT_URL}private.git`, message: "Start", files, credentials });

        await stack.setAllConfig({
            gitUrl: { value: "http://git.sandbox.test/private.git" },
            gitUsername: { value: credentials.username },
            gitPassword: { value: "wrong", secret: true },
        });
        expect(await failure(stack.up(operation)))
            .to.include("flux-sync-repository")
            .and.match(/authenticat/i);
        await stack.setConfig("gitPassword", { value: credentials.password, secret: true });
        const { summary } = await stack.up(operation);
        expect(summary.result).to.equal("succeeded");
        await stack.removeAllConfig(["gitUsername", "gitPassword"]);
        await stack.setConfig("gitUrl", { value: repositoryUrl });
    });

    it("names the controller that doesn't become ready, and why, and goes on once it does", async () => {
        // Long enough for the node to give the first pull up, which may wait ten seconds for an answer about the name.
        await stack.setConfig("readyTimeout", { value: "20s" });
        await stack.setConfig("fluxRegistry", { value: "no-such-registry.invalid/fluxcd" });
        const error = await failure(stack.up(operation));
        expect(error)
            .to.include("source-controller")
            .and.to.match(/ErrImagePull|ImagePullBackOff/);
        await stack.removeConfig("fluxRegistry");
        await stack.setConfig("readyTimeout", { value: "5m" });
        const mended = await stack.up(operation);
        expect(mended.summary.result).to.equal("succeeded");
    });
});
