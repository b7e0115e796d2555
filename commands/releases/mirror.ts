import { join, relative } from "node:path";
import type { ImageRegistries } from "../../components/imageReference";
import { imagesIn, loadRelease, type LockedRelease, parseRelease } from "../../components/release";
import { writeWhole } from "../../components/release/files";
import { imageCopies, imageList } from "../../components/release/imageList";
import { mirrorRelease } from "../../components/release/mirror";
import { keyTypes } from "../../stacks/config";
import { imagesOf } from "../../stacks/images";
import { render } from "../../stacks/render";
import { readSettings } from "../../stacks/settings";
import { here, log, placesAtHand, type ReleaseOptions, releasesOf, setting, type Sources, sourcesOf } from "./sources";

/** `releases mirror`: makes a folder for `releaseMirror` to name, and lists of the images. */
export async function mirror(
    folder: string,
    { images, ...options }: ReleaseOptions & { readonly images?: boolean },
): Promise<void> {
    const sources = sourcesOf(options);
    const { stack } = options;
    const releases: LockedRelease[] = [];
    for (const release of releasesOf(options)) {
        const title = `${release.product} ${release.version}`;
        if (stack === undefined && !(await canBeHad(release, folder, sources))) {
            console.log(`${title}: left out, since upstream doesn't publish it and it isn't at hand`);
            continue;
        }
        const files = await mirrorRelease(release, folder, { ...sources, log });
        for (const { name, written } of files) console.log(`${title}: ${name} ${written ? "written" : "is there"}`);
        releases.push(release);
    }
    if (!images) return;
    const named = stack === undefined ? await imagesOfReleases(releases, folder) : await imagesOfStack(stack, folder);
    writeLines(join(folder, "images.txt"), imageList(named));
    const registries = JSON.parse(setting(stack, "imageRegistries") ?? "{}") as ImageRegistries;
    const copies = imageCopies(named, registries).map(({ from, to }) => `${from} ${to}`);
    if (copies.length > 0) writeLines(join(folder, "image-copies.txt"), copies);
}

async function canBeHad(release: LockedRelease, folder: string, sources: Sources): Promise<boolean> {
    if (release.files.every(({ url }) => url !== undefined)) return true;
    const places = await Promise.all([sources, { mirror: folder }].map((one) => placesAtHand(release, one)));
    return places.flat().length > 0;
}

/** The images of releases that are in a mirror, and those that the config of every stack has by default. */
async function imagesOfReleases(releases: readonly LockedRelease[], mirror: string): Promise<string[]> {
    const loaded = await Promise.all(releases.map((release) => loadRelease(release, { mirror })));
    const defaults = Object.fromEntries(Object.entries(keyTypes()).map(([key, { default: value }]) => [key, value]));
    return [...loaded.flatMap((release) => imagesIn(parseRelease(release))), ...imagesOf(defaults)];
}

/** The images of all that a stack would apply, as they are called without `imageRegistries`. */
async function imagesOfStack(stack: string, releaseMirror: string): Promise<string[]> {
    const objects = await render(readSettings(stack, { releaseMirror, imageRegistries: "{}" }));
    return imagesIn(objects.map(({ object }) => object));
}

function writeLines(path: string, lines: readonly string[]): void {
    writeWhole(path, lines.map((line) => `${line}\n`).join(""));
    console.log(`${lines.length} images: ${relative(here("."), path)}`);
}
