import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { lockedRelease } from "../../../components/release";
import type { ClusterConfig } from "../../../stacks/config";
import { checkCluster, PreflightError, versionProblem } from "../../../stacks/preflight";
import { type ApiServer, kubeconfigFor, startApiServer } from "../support/apiServer";
import { simulate } from "../support/engine";

const flux = lockedRelease("flux", "v2.9.4");
const flux2020 = lockedRelease("flux", "v0.5.6");

/** Nothing listens on this port: it is reserved for TCP multiplexing, which nobody runs. */
const nobody = "http://127.0.0.1:1";

interface Check {
    readonly error?: Error;
    readonly warnings: readonly string[];
}

/** Runs the check as a program would, in an update or a preview. */
async function check(kubeconfig: string, release = flux, options?: { preview: boolean }): Promise<Check> {
    const releases = { flux: release } as ClusterConfig["releases"];
    const warnings: string[] = [];
    const { warn } = pulumi.log;
    (pulumi.log as { warn: typeof warn }).warn = (message) => Promise.resolve(void warnings.push(message));
    try {
        await simulate({}, () => checkCluster({ kubeconfig, releases } as ClusterConfig), options);
        return { warnings };
    } catch (error) {
        return { error: error as Error, warnings };
    } finally {
        (pulumi.log as { warn: typeof warn }).warn = warn;
    }
}

describe("preflight", () => {
    let server: ApiServer | undefined;
    const kubernetes = async (minor: string): Promise<string> => {
        server = await startApiServer(minor);
        return server.kubeconfig;
    };
    afterEach(async () => {
        await server?.close();
        server = undefined;
    });

    for (const minor of ["33", "36", "33+", "36+"]) {
        it(`takes Kubernetes 1.${minor} for Flux v2.9.4, which needs 1.33 or newer`, async () => {
            expect(await check(await kubernetes(minor))).to.deep.equal({ warnings: [] });
        });
    }

    for (const minor of ["32", "28+", "9"]) {
        it(`refuses Kubernetes 1.${minor} for Flux v2.9.4, naming cluster, release and what to do`, async () => {
            const { error } = await check(await kubernetes(minor));
            expect(error).to.be.instanceOf(PreflightError);
            expect(error!.message)
                .to.include(`the cluster at ${server!.url} runs Kubernetes 1.${Number.parseInt(minor)},`)
                .and.include("flux v2.9.4 needs 1.33 or newer: upgrade the cluster, or choose an older release.");
        });
    }

    it("takes the newest Kubernetes that the releases of 2020 know", async () => {
        expect(await check(await kubernetes("21"), flux2020)).to.deep.equal({ warnings: [] });
    });

    it("refuses a Kubernetes that no longer serves what a release needs", async () => {
        const { error } = await check(await kubernetes("22"), flux2020);
        expect(error).to.be.instanceOf(PreflightError);
        expect(error!.message).to.include("flux v0.5.6 needs 1.21 or older").and.include("Choose a newer release.");
    });

    it("refuses a wrong version in a preview as well", async () => {
        const { error } = await check(await kubernetes("32"), flux, { preview: true });
        expect(error).to.be.instanceOf(PreflightError);
    });

    it("stops an update of a cluster that can't be reached, naming address, cause and what to do", async () => {
        const { error } = await check(kubeconfigFor(nobody));
        expect(error).to.be.instanceOf(PreflightError);
        expect(error!.message).to.include(nobody).and.include("ECONNREFUSED").and.include("Check the kubeconfig");
    });

    it("goes on with a preview of a cluster that can't be reached, with a warning", async () => {
        const { error, warnings } = await check(kubeconfigFor(nobody), flux, { preview: true });
        expect(error).to.equal(undefined);
        expect(warnings).to.have.length(1);
        expect(warnings[0]).to.include(nobody).and.include("its version isn't checked");
    });

    it("says which context there isn't, and which there are", async () => {
        const config = JSON.parse(kubeconfigFor(nobody)) as Record<string, unknown>;
        const { error } = await check(JSON.stringify({ ...config, "current-context": "simulate" }));
        expect(error).to.be.instanceOf(PreflightError);
        expect(error!.message).to.include('no context "simulate", only simulated (did you mean simulated?)');
    });

    it("says that no context is chosen", async () => {
        const config = JSON.parse(kubeconfigFor(nobody)) as Record<string, unknown>;
        const { error } = await check(JSON.stringify({ ...config, "current-context": undefined }));
        expect(error!.message).to.include("no current context, only simulated to choose from");
    });

    it("reads a kubeconfig from its file, as the provider does", async () => {
        const folder = mkdtempSync(join(tmpdir(), "preflight-"));
        try {
            const path = join(folder, "kubeconfig");
            writeFileSync(path, await kubernetes("36"));
            expect(await check(path)).to.deep.equal({ warnings: [] });
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it("says that there is no such file", async () => {
        const { error } = await check("/no/such/kubeconfig");
        expect(error!.message).to.include("kubernetes:kubeconfig is neither the path of a file nor the contents");
    });

    it("compares versions as numbers", () => {
        expect(versionProblem({ ...flux, kubernetes: { min: "1.9" } }, "1.10")).to.deep.equal([]);
        expect(versionProblem({ ...flux, kubernetes: { min: "1.0", max: "1.10" } }, "1.9")).to.deep.equal([]);
        expect(versionProblem({ ...flux, kubernetes: { min: "1.33" } }, "2.0")).to.deep.equal([]);
    });
});
