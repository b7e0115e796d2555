import { existsSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

/** A folder of real release manifests: RELEASE_MIRROR, or the one beside the checkout. */
export const mirror = [process.env.RELEASE_MIRROR, resolve(__dirname, "../../../../shared/releases")].find(
    (folder) => folder !== undefined && existsSync(folder) && statSync(folder).isDirectory(),
);

/** Text of a real release manifest; skips the running test, by its name, where there is none. */
export function releaseText(test: Mocha.Context, file: string): string {
    const path = mirror === undefined ? undefined : join(mirror, file);
    if (path === undefined || !existsSync(path)) return test.skip();
    return readFileSync(path, "utf8");
}
