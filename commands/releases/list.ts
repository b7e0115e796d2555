import { defaultVersion, placesAtHand, type ReleaseOptions, releasesOf, sourcesOf } from "./sources";
import { kubernetesRange, table } from "./text";

/** `releases list`: what is locked, what it needs, and where its manifests are at hand. */
export async function list({ json, ...options }: ReleaseOptions & { readonly json?: boolean }): Promise<void> {
    const rows = await Promise.all(
        releasesOf(options).map(async (release) => ({
            ...release,
            default: defaultVersion(release.product) === release.version,
            atHand: await placesAtHand(release, sourcesOf(options)),
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
}
