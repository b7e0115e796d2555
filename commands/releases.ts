import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import {
    imagesIn,
    loadRelease,
    type LoadedRelease,
    lockedRelease,
    type LockedRelease,
    parseRelease,
    type Product,
    products,
    readLock,
    ReleaseError,
    type ReleaseLock,
} from "../components/release";
import { asLocked, fetchAddition } from "../components/release/addition";
import { compareReleases } from "../components/release/comparison";
import { writeWhole } from "../components/release/files";
import { imageList } from "../components/release/imageList";
import { addToLock, builtInLockPath, isLocked } from "../components/release/lockFile";
import { mirrorRelease } from "../components/release/mirror";
import { find, type Finding, isUrl, placesOf } from "../components/release/places";
import { keyTypes } from "../stacks/config";
import { imagesOf } from "../stacks/images";
import { comparisonText, kubernetesRange, table } from "./releases/text";

interface Sources {
    readonly mirror?: string;
    readonly lock?: string;
}

const log = (message: string): void => console.error(message);
/** npm runs scripts in the project's folder; a path is meant where its caller is. */
const here = (path: string): string => resolve(process.env.INIT_CWD ?? process.cwd(), path);
const folderOrUrl = (text: string): string => (isUrl(text) ? text : here(text));
const product = (text: string): Product => {
    const known = products.find((one) => one === text);
    if (known === undefined) throw new InvalidArgumentError(`It must be one of ${products.join(", ")}.`);
    return known;
};

const program = new Command("npm run releases --")
    .description("The locked releases of Tekton Pipelines, Tekton Triggers and Flux.")
    .showHelpAfterError();

/** A subcommand with the options that all have. */
function command(name: string): Command {
    const { RELEASE_MIRROR: mirror, RELEASE_LOCK: lock } = process.env;
    return program
        .command(name)
        .allowExcessArguments(false)
        .addOption(
            new Option("--mirror <folder or URL>", "where the manifests are; else the cache, else upstream")
                .default(mirror ? folderOrUrl(mirror) : undefined, "the environment's RELEASE_MIRROR")
                .argParser(folderOrUrl),
        )
        .addOption(
            new Option("--lock <file>", "a further lock file, for releases of your own")
                .default(lock ? here(lock) : undefined, "the environment's RELEASE_LOCK")
                .argParser(here),
        );
}

command("list")
    .description("say which releases are locked, what they need, and where their manifests are at hand")
    .option("--json", "as JSON")
    .action(async ({ json, ...sources }: Sources & { json?: boolean }) => {
        const rows = await Promise.all(
            locked(readLock(sources.lock)).map(async (release) => ({
                ...release,
                default: defaultVersion(release.product) === release.version,
                atHand: await placesAtHand(release, sources),
            })),
        );
        if (json) return console.log(JSON.stringify(rows, undefined, 4));
        const cells = rows.map((row) => [
            row.product,
            row.version,
            row.default ? "default" : "",
            row.generation,
            kubernetesRange(row.kubernetes),
            row.atHand.join(", ") || (row.files.every(({ url }) => url) ? "" : "not published upstream"),
        ]);
        console.log(table([["PRODUCT", "VERSION", "", "GENERATION", "KUBERNETES", "AT HAND"], ...cells]));
    });

command("add")
    .description("download a release, show what it changes, and lock it")
    .argument("<product>", `one of ${products.join(", ")}`, product)
    .argument("<version>", "as upstream tags it, such as v1.15.0")
    .option(
        "--against <version>",
        "the locked version to compare it with (default: the one that is installed by default)",
    )
    .option("--min-kubernetes <version>", "the oldest Kubernetes that it supports, where its manifests don't say")
    .option("--dry-run", "show what it changes, and leave the lock as it is")
    .addHelpText(
        "after",
        `\nIt is written to the file that --lock names, or else to ${relative(process.cwd(), builtInLockPath)}.`,
    )
    .action(add);

command("verify")
    .description(
        "look for every locked file in every place that it can come from; exit code 1 if a place has other bytes, or a file that upstream publishes can't be had",
    )
    .option("--offline", "don't ask upstream")
    .action(verify);

command("mirror")
    .description("make a folder that the config key releaseMirror, or RELEASE_MIRROR, can name")
    .argument("<folder>", "the folder; what it has already stays", here)
    .option("--images", "also write images.txt: every image of the releases, for tools that copy images")
    .action(mirror);

/** The mirror may have the new release only. */
async function loadAnywhere(release: LockedRelease, { mirror }: Sources): Promise<LoadedRelease> {
    const elsewhere = (): Promise<LoadedRelease> => loadRelease(release, { log });
    return mirror === undefined ? elsewhere() : loadRelease(release, { mirror, log }).catch(elsewhere);
}

interface AddOptions extends Sources {
    readonly against?: string;
    readonly minKubernetes?: string;
    readonly dryRun?: boolean;
}

async function add(product: Product, version: string, options: AddOptions): Promise<void> {
    // The first release that is added to a lock file makes it.
    const lock = readLock(options.lock !== undefined && existsSync(options.lock) ? options.lock : undefined);
    const { release, objects, minKubernetesBy } = await fetchAddition(product, version, { ...options, lock, log });
    for (const { name, origin, sha256 } of release.files) console.log(`${sha256}  ${name}  ${origin}`);
    if (isLocked(release, lock)) return console.log(`${product} ${version} is locked already, with these bytes.`);

    const current = lockedRelease(product, options.against ?? defaultVersion(product), lock);
    console.log(`\n${product} ${version}, compared with ${current.version}`);
    try {
        const before = { version: current.version, objects: parseRelease(await loadAnywhere(current, options)) };
        console.log(comparisonText(compareReleases(before, { version, objects })));
    } catch (error) {
        if (!(error instanceof ReleaseError)) throw error;
        console.log(`They can't be compared: ${error.message}`);
    }
    const [needs, needed] = [kubernetesRange(release.kubernetes), kubernetesRange(current.kubernetes)];
    console.log(`Kubernetes: ${needs}${needs === needed ? "" : `, was ${needed}`} (${minKubernetesBy})`);
    console.log(
        `Generation: ${release.generation}${release.generation === current.generation ? "" : `, was ${current.generation}`}`,
    );

    const lockFile = options.lock ?? builtInLockPath;
    if (options.dryRun) return console.log(`\nNot locked, because of --dry-run.`);
    addToLock(lockFile, asLocked(release));
    console.log(`\nLocked in ${relative(here("."), lockFile)}. To install it, set the stack's ${versionKey[product]}.`);
}

async function verify({ offline, ...sources }: Sources & { readonly offline?: boolean }): Promise<void> {
    const places = placesOf(sources).filter(({ name }) => !(offline && name === "upstream"));
    const files = locked(readLock(sources.lock)).flatMap((release) => release.files);
    const findings = await Promise.all(
        files.map((one) => Promise.all(places.map((place) => find(one, place, { ...sources, log })))),
    );
    const rows = files.map(({ name }, index) => [name, ...findings[index]!.map(({ state }) => state)]);
    console.log(table([["FILE", ...places.map(({ name }) => name.toUpperCase())], ...rows]));
    const problems = findings.flat().flatMap(({ state, problem }) => (problem && state !== "missing" ? [problem] : []));
    for (const problem of new Set(problems)) console.log(problem);
    if (findings.some(hasFailed)) process.exitCode = 1;
}

/** A file that upstream doesn't publish is for those who have it. */
function hasFailed(findings: readonly Finding[]): boolean {
    const is = (state: Finding["state"]): boolean => findings.some((one) => one.state === state);
    return is("mismatch") || (!is("ok") && !is("unpublished"));
}

async function mirror(folder: string, { images, ...sources }: Sources & { readonly images?: boolean }): Promise<void> {
    const releases: LockedRelease[] = [];
    for (const release of locked(readLock(sources.lock))) {
        const title = `${release.product} ${release.version}`;
        if (!(await canBeHad(release, folder, sources))) {
            console.log(`${title}: left out, since upstream doesn't publish it and it isn't at hand`);
            continue;
        }
        const files = await mirrorRelease(release, folder, { ...sources, log });
        for (const { name, written } of files) console.log(`${title}: ${name} ${written ? "written" : "is there"}`);
        releases.push(release);
    }
    if (!images) return;
    const loaded = await Promise.all(releases.map((release) => loadRelease(release, { mirror: folder })));
    const defaults = Object.fromEntries(Object.entries(keyTypes()).map(([key, { default: value }]) => [key, value]));
    const list = imageList([...loaded.flatMap((release) => imagesIn(parseRelease(release))), ...imagesOf(defaults)]);
    writeWhole(join(folder, "images.txt"), list.map((image) => `${image}\n`).join(""));
    console.log(`${list.length} images: ${relative(here("."), join(folder, "images.txt"))}`);
}

async function canBeHad(release: LockedRelease, folder: string, sources: Sources): Promise<boolean> {
    if (release.files.every(({ url }) => url !== undefined)) return true;
    return (
        (await placesAtHand(release, sources)).length > 0 ||
        (await placesAtHand(release, { mirror: folder })).length > 0
    );
}

/** The places, without asking upstream, that have all of a release's files, and the right ones. */
async function placesAtHand(release: LockedRelease, sources: Sources): Promise<string[]> {
    const near = placesOf(sources).filter(({ name }) => name !== "upstream");
    const found = await Promise.all(
        near.map(async (place) => {
            const findings = await Promise.all(release.files.map((file) => find(file, place, { ...sources, log })));
            return findings.every(({ state }) => state === "ok") ? [place.name] : [];
        }),
    );
    return found.flat();
}

function locked(lock: ReleaseLock): LockedRelease[] {
    return products.flatMap((one) => Object.keys(lock[one]).map((version) => lockedRelease(one, version, lock)));
}

/** The stack config's keys for the versions. */
const versionKey = {
    "tekton-pipelines": "tektonPipelinesVersion",
    "tekton-triggers": "tektonTriggersVersion",
    flux: "fluxVersion",
} as const satisfies Record<Product, string>;

function defaultVersion(one: Product): string {
    return keyTypes()[versionKey[one]]!.default as string;
}

// What is being written is written as a whole: nothing half-done is left. Without a handler the process would end anywhere.
for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
] as const)
    process.once(signal, () => process.exit(code));
program.parseAsync().catch((error: unknown) => {
    console.error(error instanceof ReleaseError ? error.message : error);
    process.exitCode = 1;
});
