import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { KubeConfig } from "@kubernetes/client-node";
import { expect } from "chai";
import { Api, ApiError } from "../../../commands/status/api";
import { kubeconfigFor } from "../support/apiServer";

/** What a simulated API server answers: by path, a body, or a refusal. */
const answers: Record<string, object | number> = {
    "/api/v1": {
        resources: [
            { name: "pods", kind: "Pod", namespaced: true },
            { name: "pods/log", kind: "Pod", namespaced: true },
            { name: "namespaces", kind: "Namespace", namespaced: false },
            { name: "secrets", kind: "Secret", namespaced: true },
        ],
    },
    "/api/v1/namespaces/default": { apiVersion: "v1", kind: "Namespace", metadata: { name: "default" } },
    "/api/v1/namespaces/default/pods?labelSelector=app%3Done": { items: [{ metadata: { name: "one" } }] },
    "/api/v1/namespaces/default/secrets/hidden": 403,
};

describe("the status command's client", () => {
    let api: Api;
    let calls: string[];
    const server = createServer((request, response) => {
        calls.push(request.url!);
        const answer = answers[request.url!] ?? 404;
        response.writeHead(typeof answer === "number" ? answer : 200);
        response.end(JSON.stringify(typeof answer === "number" ? { message: `refused with ${answer}` } : answer));
    });
    before(async () => {
        await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
        const config = new KubeConfig();
        config.loadFromString(kubeconfigFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
        api = await Api.connect(config);
    });
    beforeEach(() => (calls = []));
    after(() => {
        api.close();
        server.close();
    });
    const name = (kind: string, object: string, apiVersion = "v1"): Parameters<Api["read"]>[0] => ({
        apiVersion,
        kind,
        metadata: { name: object, namespace: "default" },
    });

    it("finds an object by what the API server serves, and asks for that once", async () => {
        expect(await api.read(name("Namespace", "default"))).to.have.nested.property("metadata.name", "default");
        expect(await api.read(name("Pod", "none"))).to.equal(undefined);
        expect(calls).to.deep.equal(["/api/v1", "/api/v1/namespaces/default", "/api/v1/namespaces/default/pods/none"]);
    });

    it("says of a list's items what they are", async () => {
        const [pod] = await api.list("v1", "Pod", "default", "app=one");
        expect(pod).to.include({ apiVersion: "v1", kind: "Pod" });
    });

    it("takes an object of a kind or group that isn't served for one that isn't there", async () => {
        expect(await api.read(name("Widget", "one"))).to.equal(undefined);
        expect(await api.read(name("Widget", "one", "example.com/v1"))).to.equal(undefined);
        expect(await api.list("example.com/v1", "Widget", "default")).to.deep.equal([]);
    });

    it("says why an object can't be read", async () => {
        const error = await api.read(name("Secret", "hidden")).catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(ApiError).and.include({ code: 403, message: "refused with 403" });
    });
});
