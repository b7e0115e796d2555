import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import * as languageService from "@pulumi/pulumi/proto/language_grpc_pb";
import * as language from "@pulumi/pulumi/proto/language_pb";
import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";
import { folder } from "./staging";

const root = join(__dirname, "../..");

type Call<T> = grpc.ServerUnaryCall<T, unknown>;
type Answer<T> = grpc.sendUnaryData<T>;

/**
 * Stands for pulumi-language-nodejs, which no package registry serves: starts the SDK's own program runner in a process
 * of its own, with what Pulumi.yaml says of it.
 */
const languageHost = {
    getRequiredPlugins: (_: unknown, answer: Answer<language.GetRequiredPluginsResponse>) =>
        answer(null, new language.GetRequiredPluginsResponse()),

    run({ request }: Call<language.RunRequest>, answer: Answer<language.RunResponse>): void {
        const { main, runtime } = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8"));
        const args = [
            ...(runtime.options.nodeargs as string).split(" "),
            require.resolve("@pulumi/pulumi/cmd/run"),
            `--monitor=${request.getMonitorAddress()}`,
            `--engine=${request.getArgsList()[0]}`,
            `--organization=${request.getOrganization()}`,
            `--project=${request.getProject()}`,
            `--stack=${request.getStack()}`,
            `--parallel=${request.getParallel()}`,
            ...(request.getDryrun() ? ["--dry-run"] : []),
            main,
        ];
        const env = {
            PULUMI_NODEJS_TYPESCRIPT: String(runtime.options.typescript),
            PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        };
        void execa(process.execPath, args, { cwd: root, env, reject: false, all: true }).then(({ exitCode, all }) => {
            const response = new language.RunResponse();
            if (exitCode !== 0) response.setError(`the program ended with ${exitCode}:\n${all}`);
            answer(null, response);
        });
    },
};

describe("the program, as the pulumi command starts it", function () {
    this.timeout(5 * 60_000);

    it("has nothing to do after the Automation API's update", async () => {
        const server = new grpc.Server();
        server.addService(languageService.LanguageRuntimeService as unknown as grpc.ServiceDefinition, languageHost);
        const port = await new Promise<number>((resolve, reject) =>
            server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
                error ? reject(error) : resolve(bound),
            ),
        );
        try {
            const preview = ["preview", "--stack", "staging", "--expect-no-changes", "--non-interactive"];
            const { exitCode, all } = await execa("pulumi", [...preview, `--client=127.0.0.1:${port}`], {
                cwd: folder,
                reject: false,
                all: true,
            });
            expect(exitCode, all).to.equal(0);
            expect(all).to.match(/\d+ unchanged/);
        } finally {
            server.forceShutdown();
        }
    });
});
