import { find, type Finding, placesOf } from "../../components/release/places";
import { log, type ReleaseOptions, releasesOf, sourcesOf } from "./sources";
import { table } from "./text";

/** `releases verify`: every locked file, in every place that it can come from. */
export async function verify({ offline, ...options }: ReleaseOptions & { readonly offline?: boolean }): Promise<void> {
    const sources = sourcesOf(options);
    const places = placesOf(sources).filter(({ name }) => !(offline && name === "upstream"));
    const files = releasesOf(options).flatMap((release) => release.files);
    const findings = await Promise.all(
        files.map((file) => Promise.all(places.map((place) => find(file, place, { ...sources, log })))),
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
