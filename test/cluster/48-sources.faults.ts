import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { receiverAddress } from "../../demo/chain";
import { kubectl, list, until } from "../../demo/cluster";
import { runNameOf } from "../../components/triggerChain/cel";
import { bucketKey, createBucket, login, pushArtifact, startObjectStore, startRegistry, upload } from "./sourceServers";
import { operation, output, staging } from "./staging";
import { measured, record } from "./support";

const namespace = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system";

/** The stack's Git repository gives way to an artifact of a registry, that to a bucket, and that to Git again. */
describe("what a stack follows", function () {
    this.timeout(10 * 60_000);
    this.bail(true);

    let stack: Stack;
    let registry: Awaited<ReturnType<typeof startRegistry>>;
    let store: Awaited<ReturnType<typeof startObjectStore>>;
    let receiver: string;

    before(async () => {
        stack = await staging();
        [registry, store] = await Promise.all([startRegistry(), startObjectStore()]);
        receiver = (await receiverAddress()) + (await output(stack, "receiverPath"));
    });
    after(async () => {
        await Promise.all([registry?.stop(), store?.stop()]);
    });

    const files = (greeting: string): Record<string, string> => ({
        "staging-cluster/greeting.yaml": JSON.stringify({
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "greeting", namespace: "default" },
            data: { greeting },
        }),
    });
    /** As a registry's or a store's webhook does it. */
    const call = async (): Promise<void> => {
        const { ok, status } = await fetch(receiver, { method: "POST", body: "{}" });
        if (!ok) throw new Error(`the Receiver answered ${status}`);
    };
    const runs = async (): Promise<string[]> =>
        (await list("pipelineruns", "-n", "default")).map(({ metadata }) => metadata.name).sort();
    const revision = async (kind: string): Promise<string> =>
        kubectl("-n", "flux-system", "get", kind, "flux-system", "-o", "jsonpath={.status.artifact.revision}");
    /** The end of the run of the source's revision, which is told once it is another than before. */
    const runOfNext = async (kind: string, before: string, pushed: number): Promise<string> => {
        const { object } = await until(
            `${namespace}/${kind}`,
            ({ status }) => ![undefined, before].includes((status?.artifact as { revision: string })?.revision),
            { timeout: 90, what: `the next revision of ${kind}` },
        );
        const next = (object.status!.artifact as { revision: string }).revision;
        const name = `flux-notification-run-${runNameOf(next)}`;
        const { at } = await until(
            "/apis/tekton.dev/v1/namespaces/default/pipelineruns",
            ({ metadata }) => metadata.name === name,
            { timeout: 90, what: `PipelineRun ${name}` },
        );
        record(`${kind}: push → PipelineRun, by the Receiver`, at - pushed);
        return next;
    };
    /** Waits until Flux has looked once more. */
    const looked = async (kind: string): Promise<void> => {
        const requested = `${Date.now()}`;
        await kubectl(
            ...["-n", "flux-system", "annotate", "--overwrite", kind, "flux-system"],
            `reconcile.fluxcd.io/requestedAt=${requested}`,
        );
        await until(`${namespace}/${kind}`, ({ status }) => status?.lastHandledReconcileAt === requested, {
            timeout: 60,
            what: `Flux's look at ${kind}`,
        });
    };
    const greeting = async (expected: string): Promise<void> => {
        await until(
            "/api/v1/namespaces/default/configmaps",
            ({ metadata, data }) =>
                metadata.name === "greeting" && (data as Record<string, string>).greeting === expected,
            { timeout: 90, what: `the greeting "${expected}"` },
        );
    };
    const nothingToDo = async (): Promise<void> => {
        const { summary } = await stack.up(operation);
        expect(Object.keys(summary.resourceChanges!)).to.deep.equal(["same"]);
    };

    it("is an artifact of a registry that asks for a password", async () => {
        const digest = await pushArtifact(`${registry.host}/fleet`, "latest", files("From a registry"));
        await stack.removeConfig("gitUrl");
        await stack.setAllConfig(
            {
                "oci.url": { value: `oci://${registry.host}/fleet` },
                "oci.path": { value: "./staging-cluster" },
                "oci.insecure": { value: "true" },
                "oci.username": { value: login.username },
            },
            true,
        );
        await stack.setConfig("ociPassword", { value: login.password, secret: true });
        await measured("up, from Git to a registry", () => stack.up(operation));
        expect(await revision("ocirepositories")).to.equal(`latest@${digest}`);
        await greeting("From a registry");
        await nothingToDo();
    });

    it("starts one PipelineRun for a new artifact, and none for the same once more", async () => {
        const before = await revision("ocirepositories");
        const target = `${registry.host}/fleet`;
        const digest = await pushArtifact(target, "latest", files("Once more from a registry"));
        const pushed = Date.now();
        await call();
        expect(await runOfNext("ocirepositories", before, pushed)).to.equal(`latest@${digest}`);
        await greeting("Once more from a registry");
        const known = await runs();
        expect(await pushArtifact(target, "latest", files("Once more from a registry"))).to.equal(digest);
        await call();
        await looked("ocirepositories");
        expect(await runs()).to.deep.equal(known);
    });

    it("is a bucket", async () => {
        await createBucket(`${store.host}/fleet`);
        await upload(`${store.host}/fleet`, files("From a bucket"));
        for (const key of ["oci", "ociPassword"]) await stack.removeConfig(key);
        await stack.setAllConfig(
            {
                "bucket.name": { value: "fleet" },
                "bucket.endpoint": { value: store.host },
                "bucket.path": { value: "./staging-cluster" },
                "bucket.insecure": { value: "true" },
                "bucket.accessKey": { value: bucketKey.accessKey },
            },
            true,
        );
        await stack.setConfig("bucketSecretKey", { value: bucketKey.secretKey, secret: true });
        await measured("up, from a registry to a bucket", () => stack.up(operation));
        expect(await revision("buckets")).to.match(/^sha256:[0-9a-f]{64}$/);
        await greeting("From a bucket");
        await nothingToDo();
    });

    it("starts one PipelineRun for new content of the bucket, and none for the same once more", async () => {
        const before = await revision("buckets");
        await upload(`${store.host}/fleet`, files("Once more from a bucket"));
        const pushed = Date.now();
        await call();
        const next = await runOfNext("buckets", before, pushed);
        await greeting("Once more from a bucket");
        const known = await runs();
        await upload(`${store.host}/fleet`, files("Once more from a bucket"));
        await call();
        await looked("buckets");
        expect(await revision("buckets")).to.equal(next);
        expect(await runs()).to.deep.equal(known);
    });

    it("is the Git repository again", async () => {
        for (const key of ["bucket", "bucketSecretKey"]) await stack.removeConfig(key);
        await stack.setConfig("gitUrl", { value: "http://git.sandbox.test/fleet-infra.git" });
        await measured("up, from a bucket to Git", () => stack.up(operation));
        expect(await list("ocirepositories,buckets", "--all-namespaces")).to.deep.equal([]);
        await nothingToDo();
    });
});
