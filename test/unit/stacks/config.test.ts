import { expect } from "chai";
import { ConfigError, readConfig, type ClusterConfig } from "../../../stacks/config";
import { resolve, simulate } from "../support/engine";

const gitUrl = "https://git.example.com/fleet.git";
const ssh = { gitUrl: "ssh://git@host/a", gitIdentity: "key", gitKnownHosts: "host ssh-ed25519 AAAA" };
const gitCaCertificate = "-----BEGIN CERTIFICATE-----";
const github = { owner: "my-org", repository: "fleet" };
const oci = { url: "oci://registry.example.com/fleet" };
const bucket = { name: "fleet", endpoint: "s3.example.com" };
const of2020 = {
    tektonPipelinesVersion: "v0.18.1",
    tektonTriggersVersion: "v0.10.1",
    fluxVersion: "v0.5.6",
    catchUp: false,
};

async function read(config: Record<string, unknown>): Promise<ClusterConfig> {
    return (await simulate(config, readConfig)).outputs;
}

async function problems(config: Record<string, unknown>): Promise<readonly string[]> {
    try {
        await read(config);
    } catch (error) {
        if (error instanceof ConfigError) return error.problems;
        throw error;
    }
    throw new Error("the config was accepted");
}

describe("stack config", () => {
    const environment = { ...process.env };
    beforeEach(() => {
        delete process.env.RELEASE_MIRROR;
        delete process.env.RELEASE_LOCK;
    });
    afterEach(() => {
        process.env = { ...environment };
    });

    it("needs nothing but a Git URL, and has the names of the demonstration", async () => {
        const config = await read({ gitUrl });
        expect(config).to.include({
            receiverName: "generic-receiver",
            webhookTokenSecretName: "generic-receiver-token",
            providerName: "tekton-el-provider",
            alertName: "tekton-alert",
            pipelineName: "flux-demo-pipeline",
            eventListenerName: "flux-event-listener",
            serviceAccountName: "flux-notifications-sa",
            runServiceAccountName: "flux-notification-run",
            syncName: "flux-system",
            namespace: "default",
        });
        expect(config.releases["tekton-pipelines"].version).to.equal("v1.15.0");
        expect(Object.isFrozen(config)).to.equal(true);
    });

    it("lets nobody in and loses nothing, unless told otherwise", async () => {
        expect(await read({ gitUrl })).to.include({
            authenticateEvents: true,
            listenerNetworkPolicy: true,
            runNaming: "revision",
            catchUp: true,
        });
        const open = { authenticateEvents: false, listenerNetworkPolicy: false, runNaming: "uid", catchUp: false };
        expect(await read({ gitUrl, ...open })).to.include(open);
    });

    for (const [runNaming, longest] of [
        ["revision", 38],
        ["uid", 22],
    ] as const) {
        const config = { gitUrl, runNaming, catchUp: false };

        it(`takes a route's name of ${longest} characters where runs are named by ${runNaming}`, async () => {
            const { routes } = await read({ ...config, routes: [{ name: "a".repeat(longest) }] });
            expect(routes[0]!.name).to.have.length(longest);
        });

        it(`refuses a longer one, of which no run could be named`, async () => {
            const name = "a".repeat(longest + 1);
            const [problem] = await problems({ ...config, routes: [{ name: "short" }, { name }] });
            expect(problem).to.include(`routes[1].name: "${name}" has ${longest + 1} characters`);
            expect(problem).to.include(`runNaming "${runNaming}" it can have ${longest} at most`);
        });
    }

    it("takes feature flags as texts", async () => {
        const tektonFeatureFlags = { "set-security-context": "true" };
        expect((await read({ gitUrl, tektonFeatureFlags })).tektonFeatureFlags).to.deep.equal(tektonFeatureFlags);
    });

    it("takes registries, and paths on registries, to replace others", async () => {
        const imageRegistries = {
            "docker.io": "registry.example.com/hub",
            "ghcr.io/fluxcd": "localhost:5000/flux",
            "cgr.dev": "registry:5000",
        };
        expect((await read({ gitUrl, imageRegistries })).imageRegistries).to.deep.equal(imageRegistries);
    });

    it("takes an empty value for one that isn't set", async () => {
        const config = await read({ gitUrl, releaseMirror: "", gitUsername: "", gitPassword: "", receiverBaseUrl: "" });
        expect(config.releaseMirror).to.equal(undefined);
        expect(config.sync.source.credentials).to.equal(undefined);
    });

    it("lets the environment name a mirror, and the config override it", async () => {
        process.env.RELEASE_MIRROR = "/of/this/machine";
        expect((await read({ gitUrl })).releaseMirror).to.equal("/of/this/machine");
        expect((await read({ gitUrl, releaseMirror: "/of/the/stack" })).releaseMirror).to.equal("/of/the/stack");
    });

    it("reports every problem at once", async () => {
        const all = await problems({ fluxLogLevel: "verbose", namespace: "Default", readyTimeout: "soon" });
        expect(all.map((line) => line.split(":")[0])).to.have.members([
            "gitUrl",
            "fluxLogLevel",
            "namespace",
            "readyTimeout",
        ]);
    });

    const cases: [name: string, config: Record<string, unknown>, ...fragments: string[]][] = [
        ["a missing Git URL", {}, "gitUrl: is missing", "pulumi config set gitUrl"],
        ["a Git address that is no URL", { gitUrl: "git@host:a/b" }, '"git@host:a/b"', "ssh://git@host/path"],
        ["an unknown key", { gitUrl, gitBrnch: "main" }, "gitBrnch: there is no such key", "Did you mean gitBranch?"],
        [
            "a key of the Kubernetes provider that has no effect",
            { gitUrl, "kubernetes:contxt": "staging", "kubernetes:namespace": "ci" },
            "kubernetes:contxt: there is no such key. Did you mean context?",
            "kubernetes:namespace: there is no such key. The others of the Kubernetes provider have no effect here.",
        ],
        [
            "an unknown controller",
            { gitUrl, fluxComponents: ["source-controler"] },
            'fluxComponents[0]: "source-controler" is not one of source-controller',
            "Did you mean source-controller?",
        ],
        [
            "an unknown release",
            { gitUrl, tektonPipelinesVersion: "1.15.0" },
            "tektonPipelinesVersion:",
            "1.15.0",
            "v1.15.0",
        ],
        ["a value of the wrong type", { gitUrl, crdDescriptions: "maybe" }, 'crdDescriptions: "maybe"', "boolean"],
        ["a list that isn't one", { gitUrl, routes: "demo" }, 'routes: "demo" must be of type array'],
        [
            "an unknown kind of source",
            { gitUrl, routes: [{ name: "a", source: { kind: "GitRepo", name: "b" } }] },
            'routes[0].source.kind: "GitRepo" is not one of GitRepository, OCIRepository, Bucket.',
            "Did you mean GitRepository?",
        ],
        [
            "an unknown key of a route",
            { gitUrl, routes: [{ name: "a", pipline: { name: "b" } }] },
            "routes[0].pipline: there is no such key",
            "Did you mean pipeline?",
        ],
        [
            "two routes of one name",
            { gitUrl, routes: [{ name: "a" }, { name: "b" }, { name: "a" }] },
            'routes[2].name: "a" is also the name of routes[0]',
        ],
        ["a user without a password", { gitUrl, gitUsername: "me" }, "gitPassword: is missing", "--secret gitPassword"],
        ["ssh without a key", { gitUrl: "ssh://git@host/a" }, "gitIdentity: is missing", "--secret gitIdentity"],
        ["ssh without host keys", { gitUrl: "ssh://git@host/a" }, "gitKnownHosts: is missing", "ssh-keyscan"],
        ["an ssh key for https", { gitUrl, gitIdentity: "key" }, "gitIdentity, gitKnownHosts: are for ssh", gitUrl],
        ["a password's user for ssh", { ...ssh, gitUsername: "me" }, "gitUsername, gitBearerToken", "user stands in"],
        ["a CA for ssh", { ...ssh, gitCaCertificate }, "gitCaCertificate: are for https"],
        ["a CA without TLS", { gitUrl: "http://host/a", gitCaCertificate }, "gitCaCertificate: is for https"],
        ["a CA that is a file's name", { gitUrl, gitCaCertificate: "ca.pem" }, '"ca.pem" must be certificates in PEM'],
        [
            "a bearer's token and a password",
            { gitUrl, gitBearerToken: "a", gitPassword: "b" },
            "gitBearerToken: takes the place of",
        ],
        [
            "a sparse checkout that leaves out what is applied",
            { gitUrl, gitPath: "./clusters/a", gitSparseCheckout: ["apps", "clusters/b"] },
            'gitSparseCheckout: ["apps","clusters/b"] leaves out gitPath, ./clusters/a',
        ],
        ["a repository without an owner", { github: { repository: "a" } }, "github.owner: is missing"],
        ["an unknown key of GitHub's", { github: { ...github, team: "a" } }, "github.team: there", "mean teams?"],
        [
            "a team with an unknown permission",
            { github: { ...github, teams: ["a:write"] } },
            'github.teams[0]: "a:write" must be a team\'s slug, or slug:permission, of pull, triage, push, maintain',
        ],
        [
            "a user's teams",
            { github: { ...github, personal: true, teams: ["a"] } },
            "github.teams: a user has no teams",
        ],
        ["an author without an address", { github: { ...github, authorName: "Flux" } }, "both or none"],
        ["an unknown kind of key", { github: { ...github, keyAlgorithm: "dsa" } }, "is not one of ecdsa, rsa, ed25519"],
        [
            "a host whose keys nobody knows",
            { github: { ...github, hostname: "github.example.com" } },
            "gitKnownHosts: is missing; without the public keys of github.example.com",
        ],
        ["an ssh key for GitHub", { github, gitIdentity: "a" }, "gitIdentity: belongs to gitUrl, and github is set"],
        [
            "Flux in a bucket that it shall be kept in",
            { bucket, syncOwner: "git" },
            "syncOwner: git needs a repository",
        ],
        ["two sources", { gitUrl, oci: { url: "oci://host/a" } }, "gitUrl, oci: Flux follows one of them"],
        ["a setting of another source", { gitPassword: "a", oci }, "gitPassword: belongs to gitUrl, and oci is set"],
        ["an artifact with a tag in its URL", { oci: { url: "https://host/a" } }, 'oci.url: "https://host/a" must be'],
        ["an artifact without a URL", { oci: { tag: "a" } }, "oci.url: is missing"],
        ["two revisions of an artifact", { oci: { ...oci, tag: "a", semver: "1.x" } }, "oci.tag, oci.semver: only one"],
        ["an unknown key of an artifact", { oci: { ...oci, tg: "a" } }, "oci.tg: there is no such key", "mean tag?"],
        ["an artifact's user without a password", { oci: { ...oci, username: "me" } }, "--secret ociPassword"],
        ["an artifact's password without a user", { oci, ociPassword: "a" }, "oci.username: is missing"],
        ["a bucket without a host", { bucket: { name: "a" } }, "bucket.endpoint: is missing"],
        ["a bucket's key without its secret", { bucket: { ...bucket, accessKey: "a" } }, "--secret bucketSecretKey"],
        [
            "a registry's credentials without the Secret's name",
            { gitUrl, fluxRegistryUsername: "me", fluxRegistryPassword: "password" },
            "fluxImagePullSecret: is missing",
        ],
        [
            "a registry's password without a user",
            { gitUrl, fluxRegistryPassword: "password", fluxImagePullSecret: "a" },
            "fluxRegistryUsername: is missing",
        ],
        [
            "a login for all images without the Secret's name, and without registries",
            { gitUrl, imageRegistryUsername: "me", imageRegistryPassword: "password" },
            "imagePullSecret: is missing",
            "imageRegistryUsername: is that of the registries in imageRegistries, and there are none",
        ],
        [
            "what the releases of 2020 don't know",
            { gitUrl, ...of2020, gitRecurseSubmodules: true, gitBearerToken: "a" },
            "gitRecurseSubmodules: Flux v0.5.6 doesn't have it",
            "gitBearerToken: Flux v0.5.6 doesn't have it",
        ],
        [
            "generations that no cluster runs together",
            { gitUrl, tektonTriggersVersion: "v0.10.1" },
            "tekton-triggers v0.10.1",
            "different generations",
        ],
        [
            "a catch-up that nobody would believe",
            { gitUrl, authenticateEvents: false },
            "catchUp: true needs authenticateEvents",
            "catchUp to false",
        ],
        [
            "a catch-up that would make a run each time",
            { gitUrl, runNaming: "uid" },
            'catchUp: true needs runNaming "revision"',
            "catchUp to false",
        ],
        [
            "an unknown naming of runs",
            { gitUrl, runNaming: "revison" },
            'runNaming: "revison" is not one of revision, uid. Did you mean revision?',
        ],
        [
            "a namespace to be made that is there already",
            { gitUrl, createNamespace: true },
            "createNamespace: true needs a namespace of the chain's own, and \"default\" isn't one",
        ],
        [
            "a namespace to be made that is Flux's",
            { gitUrl, createNamespace: true, namespace: "gitops", fluxNamespace: "gitops" },
            '"gitops" isn\'t one',
        ],
        [
            "Pod Security of a namespace that isn't made",
            { gitUrl, namespace: "ci", namespacePodSecurity: "baseline" },
            "namespacePodSecurity: baseline is for a namespace that the stack makes",
        ],
        [
            "Pod Security that would refuse what Tekton adds to a run",
            {
                gitUrl,
                namespace: "ci",
                createNamespace: true,
                namespacePodSecurity: "restricted",
                tektonFeatureFlags: { "set-security-context": "false" },
            },
            "namespacePodSecurity: restricted refuses the containers that Tekton adds",
            "tektonFeatureFlags.set-security-context",
        ],
        [
            "an amount that is none",
            { gitUrl, listenerResources: { limits: { memory: "1 GB" } } },
            'listenerResources.limits.memory: "1 GB" must be a quantity such as 100m, 0.5 or 64Mi',
        ],
        [
            "an unknown key at some depth",
            { gitUrl, listenerResources: { requests: { memry: "1Gi" } } },
            "listenerResources.requests.memry: there is no such key; allowed are cpu, memory. Did you mean memory?",
        ],
        [
            "an unknown key of a route's pipeline",
            { gitUrl, routes: [{ name: "a", pipeline: { name: "b", workspace: [] } }] },
            "routes[0].pipeline.workspace: there is no such key",
            "Did you mean workspaces?",
        ],
        [
            "a workspace without a name",
            { gitUrl, routes: [{ name: "a", pipeline: { name: "b", workspaces: [{ emptyDir: {} }] } }] },
            "routes[0].pipeline.workspaces[0].name: is missing",
        ],
        [
            "an unknown type of Receiver",
            { gitUrl, receiverType: "githb" },
            'receiverType: "githb" is not one of generic',
            "Did you mean github?",
        ],
        [
            "a type of Receiver that came later",
            {
                gitUrl,
                receiverType: "acr",
                tektonPipelinesVersion: "v0.18.1",
                tektonTriggersVersion: "v0.10.1",
                fluxVersion: "v0.5.6",
            },
            'receiverType: "acr" isn\'t one that Flux v0.5.6 knows: generic, github',
        ],
        ["a history without any run", { gitUrl, runHistoryLimit: 0 }, "runHistoryLimit: 0 must be 1 or more"],
        [
            "an age that is none, of a route",
            { gitUrl, routes: [{ name: "a", runHistoryAge: "7d" }] },
            'routes[0].runHistoryAge: "7d" must be a duration such as 90s, 5m or 1h30m',
        ],
        [
            "a feature flag that isn't a text",
            { gitUrl, tektonFeatureFlags: { coschedule: true } },
            "tektonFeatureFlags.coschedule: true must be of type string",
        ],
        [
            "a registry that is a short name",
            { gitUrl, imageRegistries: { alpine: "registry.example.com/alpine" } },
            "imageRegistries.alpine: the key must be a registry or a path on one, such as docker.io",
        ],
        [
            "a registry that is a URL",
            { gitUrl, imageRegistries: { "ghcr.io": "https://registry.example.com" } },
            'imageRegistries.ghcr.io: "https://registry.example.com" must be a registry',
            "without https://",
        ],
        [
            "an image that is none",
            { gitUrl, pipelineImage: "https://ghcr.io/a/b" },
            'pipelineImage: "https://ghcr.io/a/b" must be an image',
        ],
        [
            "a listener's name that leaves no room for its Service's",
            { gitUrl, eventListenerName: "l".repeat(61) },
            "eventListenerName: ",
            "60 characters at most",
        ],
        ["a mirror of releases whose lock isn't there", { gitUrl, releaseLock: "/no/such.lock.json" }, "/no/such.lock"],
    ];
    for (const [name, config, ...fragments] of cases) {
        it(`refuses ${name}`, async () => {
            const text = (await problems(config)).join("\n");
            for (const fragment of fragments) expect(text).to.include(fragment);
        });
    }

    it("refuses a password in clear", async () => {
        const [problem] = await problems({ gitUrl, gitPassword: "in-clear" });
        expect(problem).to.include("gitPassword: stands in clear").and.include("--secret gitPassword");
        expect(problem).not.to.include("in-clear");
    });

    it("keeps passwords and keys secret", async () => {
        const config = await read({ gitUrl, gitPassword: "of-the-host" });
        const credentials = config.sync.source.credentials as {
            username: string;
            password: import("@pulumi/pulumi").Output<string>;
        };
        expect(credentials.username).to.equal("git");
        expect(await resolve(credentials.password)).to.deep.equal({ value: "of-the-host", secret: true });
    });

    it("follows the artifact or bucket that is configured in place of a repository", async () => {
        const artifact = await read({ oci: { ...oci, semver: ">=1.0.0", path: "./fleet" } });
        expect(artifact.sync.source).to.deep.include({ kind: "OCIRepository", ref: { semver: ">=1.0.0" } });
        expect(artifact.sync.path).to.equal("./fleet");
        expect((await read({ oci })).sync.source).to.deep.include({ ...oci, ref: { tag: "latest" } });
        const { source } = (await read({ bucket })).sync;
        expect(source).to.include({ kind: "Bucket", bucketName: "fleet", endpoint: "s3.example.com" });
    });

    it("takes a Secret that is there already in place of a key", async () => {
        const { sync } = await read({ gitUrl: ssh.gitUrl, gitSecretName: "of-the-vault" });
        expect(sync.secretName).to.equal("of-the-vault");
        expect(sync.source.credentials).to.equal(undefined);
    });

    it("keeps all that is secret so, whatever it belongs to", async () => {
        const login = { fluxRegistryUsername: "me", fluxRegistryPassword: "of-the-registry" };
        const config = { gitUrl, fluxImagePullSecret: "pull", ...login };
        const password = (await read(config)).registryLogin!.password as import("@pulumi/pulumi").Output<string>;
        expect(await resolve(password)).to.deep.equal({ value: "of-the-registry", secret: true });
        const problem = (await problems({ ...config, fluxRegistryPassword: "in-clear" })).join();
        expect(problem).to.include("fluxRegistryPassword: stands in clear");
    });

    it("takes the cluster from the Kubernetes provider's own config", async () => {
        const config = await read({ gitUrl, "kubernetes:context": "staging", "kubernetes:cluster": "" });
        expect(config).to.include({ kubeContext: "staging", kubeCluster: undefined, kubeconfig: undefined });
    });
});
