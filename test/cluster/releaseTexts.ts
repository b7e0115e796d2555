import { loadRelease, lockedRelease, type Product, readLock } from "../../components/release";

/** A release's files as upstream publishes them, for whoever installs them by other means than this program. */
export async function releaseTexts(product: Product, version: string): Promise<string[]> {
    const release = lockedRelease(product, version, readLock(process.env.RELEASE_LOCK));
    const { files } = await loadRelease(release, { mirror: process.env.RELEASE_MIRROR });
    return files.map(({ text }) => text);
}
