import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalWorkspace, type PulumiFn, type Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { until } from "../../demo/cluster";
import { commit, createRepository } from "../../sandbox/git/repository";
import { compileExample, installExample } from "../packedExample";
import { operation } from "./staging";
import { inventory, measured } from "./support";

describe("examples/two-routes, from the packed package, beside the stack staging", function () {
    this.timeout(8 * 60_000);
    this.bail(true);

    let folder: string;
    let stack: Stack;
    /** What is on the cluster without the example. */
    let without: string[];
    const url = (repository: string): string => `http://git.sandbox.test/${repository}.git`;
    const push = async (repository: string, message: string): Promise<string> =>
        commit({
            url: `${process.env.SANDBOX_GIT_URL}${repository}.git`,
            message,
            files: { "README.md": `${message}\n` },
        });

    before(async () => {
        without = await inventory();
        folder = await mkdtemp(join(tmpdir(), "two-routes-"));
        for (const repository of ["shop", "docs"]) {
            await createRepository(process.env.SANDBOX_GIT_ROOT!, `${repository}.git`);
            await push(repository, "Start");
        }
        const module = await compileExample(await installExample(folder));
        const program = createRequire(module)(module) as PulumiFn;
        const workDir = join(process.env.SANDBOX_STATE!, "stacks", "two-routes");
        await mkdir(workDir, { recursive: true });
        stack = await LocalWorkspace.createOrSelectStack(
            { stackName: "staging", projectName: "two-routes", program },
            { workDir, projectSettings: { name: "two-routes", runtime: "nodejs" } },
        );
        await stack.setAllConfig({
            shopUrl: { value: url("shop") },
            docsUrl: { value: url("docs") },
            image: { value: "alpine" },
        });
    });
    after(() => rm(folder, { recursive: true, force: true }));

    it("comes up on a cluster that has Flux and Tekton already", async () => {
        const { summary } = await measured("up of the example", () => stack.up(operation));
        expect(Object.keys(summary.resourceChanges!)).to.deep.equal(["create"]);
    });

    for (const [repository, pipeline] of Object.entries({ shop: "test-shop", docs: "publish-docs" })) {
        it(`starts ${pipeline} for a commit to ${repository}`, async () => {
            const sha = await push(repository, "Change");
            const { object } = await until(
                "/apis/tekton.dev/v1/namespaces/ci/pipelineruns",
                ({ metadata }) => metadata.name === `${repository}-run-${sha.slice(0, 20)}`,
                { timeout: 150, what: `the run of ${sha}` },
            );
            expect(object.spec).to.deep.include({
                pipelineRef: { name: pipeline },
                params: [{ name: "revision", value: `main@sha1:${sha}` }],
            });
        });
    }

    it("has nothing to do in a second up, and leaves nothing behind", async () => {
        const { summary } = await stack.up(operation);
        expect(Object.keys(summary.resourceChanges!)).to.deep.equal(["same"]);
        await measured("destroy of the example", () => stack.destroy(operation));
        await stack.workspace.removeStack("staging");
        expect(
            (await inventory()).filter((object) => !without.includes(object) && /\bci\b/.test(object)),
        ).to.deep.equal([]);
    });
});
