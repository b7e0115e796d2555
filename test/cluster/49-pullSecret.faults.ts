import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { execa } from "execa";
import { inRegistries, parseImageReference } from "../../components/imageReference";
import { defaultCatchUpImage } from "../../components/catchUp";
import { restrictedContainer, restrictedPod } from "../../components/restricted";
import { push, runName, succeeded } from "../../demo/chain";
import { kubectl, list, until } from "../../demo/cluster";
import { localNames } from "../../sandbox/images/reference";
import { imageStore } from "../../sandbox/sandbox";
import { login, startRegistry } from "./sourceServers";
import { operation, staging } from "./staging";
import { measured } from "./support";

/** The images that the stack itself names: they have no digest, which only upstream's own builds could match. */
describe("images of a registry that asks for a password", function () {
    this.timeout(8 * 60_000);
    this.bail(true);

    const { ctr } = imageStore(console.log);
    let stack: Stack;
    let registry: Awaited<ReturnType<typeof startRegistry>>;
    let own: Record<string, string>;
    const copies: string[] = [];

    before(async () => {
        registry = await startRegistry();
        own = { "docker.io": `${registry.host}/docker.io` };
        for (const image of ["alpine", defaultCatchUpImage]) {
            const [name, copy] = [image, inRegistries(image, own)].map((one) => nameOf(one));
            const user = `${login.username}:${login.password}`;
            await ctr(["images", "push", "--plain-http", "--user", user, copy!, name!]);
            copies.push(copy!);
        }
        stack = await staging();
    });
    after(async () => {
        await registry?.stop();
        await ctr(["images", "rm", ...copies]);
    });

    it("aren't pulled without it", async () => {
        const pod = {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: "stranger", namespace: "default" },
            spec: {
                securityContext: restrictedPod,
                containers: [{ name: "a", image: copies[0], securityContext: restrictedContainer }],
                restartPolicy: "Never",
            },
        };
        await execa("kubectl", ["create", "-f", "-"], { input: JSON.stringify(pod) });
        const { object } = await until(
            "/api/v1/namespaces/default/pods",
            ({ metadata, status }) => metadata.name === "stranger" && /ErrImagePull/.test(JSON.stringify(status)),
            { timeout: 60, what: "the refusal of pod stranger's image" },
        );
        expect(JSON.stringify(object.status)).to.match(/authorization failed|basic auth|401/);
        await kubectl("delete", "pod", "stranger", "-n", "default", "--wait=false");
    });

    it("are pulled by a commit's run, with the Secret that is made in each namespace", async () => {
        await stack.setConfig('imageRegistries["docker.io"]', { value: own["docker.io"]! }, true);
        await stack.setAllConfig({
            imagePullSecret: { value: "registry-credentials" },
            imageRegistryUsername: { value: login.username },
            imageRegistryPassword: { value: login.password, secret: true },
        });
        await measured("up, to a registry of one's own", () => stack.up(operation));
        const name = runName(await push("From a registry of one's own"));
        await succeeded(name);
        const pods = await list("pods", "-n", "default", "-l", `tekton.dev/pipelineRun=${name}`);
        expect(pods).to.have.length(1);
        const { containers, imagePullSecrets } = pods[0]!.spec as {
            containers: { image: string }[];
            imagePullSecrets: object[];
        };
        expect(imagePullSecrets).to.deep.equal([{ name: "registry-credentials" }]);
        for (const { image } of containers) expect(nameOf(image)).to.equal(copies[0]);
        const namespaces = await list(
            "secrets",
            "--all-namespaces",
            "--field-selector=metadata.name=registry-credentials",
        );
        expect(namespaces.map(({ metadata }) => metadata.namespace)).to.have.members([
            ...["default", "flux-system", "tekton-pipelines", "tekton-pipelines-resolvers"],
        ]);
    });

    it("are upstream's again when that is taken back, and the Secret is gone", async () => {
        for (const key of ["imageRegistries", "imagePullSecret", "imageRegistryUsername", "imageRegistryPassword"])
            await stack.removeConfig(key);
        await stack.up(operation);
        expect(JSON.stringify(await list("serviceaccounts,secrets", "--all-namespaces"))).not.to.include(
            "registry-credentials",
        );
    });
});

/** As containerd has it: `docker.io/library/alpine:latest`. */
function nameOf(image: string): string {
    return localNames(parseImageReference(image))[0]!;
}
