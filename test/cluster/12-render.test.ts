import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation";
import { expect } from "chai";
import { execa } from "execa";
import type { KubernetesObject } from "../../components/kubernetesObject";
import { parseManifest } from "../../components/release";
import { unknownPlaceholder } from "../../stacks/render";
import { secretPlaceholder } from "../../stacks/settings";
import { staging } from "./staging";
import { measured } from "./support";

describe("npm run render, for the stack staging", function () {
    this.timeout(3 * 60_000);

    let stream: string;
    let rendered: KubernetesObject[];
    let applied: KubernetesObject[];

    before(async () => {
        const command = ["-r", "./scripts/typescript.cjs", "commands/render.ts"];
        const { stdout } = await measured("render", () =>
            execa(process.execPath, [...command, "--stack", "staging", "--output", "-"], {
                cwd: join(__dirname, "../.."),
                // It must not find the cluster.
                env: { KUBECONFIG: "/dev/null" },
            }),
        );
        stream = stdout;
        rendered = parseManifest(stream, "the rendered stack");
        applied = await objectsInState(await staging());
    });

    it("writes the objects that are in the state, and no others", () => {
        expect(rendered.map(identity)).to.have.members(applied.map(identity));
    });

    it("writes what the API server takes, all of it", async () => {
        const dryRun = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"];
        const { exitCode, stdout, stderr } = await execa("kubectl", dryRun, { input: stream, reject: false });
        expect(exitCode, stderr).to.equal(0);
        expect(stdout.split("\n")).to.have.length(rendered.length);
    });

    it("writes each as it was applied, but for the placeholders and the server's way to write the same", () => {
        const byIdentity = new Map(applied.map((object) => [identity(object), object]));
        const found = rendered.flatMap((object) =>
            differences(asServed(object), byIdentity.get(identity(object)), identity(object)),
        );
        expect(found).to.deep.equal([]);
    });
});

function identity({ apiVersion, kind, metadata }: KubernetesObject): string {
    return `${apiVersion} ${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
}

/** The Kubernetes objects of the last update, as the program gave them to the provider. */
async function objectsInState(stack: Stack): Promise<KubernetesObject[]> {
    const { deployment } = (await stack.exportStack()) as {
        deployment: { resources: { type: string; inputs?: KubernetesObject }[] };
    };
    return deployment.resources
        .filter(({ type }) => type.startsWith("kubernetes:"))
        .map(({ inputs }) => decrypted(inputs) as KubernetesObject);
}

/** An exported state has a secret as its JSON, beside a signature. */
function decrypted(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    if ("plaintext" in value) return JSON.parse(value.plaintext as string);
    if (Array.isArray(value)) return value.map(decrypted);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decrypted(inner)]));
}

/** The API server keeps a Secret's texts as base64. */
function asServed(object: KubernetesObject): KubernetesObject {
    const { stringData, ...others } = object;
    return stringData === undefined ? object : { ...others, data: stringData };
}

/** Paths at which a rendered value isn't the applied one. A placeholder stands for any text but none. */
function differences(rendered: unknown, applied: unknown, path: string): string[] {
    if (rendered === secretPlaceholder || rendered === unknownPlaceholder) {
        return typeof applied === "string" && applied !== "" ? [] : [path];
    }
    if (typeof rendered !== "object" || rendered === null || typeof applied !== "object" || applied === null) {
        return isSame(rendered, applied)
            ? []
            : [`${path}: ${JSON.stringify(rendered)}, not ${JSON.stringify(applied)}`];
    }
    const fields = (value: object): Record<string, unknown> => value as Record<string, unknown>;
    return [...new Set([...Object.keys(rendered), ...Object.keys(applied)])].flatMap((key) =>
        differences(fields(rendered)[key], fields(applied)[key], `${path}.${key}`),
    );
}

/** In the state an object is as the server writes it: without what is empty, and with short quantities. */
function isSame(rendered: unknown, applied: unknown): boolean {
    if (rendered === applied) return true;
    if (applied === undefined) return rendered === "" || rendered === false || (rendered as unknown[])?.length === 0;
    const quantity = (value: unknown): number => {
        const [, digits, unit = ""] = /^(\d+)([mk]?)$/.exec(String(value)) ?? [];
        return Number(digits) * { "": 1, m: 0.001, k: 1000 }[unit]!;
    };
    return quantity(rendered) === quantity(applied);
}
