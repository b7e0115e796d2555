import { readFile } from "node:fs/promises";
import * as k8s from "@pulumi/kubernetes/provider";
import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { FluxSync, type FluxSyncArgs, type GitCredentials } from "../../components";
import { kubectl } from "../../demo/cluster";
import { commit, createRepository } from "../../sandbox/git/repository";
import { keyPair } from "../../sandbox/git/sshServer";
import { openStack } from "../../stacks/automation";
import { folder, operation } from "./staging";
import { measured } from "./support";

const root = process.env.SANDBOX_GIT_ROOT!;
const host = "git.sandbox.test";

/** A sync, and what Flux has to say of it if it can't work. */
type Access = Pick<FluxSyncArgs, "path"> & {
    readonly scheme: "https" | "ssh";
    readonly repository: string;
    readonly branch?: string;
    readonly credentials?: GitCredentials;
};

describe("access to a Git repository", function () {
    this.timeout(5 * 60_000);
    this.bail(true);

    let stack: Stack;
    let right: Record<string, Access>;
    let wrong: Record<string, Access & { readonly says: RegExp }>;
    /** What the program below applies. */
    let applied: Record<string, Access>;

    const program = (): Promise<Record<string, never>> => {
        const provider = new k8s.Provider("cluster", { enableServerSideApply: true, enableSecretMutable: true });
        for (const [name, { scheme, repository, branch, path, credentials }] of Object.entries(applied)) {
            const user = scheme === "ssh" ? "git@" : "";
            const url = `${scheme}://${user}${host}/${repository}`;
            const source = { kind: "GitRepository", url, branch, credentials } as const;
            new FluxSync(
                name,
                { generation: "v1", namespace: "flux-system", name, source, path, readyTimeout: "12s" },
                { provider },
            );
        }
        return Promise.resolve({});
    };

    before(async () => {
        const [plain, locked, stranger] = [keyPair(), keyPair("open"), keyPair()];
        const login = { username: "flux", password: "token-of-the-repository" };
        const files = { "staging-cluster/kustomization.yaml": "resources: []\n" };
        const deployKeys = [plain.publicKey, locked.publicKey];
        await createRepository(root, "access.git", { credentials: login, deployKeys });
        await createRepository(root, "empty.git");
        const url = `${process.env.SANDBOX_GIT_URL}access.git`;
        await commit({ url, message: "Start", files, credentials: login });

        const caCertificate = await readFile(process.env.SANDBOX_GIT_CA!, "utf8");
        const hostKey = await readFile(process.env.SANDBOX_GIT_HOST_KEY!, "utf8");
        const knownHosts = `${host} ${hostKey}`;
        const https = { scheme: "https", repository: "access.git", path: "./staging-cluster" } as const;
        const ssh = { ...https, scheme: "ssh" } as const;
        right = {
            "access-token": { ...https, credentials: { ...login, caCertificate } },
            "access-key": { ...ssh, credentials: { identity: plain.privateKey, knownHosts } },
            "access-passphrase": { ...ssh, credentials: { identity: locked.privateKey, knownHosts, password: "open" } },
        };
        const strangers = { identity: stranger.privateKey, knownHosts };
        const impostor = { identity: plain.privateKey, knownHosts: `${host} ${stranger.publicKey}` };
        const credentials = { ...login, caCertificate };
        wrong = {
            "access-token": {
                ...https,
                credentials: { ...credentials, password: "wrong" },
                says: /authentication required|invalid credentials|401/i,
            },
            "access-authority": { ...https, credentials: login, says: /certificate signed by unknown authority/ },
            "access-key": { ...ssh, credentials: strangers, says: /unable to authenticate/ },
            "access-host": { ...ssh, credentials: impostor, says: /key mismatch|knownhosts/ },
            "access-branch": { ...https, branch: "mian", credentials, says: /couldn't find remote ref .*mian/ },
            "access-empty": { ...https, repository: "empty.git", credentials: { caCertificate }, says: /empty/ },
            "access-path": {
                ...https,
                path: "./no-such-folder",
                credentials,
                says: /no-such-folder.* not found|no such/,
            },
        };
        stack = await openStack("access", folder, { settings: "staging", program });
    });

    it("that can't work is each resource's own error, with Flux's words, within the time that is set", async () => {
        applied = wrong;
        let output = "";
        const started = Date.now();
        await measured("seven wrong accesses, all told", () =>
            stack.up({ ...operation, continueOnError: true, onOutput: (text) => (output += text) }).then(
                () => expect.fail("it succeeded"),
                (error: Error) => (output += error.message),
            ),
        );
        expect(Date.now() - started).to.be.lessThan(60_000);
        for (const [name, { says }] of Object.entries(wrong)) {
            const kind = name === "access-path" ? "kustomization" : "repository";
            const lines = output.split("\n").filter((line) => line.includes(` ${name}-${kind} `));
            expect(lines.join("\n"), `of ${name}, in:\n${output}`).to.match(says).and.to.include("creating failed");
        }
        for (const secret of ["token-of-the-repository", "BEGIN OPENSSH PRIVATE KEY"]) {
            expect(output).not.to.include(secret);
        }
    });

    it("goes on at once when it is mended: a token over https, a key over ssh, one with a passphrase", async () => {
        applied = right;
        const { summary } = await measured("three right accesses", () => stack.up(operation));
        expect(summary.result).to.equal("succeeded");
        for (const name of Object.keys(right)) {
            const path = "jsonpath={.status.lastAppliedRevision}";
            const revision = await kubectl("-n", "flux-system", "get", "kustomization", name, "-o", path);
            expect(revision, name).to.match(/^main@sha1:[0-9a-f]{40}$/);
        }
    });

    it("has nothing to do in the next up, and leaves nothing", async () => {
        const { summary } = await stack.up(operation);
        expect(Object.keys(summary.resourceChanges!)).to.deep.equal(["same"]);
        await stack.destroy(operation);
        await stack.workspace.removeStack("access");
    });
});
