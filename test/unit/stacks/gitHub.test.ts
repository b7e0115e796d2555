import { createHash } from "node:crypto";
import { expect } from "chai";
import { gitHubHostKeys } from "../../../components/gitHub/repository";
import type { Registered, Registrations } from "../support/engine";
import { outputOf } from "../support/engine";
import { simulateStack } from "../support/fixture";

const settings = { owner: "my-org", repository: "fleet" };
const receiverBaseUrl = "https://flux.example.com";

async function stack(github: object = {}, config: Record<string, unknown> = {}): Promise<Registrations> {
    return (await simulateStack({ gitUrl: "", github: { ...settings, ...github }, ...config })).resources;
}

/** The resources of GitHub's provider and of the keys', by type without the package and module. */
function ofGitHub(resources: Registrations): Record<string, Registered[]> {
    const byType: Record<string, Registered[]> = {};
    for (const resource of resources.filter(({ type }) => /^(github|tls):/.test(type))) {
        (byType[resource.type.split(":").at(-1)!] ??= []).push(resource);
    }
    return byType;
}

describe("a stack that follows a repository on GitHub", () => {
    describe("which it makes", () => {
        let resources: Registrations;
        let made: Record<string, Registered[]>;
        before(async () => {
            resources = await stack({ teams: ["platform", "developers:push"] }, { receiverBaseUrl });
            made = ofGitHub(resources);
        });
        const only = (type: string): Registered => {
            expect(made[type], type).to.have.length(1);
            return made[type]![0]!;
        };

        it("has these resources, all of them of the owner's provider", () => {
            const counts = Object.fromEntries(Object.entries(made).map(([type, all]) => [type, all.length]));
            expect(counts).to.deep.equal({
                Repository: 1,
                BranchDefault: 1,
                TeamRepository: 2,
                PrivateKey: 1,
                RepositoryDeployKey: 1,
                RepositoryWebhook: 1,
            });
            const provider = resources.find(({ type }) => type === "pulumi:providers:github")!;
            expect(provider.inputs).to.include({ owner: "my-org" });
            for (const resource of resources.filter(({ type }) => type.startsWith("github:"))) {
                expect(resource.provider, resource.name).to.include(provider.urn);
            }
        });

        it("makes a private repository with a first commit, on the branch that Flux follows", () => {
            expect(only("Repository").inputs).to.include({ name: "fleet", visibility: "private", autoInit: true });
            expect(only("BranchDefault").inputs).to.include({ branch: "main", rename: true });
        });

        it("never deletes the repository", () => {
            expect(only("Repository").retainOnDelete).to.equal(true);
            expect(only("BranchDefault").retainOnDelete).to.equal(true);
        });

        it("gives teams the permission that is said, or maintain", () => {
            const teams = made.TeamRepository!.map(({ inputs }) => [inputs.teamId, inputs.permission]);
            expect(teams).to.deep.equal([
                ["platform", "maintain"],
                ["developers", "push"],
            ]);
        });

        it("has a key that can only read, and that GitHub knows by the cluster's place in the repository", () => {
            expect(only("PrivateKey").inputs).to.deep.equal({ algorithm: "ECDSA", ecdsaCurve: "P384" });
            expect(only("RepositoryDeployKey").inputs).to.deep.equal({
                repository: "fleet",
                title: "flux-system-main-flux-system-./",
                key: "public-github-key",
                readOnly: true,
            });
        });

        it("has Flux follow it by that key, once GitHub knows it", () => {
            const source = resources.object("GitRepository");
            expect(source.inputs.spec).to.deep.include({
                url: "ssh://git@github.com/my-org/fleet",
                secretRef: { name: outputOf("flux-system") },
            });
            const secret = resources.object("Secret", "flux-system");
            expect(secret.inputs.stringData).to.deep.equal({
                identity: "private-github-key",
                known_hosts: gitHubHostKeys,
            });
            for (const resource of [only("RepositoryDeployKey"), only("BranchDefault")]) {
                expect(resources.waitsFor(source, resource), resource.name).to.equal(true);
            }
        });

        it("has GitHub call the Receiver at each push, and the Receiver check that it is GitHub", () => {
            expect(only("RepositoryWebhook").inputs).to.deep.equal({
                repository: "fleet",
                events: ["push"],
                configuration: {
                    url: "https://flux.example.com/hook/path-of-the-status",
                    secret: "random-of-webhook-token-token",
                    contentType: "json",
                },
            });
            expect(resources.object("Receiver").inputs.spec).to.deep.include({
                type: "github",
                events: ["ping", "push"],
            });
        });

        it("keeps key, token and the Receiver's path secret, and in their own resources", () => {
            expect(only("RepositoryWebhook").secretInputs).to.deep.equal(["configuration"]);
            expect(resources.object("Secret", "flux-system").secretInputs).to.deep.equal(["stringData"]);
            expect(only("PrivateKey").additionalSecretOutputs).to.include("privateKeyOpenssh");
            const holders = (text: string): string[] =>
                resources.filter(({ inputs }) => JSON.stringify(inputs).includes(text)).map(({ name }) => name);
            expect(holders("private-github-key")).to.deep.equal(["flux-sync-credentials"]);
            expect(holders("/hook/path-of-the-status")).to.deep.equal(["github-webhook-webhook"]);
            expect(holders("random-of-webhook-token-token")).to.have.members([
                "webhook-token-secret",
                "github-webhook-webhook",
            ]);
        });
    });

    it("leaves one that is there already as it is", async () => {
        const made = ofGitHub(await stack({ create: false }));
        expect(Object.keys(made)).to.have.members(["PrivateKey", "RepositoryDeployKey"]);
    });

    it("can be public, and a user's", async () => {
        const resources = await stack({ private: false, personal: true, owner: "me" });
        expect(ofGitHub(resources).Repository![0]!.inputs.visibility).to.equal("public");
    });

    for (const [github, inputs] of [
        [{ keyAlgorithm: "ed25519" }, { algorithm: "ED25519" }],
        [
            { keyAlgorithm: "rsa", rsaBits: 4096 },
            { algorithm: "RSA", rsaBits: 4096 },
        ],
        [{ ecdsaCurve: "p521" }, { algorithm: "ECDSA", ecdsaCurve: "P521" }],
    ] as const) {
        it(`makes the key that is asked for: ${JSON.stringify(github)}`, async () => {
            expect(ofGitHub(await stack(github)).PrivateKey![0]!.inputs).to.deep.equal(inputs);
        });
    }

    it("lets the key push where Flux's image automation is to", async () => {
        expect(ofGitHub(await stack({ readWriteKey: true })).RepositoryDeployKey![0]!.inputs.readOnly).to.equal(false);
    });

    it("follows it with a token in place of a key", async () => {
        const resources = await stack({}, { gitPassword: "token-of-github" });
        expect(ofGitHub(resources)).not.to.have.any.keys("PrivateKey", "RepositoryDeployKey");
        expect(resources.object("GitRepository").inputs.spec).to.include({ url: "https://github.com/my-org/fleet" });
        const data = { username: "git", password: "token-of-github" };
        expect(resources.object("Secret", "flux-system").inputs.stringData).to.deep.equal(data);
    });

    it("is on another host where that is said, with its host keys and its own name for ssh", async () => {
        const github = { hostname: "github.example.com", sshHostname: "ssh.github.example.com" };
        const resources = await stack(github, { gitKnownHosts: "ssh.github.example.com ssh-ed25519 AAAA" });
        const provider = resources.find(({ type }) => type === "pulumi:providers:github")!;
        expect(provider.inputs.baseUrl).to.equal("https://github.example.com/");
        const url = "ssh://git@ssh.github.example.com/my-org/fleet";
        expect(resources.object("GitRepository").inputs.spec).to.include({ url });
        const known = { known_hosts: "ssh.github.example.com ssh-ed25519 AAAA" };
        expect(resources.object("Secret", "flux-system").inputs.stringData).to.include(known);
    });

    it("has no webhook where GitHub can't reach the Receiver, which anyone may call then who knows its path", async () => {
        const resources = await stack();
        expect(ofGitHub(resources)).not.to.have.property("RepositoryWebhook");
        expect(resources.object("Receiver").inputs.spec).to.deep.include({ type: "generic" });
    });

    it("puts the folder that Flux applies into a new repository, before Flux looks for it", async () => {
        const resources = await stack({}, { gitPath: "./clusters/production/" });
        const [file] = ofGitHub(resources).RepositoryFile!;
        expect(file!.inputs).to.include({ file: "clusters/production/.gitkeep", content: "", branch: "main" });
        expect(resources.waitsFor(resources.object("GitRepository"), file!)).to.equal(true);
        expect(ofGitHub(await stack({ create: false }, { gitPath: "./a" }))).not.to.have.property("RepositoryFile");
    });

    it("commits the files by which Flux keeps itself, one after the other, where Git is to own it", async () => {
        const commit = { authorName: "Flux", authorEmail: "flux@example.com", commitMessageAppendix: "[ci skip]" };
        const resources = await stack(commit, { gitPath: "./a", syncOwner: "git" });
        const files = ofGitHub(resources).RepositoryFile!;
        expect(files.map(({ inputs }) => inputs.file)).to.deep.equal([
            "a/flux-system/gotk-components.yaml",
            "a/flux-system/gotk-sync.yaml",
            "a/flux-system/kustomization.yaml",
        ]);
        for (const [index, file] of files.entries()) {
            expect(file.inputs).to.include({
                commitMessage: "Add Flux v2.9.4 manifests\n\n[ci skip]",
                commitAuthor: "Flux",
                commitEmail: "flux@example.com",
                overwriteOnCreate: true,
            });
            expect(resources.waitsFor(resources.object("Kustomization"), file)).to.equal(true);
            if (index > 0) expect(file.dependsOn).to.include(files[index - 1]!.urn);
        }
        // Users patch Flux there.
        expect(files.map(({ ignoreChanges }) => ignoreChanges)).to.deep.equal([[], [], ["content"]]);
    });
});

describe("the host keys of github.com", () => {
    it("have the fingerprints that GitHub documents", () => {
        const fingerprints = gitHubHostKeys
            .trim()
            .split("\n")
            .map((line) => {
                const [host, type, key] = line.split(" ");
                expect(host).to.equal("github.com");
                const digest = createHash("sha256").update(Buffer.from(key!, "base64")).digest("base64");
                return `${type} ${digest.replace(/=+$/, "")}`;
            });
        expect(fingerprints).to.deep.equal([
            "ssh-ed25519 +DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU",
            "ecdsa-sha2-nistp256 p2QAMXNIC1TJYWeIOttrVc98/R1BUFWu3/LiyKgUfQM",
        ]);
    });
});

describe("who keeps Flux", () => {
    const ownership = (resources: Registrations): Map<string, string[]> =>
        new Map(
            [...resources.within("flux"), ...resources.within("flux-sync")].map(({ name, ignoreChanges }) => [
                name,
                [...ignoreChanges],
            ]),
        );

    it("is Pulumi by default: nothing is ignored", async () => {
        const all = ownership((await simulateStack()).resources);
        expect([...all.values()].flat()).to.deep.equal([]);
    });

    it("is Git where that is said: Flux's objects and what it follows are left alone, but for the Secrets", async () => {
        const { resources } = await simulateStack({
            syncOwner: "git",
            gitPassword: "a",
            fluxRegistryUsername: "me",
            fluxRegistryPassword: "b",
            fluxImagePullSecret: "pull",
        });
        const all = ownership(resources);
        expect(all.get("flux-sync-repository")).to.deep.equal(["spec"]);
        expect(all.get("flux-sync-kustomization")).to.deep.equal(["spec"]);
        expect(all.get("flux-sync-credentials")).to.deep.equal([]);
        expect(all.get("flux-image-pull-secret")).to.deep.equal([]);
        const controllers = resources.within("flux").filter(({ inputs }) => inputs.kind === "Deployment");
        expect(controllers).to.have.length(3);
        // Not metadata as a whole: an update would send what only the API server may set, such as managedFields.
        const fields = ["metadata.labels", "metadata.annotations", "spec"];
        for (const { name } of controllers) expect(all.get(name), name).to.have.members(fields);
        for (const name of ["tekton-pipelines", "trigger-chain", "receiver"]) {
            expect(
                resources.within(name).flatMap(({ ignoreChanges }) => ignoreChanges),
                name,
            ).to.deep.equal([]);
        }
    });
});
