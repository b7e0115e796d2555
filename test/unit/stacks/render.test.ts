import { expect } from "chai";
import { parseManifest } from "../../../components/release";
import { toYaml } from "../../../components/toYaml";
import { render, type RenderedObject, unknownPlaceholder } from "../../../stacks/render";
import { readSettings, secretPlaceholder, stackNames } from "../../../stacks/settings";
import { lockedReleases, today } from "../support/program";
import { mirror, releaseText } from "../support/releases";

/** Renders a stack; skips the test, by its name, where the release manifests can't be had. */
async function rendered(test: Mocha.Context, config: Record<string, string> = {}): Promise<RenderedObject[]> {
    for (const { files } of lockedReleases(today)) files.forEach(({ name }) => releaseText(test, name));
    test.timeout(60_000);
    return render(readSettings("staging", { releaseMirror: mirror!, ...config }));
}

function text(objects: readonly RenderedObject[]): string {
    return objects.map(({ component, object }) => `# ${component}\n${toYaml(object)}`).join("---\n");
}

describe("a rendered stack", () => {
    let objects: RenderedObject[];
    before(async function () {
        objects = await rendered(this);
    });
    const find = (kind: string, name?: string): RenderedObject["object"] =>
        objects.find(({ object }) => object.kind === kind && (name === undefined || object.metadata.name === name))!
            .object;
    const position = (kind: string, name: string): number =>
        objects.findIndex(({ object }) => object === find(kind, name));

    it("is the same twice, byte by byte", async function () {
        expect(text(await rendered(this))).to.equal(text(objects));
    });

    it("tells of each object which component holds it", () => {
        expect(new Set(objects.map(({ component }) => component))).to.include.keys(
            ...["tekton-pipelines", "tekton-triggers", "flux", "flux-sync", "trigger-chain", "alerting", "receiver"],
        );
        // Not the component inside it that registers the object.
        const account = objects.find(({ object }) => object.metadata.name === "flux-notifications-sa");
        expect(account?.component).to.equal("trigger-chain");
    });

    it("is in an order in which it can be applied", () => {
        const order = [
            position("Namespace", "tekton-pipelines"),
            position("ConfigMap", "feature-flags"),
            position("Deployment", "tekton-pipelines-webhook"),
            position("ValidatingWebhookConfiguration", "config.webhook.pipeline.tekton.dev"),
            position("EventListener", "flux-event-listener"),
            position("Provider", "tekton-el-provider"),
            position("Alert", "tekton-alert"),
        ];
        expect(order).not.to.include(-1);
        expect([...order].sort((a, b) => a - b)).to.deep.equal(order);
    });

    it("has placeholders for tokens, and for what follows from them", () => {
        expect(find("Secret", "generic-receiver-token").stringData).to.deep.equal({ token: secretPlaceholder });
        expect(find("Secret", "tekton-el-provider-headers").stringData).to.deep.equal({ headers: secretPlaceholder });
        expect(find("Receiver").metadata.annotations).to.include({
            "reconcile.fluxcd.io/requestedAt": unknownPlaceholder,
        });
    });

    it("has the address that the EventListener is going to have", () => {
        expect(find("Provider").spec).to.deep.include({
            address: "http://el-flux-event-listener.default.svc.cluster.local:8080",
        });
    });

    it("has nothing unknown but what follows from a token", () => {
        const withUnknown = objects.filter(({ object }) => toYaml(object).includes(unknownPlaceholder));
        expect(withUnknown.map(({ object }) => object.kind)).to.deep.equal(["Receiver"]);
    });

    it("tells no password", async function () {
        const all = text(
            await rendered(this, {
                gitUrl: "https://git.example.com/fleet.git",
                gitUsername: "somebody",
                gitPassword: "opensesame-1",
            }),
        );
        expect(all).to.include(`password: "${secretPlaceholder}"`);
        expect(all).not.to.include("opensesame-1").and.not.to.include(Buffer.from("opensesame-1").toString("base64"));
    });

    it("has a placeholder of the form that Kubernetes insists on for a registry's credentials", async function () {
        const config = {
            fluxRegistryUsername: "robot",
            fluxRegistryPassword: "opensesame-3",
            fluxImagePullSecret: "pull",
        };
        const all = await rendered(this, config);
        const secret = all.find(({ object }) => object.metadata.name === "pull")!.object;
        expect(secret.stringData).to.deep.equal({ ".dockerconfigjson": `{"${secretPlaceholder}":{}}` });
        expect(text(all)).not.to.include("opensesame-3");
    });

    it("tells no private key", async function () {
        const all = text(
            await rendered(this, {
                gitUrl: "ssh://git@git.example.com/fleet.git",
                gitIdentity: "-----BEGIN PRIVATE KEY-----\nopensesame-2\n",
                gitKnownHosts: "git.example.com ssh-ed25519 AAAA",
            }),
        );
        expect(all).to.include(`identity: "${secretPlaceholder}"`);
        expect(all).not.to.include("opensesame-2").and.not.to.include("PRIVATE KEY");
    });

    it("isn't there for a config with mistakes: all of them are told", async () => {
        const wrong = readSettings("staging", { listenerReplicas: "0", runNaming: "comit" });
        const error: unknown = await render(wrong).catch((reason: unknown) => reason);
        expect((error as Error).message).to.match(/2 problem.*listenerReplicas: 0.*runNaming: "comit"/s);
    });
});

describe("every other stack of this project", () => {
    for (const stack of stackNames().filter((name) => name !== "staging")) {
        it(`renders without cluster, and without the key of its secrets: ${stack}`, async function () {
            if (mirror === undefined) this.skip();
            this.timeout(60_000);
            const objects = await render(readSettings(stack, { releaseMirror: mirror }));
            expect(objects.map(({ object }) => object.kind)).to.include.members([
                "Deployment",
                "EventListener",
                "Secret",
            ]);
        });
    }
});

describe("an object's YAML", () => {
    const metadata = { name: "tricky" };

    it("means the same to a reader of YAML 1.1, as Kubernetes is one", () => {
        const words = ["yes", "on", "y", "null", "~", "0644", "1e3", "1_000", "12:30", "2020-01-01", "=", "<<", "0x1F"];
        const data = Object.fromEntries(
            [...words, ...words.map((word) => `${word}\n`), ""].map((word, i) => [i, word]),
        );
        const object = { apiVersion: "v1", kind: "ConfigMap", metadata, data, more: [true, 1, 0.5, null] };
        expect(parseManifest(toYaml(object), "test")).to.deep.equal([object]);
    });

    it("has sorted keys, whole lines and no anchors", () => {
        const shared = { b: 1, a: "word ".repeat(60).trim() };
        const yaml = toYaml({ kind: "X", apiVersion: "v1", metadata, one: shared, two: shared });
        expect(yaml.match(/^\w+/gm)).to.deep.equal(["apiVersion", "kind", "metadata", "one", "two"]);
        expect(yaml).to.include(`  a: ${shared.a}\n  b: 1\n`).and.not.to.include("&");
    });
});
