import { expect } from "chai";
import { prepareRepository } from "../../demo/chain";
import { kubectl, list, until } from "../../demo/cluster";
import { startLongRun } from "./longRun";
import { emptied, operation, staging } from "./staging";
import { left, measured } from "./support";

async function suspendFlux(): Promise<void> {
    for (const kind of ["gitrepository", "kustomization"]) {
        await kubectl(
            "-n",
            "flux-system",
            "patch",
            kind,
            "flux-system",
            "--type=merge",
            "-p",
            '{"spec":{"suspend":true}}',
        );
    }
}

/** Gives a Deployment an argument that its program refuses, and waits until nothing but crashing pods is left. */
async function crash(namespace: string, name: string): Promise<void> {
    const add = { op: "add", path: "/spec/template/spec/containers/0/args/-", value: "--no-such-flag" };
    await kubectl("-n", namespace, "scale", `deployment/${name}`, "--replicas=0");
    await kubectl("-n", namespace, "patch", `deployment/${name}`, "--type=json", "-p", JSON.stringify([add]));
    await kubectl("-n", namespace, "scale", `deployment/${name}`, "--replicas=1");
    await until(
        `/api/v1/namespaces/${namespace}/pods`,
        ({ metadata, status }) => {
            const states = (status?.containerStatuses ?? []) as { restartCount: number }[];
            return metadata.name.startsWith(`${name}-`) && states.some(({ restartCount }) => restartCount > 0);
        },
        { timeout: 120, what: `a crash of ${name}` },
    );
}

/** Takes a Deployment's pods away, and waits until they are gone. */
async function stop(namespace: string, name: string): Promise<void> {
    await kubectl("-n", namespace, "scale", `deployment/${name}`, "--replicas=0");
    const deadline = Date.now() + 120_000;
    while ((await list("pods", "-n", namespace)).some(({ metadata }) => metadata.name.startsWith(`${name}-`))) {
        if (Date.now() > deadline) throw new Error(`${namespace}/${name}: its pods are still there`);
    }
}

/** Takes Flux away as `flux uninstall` does, its namespace and its definitions with all that is of them. */
async function removeFlux(): Promise<void> {
    await kubectl("delete", "customresourcedefinitions", "-l", "app.kubernetes.io/part-of=flux", "--timeout=120s");
    await kubectl("delete", "namespace", "flux-system", "--timeout=120s");
}

const troubles: readonly { readonly what: string; bring(): Promise<unknown> }[] = [
    { what: "a PipelineRun running", bring: startLongRun },
    { what: "Flux suspended", bring: suspendFlux },
    {
        what: "controllers of Tekton and Flux crash-looping",
        bring: () =>
            Promise.all([
                crash("tekton-pipelines", "tekton-pipelines-controller"),
                crash("tekton-pipelines", "tekton-triggers-controller"),
                crash("flux-system", "kustomize-controller"),
                crash("flux-system", "source-controller"),
                crash("flux-system", "notification-controller"),
            ]),
    },
    {
        what: "Tekton's webhooks dead, and still registered",
        bring: () =>
            Promise.all([
                stop("tekton-pipelines", "tekton-pipelines-webhook"),
                stop("tekton-pipelines", "tekton-triggers-webhook"),
            ]),
    },
    { what: "Flux gone, its definitions, too", bring: removeFlux },
];

describe("a destroy", function () {
    this.timeout(15 * 60_000);
    this.bail(true);

    before(async () => {
        await emptied();
        await prepareRepository();
    });

    for (const { what, bring } of troubles) {
        it(`ends and leaves nothing, with ${what}`, async () => {
            const stack = await staging();
            await stack.up(operation);
            await bring();
            await measured(`destroy, with ${what}`, () => stack.destroy(operation));
            expect(await left()).to.deep.equal([]);
        });
    }
});
