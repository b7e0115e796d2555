import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { loadRelease, parseRelease } from "../../../components/release";
import { CrdSchemas } from "../support/crdSchemas";
import { chainObjects, lockedReleases, of2020, type ProgramRun, runProgram, today } from "../support/program";
import { mirror } from "../support/releases";

/** Kinds that the releases define without a schema: their webhooks alone know what is valid. */
const schemaless: Record<string, string[]> = {
    [today.title]: ["EventListener", "TriggerBinding", "TriggerTemplate"],
    [of2020.title]: ["EventListener", "Pipeline", "PipelineRun", "TriggerBinding", "TriggerTemplate"],
};

for (const releases of [today, of2020]) {
    describe(`custom resources and the definitions of ${releases.title}`, () => {
        let run: ProgramRun;
        let schemas: CrdSchemas;
        before(async function () {
            run = await runProgram(this, releases);
            const loaded = await Promise.all(
                lockedReleases(releases).map((release) => loadRelease(release, { mirror: mirror! })),
            );
            schemas = new CrdSchemas(loaded.flatMap(parseRelease));
        });

        /** The chain's custom resources, and the PipelineRun that the template makes. */
        const chain = (): KubernetesObject[] => {
            const template = run.resources.object("TriggerTemplate").inputs.spec as {
                resourcetemplates: KubernetesObject[];
            };
            return [...chainObjects(run), ...template.resourcetemplates].filter((object) => schemas.defines(object));
        };
        const withSchema = (): KubernetesObject[] => chain().filter((object) => !schemas.isSchemaless(object));

        it("are of these ten kinds", () => {
            expect([...new Set(chain().map(({ kind }) => kind))]).to.have.members([
                "Alert",
                "EventListener",
                "GitRepository",
                "Kustomization",
                "Pipeline",
                "PipelineRun",
                "Provider",
                "Receiver",
                "TriggerBinding",
                "TriggerTemplate",
            ]);
        });

        it("conform with everything set that can be", async function () {
            const pipeline = {
                ...{ name: "release", params: ["commit"], values: { image: "example.com/app" } },
                ...{ workspaces: [{ name: "source", emptyDir: {} }], timeout: "30m", serviceAccountName: "builder" },
            };
            const settings = {
                ...{ syncTimeout: "2m", syncPrune: false, providerTimeout: "30s", listenerReplicas: 2 },
                ...{ receiverType: "github", receiverEvents: ["push"] },
                ...{ namespace: "ci", createNamespace: true, namespacePodSecurity: "baseline" },
                ...{ routes: [{ name: "build", pipeline }] },
            };
            const all = await runProgram(this, { ...releases, settings });
            const { resourcetemplates } = all.resources.object("TriggerTemplate").inputs.spec as {
                resourcetemplates: KubernetesObject[];
            };
            const objects = [...chainObjects(all), ...resourcetemplates].filter((object) => schemas.defines(object));
            expect(objects).to.have.length.greaterThan(6);
            for (const object of objects) {
                expect(schemas.problems(object), `${object.apiVersion} ${object.kind}`).to.deep.equal([]);
            }
        });

        it("conform, with no field that the cluster would drop", () => {
            for (const object of withSchema()) {
                expect(schemas.problems(object), `${object.apiVersion} ${object.kind}`).to.deep.equal([]);
            }
        });

        const unchecked = schemaless[releases.title]!;
        it(`are served in the version used, where the definition has no schema: ${unchecked.join(", ")}`, () => {
            const without = chain().filter((object) => schemas.isSchemaless(object));
            expect([...new Set(without.map(({ kind }) => kind))]).to.have.members(unchecked);
            for (const object of without) expect(schemas.problems(object)).to.deep.equal([]);
        });

        it("conform where the releases bring them along", () => {
            const own = run.resources
                .objects()
                .map(({ inputs }) => inputs)
                .filter((object) => schemas.defines(object));
            for (const object of own) expect(schemas.problems(object), object.metadata.name).to.deep.equal([]);
        });

        it("are refused with an unknown field, by every schema there is", () => {
            expect(withSchema()).to.have.length.greaterThan(4);
            for (const object of withSchema()) {
                const wrong = { ...object, spec: { ...(object.spec as object), noSuchField: 1 } };
                expect(schemas.problems(wrong), object.kind).to.deep.equal(["/spec/noSuchField is an unknown field"]);
            }
        });

        it("are refused with a field of the wrong type, and of the wrong depth", () => {
            const repository = run.resources.object("GitRepository").inputs;
            const spec = { ...(repository.spec as object), url: 7, ref: { branch: "main", brnch: "main" } };
            expect(schemas.problems({ ...repository, spec } as KubernetesObject)).to.have.members([
                "/spec/url must be string",
                "/spec/ref/brnch is an unknown field",
            ]);
        });

        it("are refused without a field that must be there", () => {
            const alert = run.resources.object("Alert").inputs;
            const wrong = { ...alert, spec: { ...(alert.spec as object), providerRef: undefined } };
            expect(schemas.problems(wrong)).to.deep.equal(["/spec must have required property 'providerRef'"]);
        });

        it("are refused in a version that isn't served", () => {
            const wrong = {
                ...run.resources.object("Receiver").inputs,
                apiVersion: "notification.toolkit.fluxcd.io/v9",
            };
            expect(schemas.problems(wrong)).to.deep.equal(["notification.toolkit.fluxcd.io/v9 Receiver is not served"]);
        });
    });
}
