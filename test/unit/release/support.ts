import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "mocha";
import { expect } from "chai";
import type { KubernetesObject } from "../../../components/kubernetesObject";
import { loadRelease, lockedRelease, parseRelease, type Product } from "../../../components/release";

/** The folder with the real release manifests: RELEASE_MIRROR where that is a folder, or else the one beside the repo. */
export const releasesFolder = [
    process.env["RELEASE_MIRROR"] ?? "",
    join(__dirname, "../../../../shared/releases"),
].find((folder) => existsSync(folder) && statSync(folder).isDirectory());

/** The path of a real release file; where it can't be had here, skips the test, under its name. */
export function releaseFile(test: Context, name: string): string {
    const path = releasesFolder && join(releasesFolder, name);
    if (path === undefined || !existsSync(path)) {
        test.skip();
    }
    return path;
}

/** The objects of a real release, verified and parsed; where it can't be had here, skips the test, under its name. */
export async function releaseObjects(test: Context, product: Product, version: string): Promise<KubernetesObject[]> {
    const release = lockedRelease(product, version);
    release.files.forEach((file) => releaseFile(test, file.name));
    return parseRelease(await loadRelease(release, { mirror: releasesFolder! }));
}

/** The sha256 of a value as JSON with sorted keys. */
export function digest(value: unknown): string {
    return createHash("sha256")
        .update(JSON.stringify(sorted(value)))
        .digest("hex");
}

function sorted(value: unknown): unknown {
    if (Array.isArray(value)) {
        return value.map(sorted);
    }
    if (typeof value !== "object" || value === null) {
        return value;
    }
    const entries: [string, unknown][] = Object.entries(value);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, item]) => [key, sorted(item)]));
}

/** The error that an action throws, or rejects with, for assertions on its text. */
export async function errorOf(action: () => unknown): Promise<Error> {
    try {
        await action();
    } catch (error) {
        expect(error).to.be.instanceOf(Error);
        return error as Error;
    }
    return expect.fail("expected an error, there was none");
}
