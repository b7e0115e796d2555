import { join } from "node:path";
import { parseImageReference } from "../../components/imageReference";
import { prepareImage, writeArchive, type PreparedImage } from "./archive";
import { recipeFor, type Program } from "./recipes";
import { localNames } from "./reference";

/** What importing needs from the sandbox. */
export interface ImageStore {
    /** Folder for the built archives; made when missing. */
    cacheDir: string;
    /** Path of a built program: `program("tekton-pipelines", "controller")`. */
    program(tool: string, program: string): string;
    /** Runs `ctr -n k8s.io …` against the sandbox's containerd and returns its standard output. */
    ctr(args: readonly string[]): Promise<string>;
    log(line: string): void;
}

/** What keeps a pod's namespaces: containerd's `sandbox_image`. */
export const pauseImage = "localhost/sandbox/pause:local";

/** The cluster's DNS server: entrypoint `coredns`, no arguments. */
export const coreDnsImage = "localhost/sandbox/coredns:local";

/** What is in containerd is under these names; the names in manifests are further tags of the same images. */
const ownNames = "localhost/sandbox/build/";

/** Milliseconds between lines about the progress. */
const reportEvery = 2000;

/** Imports read and write hundreds of megabytes each; more at a time are no faster. */
const atATime = 3;

/**
 * Makes images available to the kubelet under the names by which manifests ask for them: builds missing archives,
 * imports what containerd lacks, and tags the names. References without a recipe are reported in one log line.
 * @param references As manifests write them; "alpine" is docker.io/library/alpine:latest.
 * @throws Error for text that isn't a reference or a program that is missing, and what reading, writing and `ctr` throw;
 * a second call goes on where the first stopped.
 */
export async function importImages(references: readonly string[], store: ImageStore): Promise<void> {
    const { images, skipped } = await plan(references, store);
    const present = new Set((await store.ctr(["images", "ls", "-q"])).split("\n"));
    /** Earlier builds of an image. While there is one, names may still stand for it. */
    const outdated = ({ image, ownName }: PlannedImage): string[] =>
        [...present].filter((name) => name.startsWith(`${ownNames}${image.recipe.name}:`) && name !== ownName);
    const toImport = images.filter(({ ownName }) => !present.has(ownName)).length;
    if (toImport > 0) store.log(`images: importing ${toImport}, local builds under the upstream names`);
    let imported = 0;
    let reported = Date.now();
    await forEach(images, atATime, async (planned) => {
        const { image, ownName, names } = planned;
        const isPresent = present.has(ownName);
        const older = outdated(planned);
        if (!isPresent) {
            await store.ctr(["images", "import", await writeArchive(image, ownName, join(store.cacheDir, "archives"))]);
            imported++;
        }
        const toTag = isPresent && older.length === 0 ? names.filter((name) => !present.has(name)) : names;
        if (toTag.length > 0) await store.ctr(["images", "tag", "--force", ownName, ...toTag]);
        if (older.length > 0) await store.ctr(["images", "rm", ...older]);
        if (Date.now() - reported > reportEvery) {
            reported = Date.now();
            store.log(`images: ${imported} of ${toImport} imported`);
        }
    });
    if (skipped.length > 0) store.log(`images: left out ${skipped.join(", ")}`);
}

/**
 * Gives images a further name each, as a registry of one's own would: for stacks that pull from there.
 * @param names existing name → further name, each as the kubelet asks for it; one that containerd lacks is left out
 * @returns the further names that were given, for {@link forgetNames}
 */
export async function addNames(names: ReadonlyMap<string, string>, store: Pick<ImageStore, "ctr">): Promise<string[]> {
    const present = new Set((await store.ctr(["images", "ls", "-q"])).split("\n"));
    const given = [...names].filter(([name]) => present.has(name));
    await forEach(given, atATime, async ([name, further]) => {
        await store.ctr(["images", "tag", "--force", name, further]);
    });
    return given.map(([, further]) => further);
}

/** Takes back what {@link addNames} gave; the images keep their other names. */
export async function forgetNames(names: readonly string[], store: Pick<ImageStore, "ctr">): Promise<void> {
    if (names.length > 0) await store.ctr(["images", "rm", ...names]);
}

interface PlannedImage {
    readonly image: PreparedImage;
    /** Contains the content's key: containerd has exactly this build, or doesn't. */
    readonly ownName: string;
    /** Every name by which the kubelet may ask for it. */
    readonly names: readonly string[];
}

/** One image for each recipe, however many names refer to it. */
async function plan(
    references: readonly string[],
    store: ImageStore,
): Promise<{ images: PlannedImage[]; skipped: string[] }> {
    const images = new Map<string, { image: PreparedImage; ownName: string; names: Set<string> }>();
    const skipped: string[] = [];
    const path = (program: Program): string =>
        "hostFile" in program ? program.hostFile : store.program(program.tool, program.program);
    for (const text of new Set(references)) {
        const reference = parseImageReference(text);
        const recipe = recipeFor(reference);
        const short = text.replace(/@sha256:.*/, "");
        if ("none" in recipe) {
            skipped.push(`${short} (${recipe.none})`);
            continue;
        }
        const known = images.get(recipe.name);
        const image = known?.image ?? (await prepareImage(recipe, path));
        const ownName = `${ownNames}${recipe.name}:${image.key}`;
        const names = new Set([...(known?.names ?? []), ...localNames(reference)]);
        images.set(recipe.name, { image, ownName, names });
    }
    return { images: [...images.values()].map((image) => ({ ...image, names: [...image.names] })), skipped };
}

/** Runs an action for each item, several at a time; after a failure no new one is started, those begun are awaited. */
async function forEach<T>(items: readonly T[], limit: number, action: (item: T) => Promise<void>): Promise<void> {
    const queue = [...items];
    const failures: unknown[] = [];
    const worker = async (): Promise<void> => {
        for (let item = queue.shift(); item !== undefined && failures.length === 0; item = queue.shift()) {
            await action(item).catch((error: unknown) => failures.push(error));
        }
    };
    await Promise.all(Array.from({ length: limit }, worker));
    if (failures.length > 0) throw failures[0];
}
