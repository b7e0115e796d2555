import { expect } from "chai";
import { execa } from "execa";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../../stacks/config";
import { newStack } from "../../../stacks/newStack";
import { readSettings, SettingsError } from "../../../stacks/settings";

const root = join(__dirname, "../../..");

describe("npm run new-stack", function () {
    this.timeout(60_000);
    let folder: string;
    beforeEach(() => {
        folder = mkdtempSync(join(tmpdir(), "new-stack-test-"));
        for (const file of ["Pulumi.yaml", "Pulumi.production.yaml"])
            copyFileSync(join(root, file), join(folder, file));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    const read = (stack: string): string => readFileSync(join(folder, `Pulumi.${stack}.yaml`), "utf8");
    const make = (
        name: string,
        config: Record<string, string> = {},
        like = "production",
    ): ReturnType<typeof newStack> => newStack({ name, like, config, folder });
    async function failure(action: Promise<unknown>): Promise<Error> {
        const error: unknown = await action.then(() => undefined).catch((reason: unknown) => reason);
        expect(readdirSync(folder)).not.to.include("Pulumi.qa.yaml");
        return error as Error;
    }

    it("writes a file like the other stack's, comments included, with what is its own", async () => {
        const own = { gitPath: "./clusters/qa", listenerReplicas: "3", "kubernetes:context": "qa", pipelineImage: "1" };
        const { path, secrets } = await make("qa", own);
        expect(path).to.equal(join(folder, "Pulumi.qa.yaml"));
        expect(secrets).to.deep.equal([]);
        const { config } = readSettings("qa", {}, folder);
        expect(config).to.deep.equal({
            ...readSettings("production", {}, folder).config,
            "flux-to-tekton:gitPath": "./clusters/qa",
            "flux-to-tekton:listenerReplicas": "3",
            "flux-to-tekton:pipelineImage": "1",
            "kubernetes:context": "qa",
        });
        const comments = (text: string): string[] => text.split("\n").filter((line) => line.trim().startsWith("#"));
        expect(comments(read("qa"))).to.deep.equal(comments(read("production")));
        expect(read("qa")).to.include("listenerReplicas: 3\n").and.include('pipelineImage: "1"\n');
    });

    it("takes structured values as JSON", async () => {
        const routes = [{ name: "build", pipeline: { name: "build", params: ["commit"] } }];
        await make("qa", { routes: JSON.stringify(routes) });
        expect(JSON.parse(readSettings("qa", {}, folder).config["flux-to-tekton:routes"]!)).to.deep.equal(routes);
    });

    it("leaves out what only the other stack's key can read, and says what it was", async () => {
        const encrypted = `encryptionsalt: v1:of-the-other\nsecretsprovider: passphrase\n${read("production")}`;
        writeFileSync(
            join(folder, "Pulumi.other.yaml"),
            `${encrypted}    flux-to-tekton:gitPassword:\n        secure: v1:abc\n`,
        );
        expect((await make("qa", {}, "other")).secrets).to.deep.equal(["gitPassword"]);
        expect(read("qa")).not.to.match(/encryptionsalt|secretsprovider|secure|gitPassword:/);
        expect(read("qa")).to.include("gitUrl: ");
    });

    it("never changes a file that is there", async () => {
        const before = read("production");
        const error = await failure(make("production", { gitPath: "./other" }));
        expect(error).to.be.instanceOf(SettingsError);
        expect(error.message).to.include("Pulumi.production.yaml is there already, and stays as it is");
        expect(read("production")).to.equal(before);
    });

    it("reports every mistake of the config at once, and writes nothing", async () => {
        const error = await failure(make("qa", { lstenerReplicas: "2", listenerReplicas: "0", routes: "[" }));
        expect(error).to.be.instanceOf(ConfigError);
        expect((error as ConfigError).problems.map((line) => line.split(":")[0])).to.have.members([
            "lstenerReplicas",
            "listenerReplicas",
            "routes",
        ]);
    });

    it("says which stacks there are to start from", async () => {
        const error = await failure(make("qa", {}, "prodction"));
        expect(error.message).to.include('no stack "prodction"').and.include("Did you mean production?");
    });

    for (const name of ["", "a b", "org/qa", "q".repeat(101)]) {
        it(`refuses ${JSON.stringify(name.slice(0, 20))} as a name`, async () => {
            expect((await failure(make(name))).message).to.include("can't be a stack's name");
        });
    }

    const cases: [what: string, args: string[], message: RegExp][] = [
        ["a stack that is there", ["staging"], /^Pulumi\.staging\.yaml is there already/],
        ["what it would have to ask for, without a terminal", ["qa"], /^gitUrl: isn't given.*--config gitUrl=/],
        ["a setting that is none", ["qa", "--config", "gitUrl"], /--config gitUrl: must be key=value/],
        ["no name", [], /missing required argument 'name'/],
    ];
    for (const [what, args, message] of cases) {
        it(`refuses ${what}, with exit code 1`, async () => {
            const { exitCode, stderr } = await execa(
                process.execPath,
                ["-r", "./scripts/typescript.cjs", "commands/newStack.ts", ...args],
                { cwd: root, reject: false, stdin: "ignore" },
            );
            expect(exitCode).to.equal(1);
            expect(stderr).to.match(message);
        });
    }
});
