/**
 * Makes the release manifests from the Go modules of the same versions, as upstream's release pipelines do: for where
 * neither a mirror nor upstream's download sites can be reached, but a Go module proxy can.
 */
import { execa } from "execa";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { downloadModule } from "./goModules";

/**
 * Tekton Pipelines' release.yaml: https://github.com/tektoncd/pipeline/blob/main/tekton/publish.yaml
 * @param version "v1.15.0"
 */
export async function tektonPipelines(version: string): Promise<string> {
    const module = await downloadModule("github.com/tektoncd/pipeline", version);
    return koResolve(await yamlFiles(join(module, "config"), { recursive: true }), version);
}

/** Tekton Triggers' release.yaml and interceptors.yaml: https://github.com/tektoncd/triggers/blob/main/tekton/publish.yaml */
export async function tektonTriggers(version: string): Promise<{ release: string; interceptors: string }> {
    const module = await downloadModule("github.com/tektoncd/triggers", version);
    return {
        release: await koResolve(await yamlFiles(join(module, "config")), version),
        interceptors: await koResolve(await yamlFiles(join(module, "config", "interceptors")), version),
    };
}

/** Paths of the YAML files in a folder, in the order in which ko takes them. */
async function yamlFiles(folder: string, { recursive = false } = {}): Promise<string[]> {
    const entries = await readdir(folder, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    const paths = entries.map(async (entry) => {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) return recursive ? yamlFiles(path, { recursive }) : [];
        return /\.ya?ml$/.test(entry.name) ? [path] : [];
    });
    return (await Promise.all(paths)).flat();
}

/**
 * What `ko resolve` and the release pipeline's `sed` do: the program's import path becomes the name of its image, and
 * the version that of the release. The images' digests can't be known.
 */
async function koResolve(paths: readonly string[], version: string): Promise<string> {
    const texts = await Promise.all(paths.map((path) => readFile(path, "utf8")));
    return texts
        .join("\n---\n")
        .replace(
            /ko:\/\/(github\.com\/(tektoncd\/\w+)\/cmd\/(\w+))/g,
            (_, importPath: string, project: string, program: string) => {
                const hash = createHash("md5").update(importPath).digest("hex");
                return `ghcr.io/${project}/${program}-${hash}:${version}`;
            },
        )
        .replace(/((?:tekton\.dev\/release|version)"?): "devel"/g, `$1: "${version}"`);
}

/** A controller that a Flux release ships, and the files of its release that Flux's manifests fetch. */
const controllerFile =
    /https:\/\/github\.com\/fluxcd\/([\w-]+)\/releases\/download\/(v[\d.]+)\/\1\.(crds|deployment)\.yaml/g;

/** Their Go modules can't be had everywhere, and nothing in the sandbox needs them. */
const dispensable = ["helm-controller", "image-automation-controller", "image-reflector-controller", "source-watcher"];

/**
 * Flux's install.yaml: https://github.com/fluxcd/flux2/blob/main/.github/workflows/release.yaml
 * @param version "v2.9.4"
 * @param kubectl Path of kubectl, whose kustomize makes it.
 * @returns the manifest, and why which controllers are missing from it
 */
export async function flux(version: string, kubectl: string): Promise<{ install: string; leftOut: string[] }> {
    const flux2 = await downloadModule("github.com/fluxcd/flux2/v2", version);
    const folder = await mkdtemp(join(tmpdir(), "sandbox-flux-"));
    try {
        await copy(join(flux2, "manifests"), join(folder, "manifests"));
        const controllers = await readdir(join(folder, "manifests", "bases"));
        const missing = (await Promise.all(controllers.map((name) => useModule(name, folder)))).flat();
        const root = join(folder, "manifests", "install");
        const kustomization = await readFile(join(root, "kustomization.yaml"), "utf8");
        const bases = missing.map(({ controller }) => `  - ../bases/${controller}\n`);
        const available = bases.reduce((text, base) => text.replace(base, ""), kustomization);
        await writeFile(join(root, "kustomization.yaml"), available);
        const { stdout } = await execa(kubectl, ["kustomize", root], { stripFinalNewline: false });
        return { install: stdout, leftOut: missing.map(({ controller, why }) => `${controller}: ${why}`) };
    } finally {
        await rm(folder, { recursive: true, force: true });
    }
}

/**
 * Puts a controller's own manifests, from its Go module, in place of the URLs of its release.
 * @returns nothing, or why it is missing
 */
async function useModule(controller: string, folder: string): Promise<{ controller: string; why: string }[]> {
    const path = join(folder, "manifests", "bases", controller, "kustomization.yaml");
    const text = await readFile(path, "utf8");
    const version = [...text.matchAll(controllerFile)][0]?.[2];
    if (!version) throw new Error(`${path} doesn't fetch ${controller}'s release, as it did in known Flux releases.`);
    const major = /^v(0|1)\./.test(version) ? "" : `/${version.split(".")[0]}`;
    try {
        const module = await downloadModule(`github.com/fluxcd/${controller}${major}`, version);
        await copy(join(module, "config"), join(folder, "controllers", controller));
    } catch (error) {
        if (!dispensable.includes(controller)) throw error;
        return [{ controller, why: error instanceof Error ? error.message : String(error) }];
    }
    const local = (_: string, name: string, _version: string, file: string): string =>
        `../../../controllers/${name}/${file === "crds" ? "crd" : "manager"}`;
    await writeFile(path, text.replace(controllerFile, local));
    return [];
}

/** Copies a folder of Go's module cache, whose files are read-only. */
async function copy(from: string, to: string): Promise<void> {
    await mkdir(join(to, ".."), { recursive: true });
    await execa("cp", ["-R", "--no-preserve=mode", from, to]);
}
