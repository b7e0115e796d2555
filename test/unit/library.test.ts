import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import ts from "typescript";
import { compileExample, dependencies, installExample, name } from "../packedExample";
import { outputOf, type Registrations, simulate } from "./support/engine";
import { lockedReleases, today } from "./support/program";
import { mirror, releaseText } from "./support/releases";

interface Trigger {
    readonly name: string;
    readonly bindings: readonly { readonly name?: string; readonly value?: string }[];
}

/** A program of someone else's, in a folder of its own, with the package as `npm pack` makes it. */
describe("the package, in another Pulumi program", function () {
    this.timeout(240_000);

    let folder: string;
    let app: string;
    const installed = (...path: string[]): string => join(app, "node_modules", name, ...path);

    before(async () => {
        folder = await mkdtemp(join(tmpdir(), "library-"));
        app = await installExample(folder);
    });
    after(() => rm(folder, { recursive: true, force: true }));

    it("has the compiled components with their types, and nothing of the program around them", () => {
        const files = readdirSync(installed(), { recursive: true, encoding: "utf8" });
        expect(files).to.include.members(["dist/components/index.js", "dist/components/index.d.ts", "LICENSE"]);
        expect(files.filter((file) => /\.ts$/.test(file) && !/\.d\.ts$/.test(file))).to.deep.equal([]);
        expect(readdirSync(installed("dist"))).to.deep.equal(["components"]);
    });

    it("requires only what it declares", () => {
        const files = readdirSync(installed("dist"), { recursive: true, encoding: "utf8" });
        const required = files
            .filter((file) => file.endsWith(".js"))
            .flatMap((file) => [
                ...readFileSync(installed("dist", file), "utf8").matchAll(/require\("([^".][^"]*)"\)/g),
            ])
            .map(([, module]) => module!)
            .filter((module) => !module.startsWith("node:"))
            .map((module) => /^(@[^/]+\/)?[^/]+/.exec(module)![0]);
        expect(Object.keys(dependencies)).to.include.members(required);
        expect(required).to.include("@pulumi/pulumi");
    });

    it("is found by TypeScript in every mode of resolution", () => {
        const { ModuleResolutionKind } = ts;
        for (const kind of [ModuleResolutionKind.Node10, ModuleResolutionKind.NodeNext, ModuleResolutionKind.Bundler]) {
            const { resolvedModule } = ts.resolveModuleName(
                `${name}/components`,
                join(app, "index.ts"),
                { moduleResolution: kind },
                ts.sys,
            );
            expect(resolvedModule?.resolvedFileName, ModuleResolutionKind[kind])
                .to.be.a("string")
                .and.match(/dist\/components\/index\.d\.ts$/);
        }
    });

    it("is imported by JavaScript, in either of its module systems", async () => {
        const components = createRequire(join(app, "index.js"))(`${name}/components`) as Record<string, unknown>;
        expect(components).to.include.keys("TriggerChain", "loadRelease", "phasesOf", "Release");
        const program = join(app, "program.mjs");
        await writeFile(program, `export { TriggerChain, loadRelease } from "${name}/components";\n`);
        // Not import(), which is compiled to require().
        const load = new Function("url", "return import(url)") as (url: string) => Promise<Record<string, unknown>>;
        expect((await load(pathToFileURL(program).href)).TriggerChain).to.equal(components.TriggerChain);
    });

    describe("examples/two-routes", () => {
        let module: string;
        before(async () => {
            module = await compileExample(app);
        });

        async function run(config: Record<string, unknown> = {}): Promise<Registrations> {
            const program = createRequire(module)(module) as () => Promise<object>;
            const urls = { shopUrl: "https://git.example.com/shop.git", docsUrl: "https://git.example.com/docs.git" };
            return (await simulate({ ...urls, ...config }, program)).resources;
        }

        it("compiles, and wires two repositories to two pipelines", async () => {
            const resources = await run();
            const { triggers } = resources.object("EventListener").inputs.spec as { triggers: Trigger[] };
            const names = ["shop-trigger", "docs-trigger"];
            expect(triggers.map((trigger) => trigger.name)).to.deep.equal(names);
            const pipelines = triggers.map(({ bindings }) => bindings.find(({ name }) => name === "pipeline")?.value);
            const [shop, docs] = ["test-shop", "publish-docs"].map(outputOf);
            expect(pipelines).to.deep.equal([shop, docs]);
            const sources = ["shop", "docs"].map((source) => ({
                kind: "GitRepository",
                name: outputOf(source),
                namespace: outputOf("ci"),
            }));
            for (const [kind, field] of Object.entries({ Alert: "eventSources", Receiver: "resources" })) {
                expect(resources.object(kind).inputs.spec, kind).to.have.property(field).that.deep.equals(sources);
            }
            expect(resources.filter(({ type }) => type.includes("Tekton"))).to.have.length(0);
        });

        it("installs Flux and Tekton, too, if it is told to, and everything else waits for them", async function () {
            for (const { files } of lockedReleases(today)) files.forEach((file) => releaseText(this, file.name));
            process.env.RELEASE_MIRROR = mirror;
            const resources = await run({ install: true });
            const platform = ["tekton-pipelines", "tekton-triggers", "flux"];
            for (const component of platform) {
                expect(resources.within(component).length, component).to.be.greaterThan(20);
                for (const later of ["ci", "shop", "chain", "alerting", "receiver"]) {
                    const [one, other] = [resources.named(later), resources.named(component)];
                    expect(resources.waitsFor(one, other), `${later} after ${component}`).to.equal(true);
                }
            }
        });
    });
});
