import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { execa } from "execa";
import type { KubernetesObject } from "../../components/kubernetesObject";
import { parseManifest } from "../../components/release";

const root = resolve(__dirname, "../..");
const renderCommand = "commands/render.ts";

/** A revision can't be rendered. The message is meant for the user as it is. */
export class RevisionError extends Error {
    override readonly name = "RevisionError";
}

/** The project as it is at a Git revision. */
export interface Revision {
    /** The commit, abbreviated. */
    readonly commit: string;
    /** The project's folder in a checkout of its own, which has this one's node_modules. */
    readonly folder: string;
    /** Removes the checkout. */
    remove(): void;
}

/**
 * Checks a revision out, into a temporary worktree.
 * @throws RevisionError for a revision that isn't there, or is older than the command to render
 */
export function checkOut(revision: string): Revision {
    const git = (...args: string[]): string =>
        execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
    let commit: string;
    try {
        commit = git("rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`);
    } catch {
        throw new RevisionError(
            `--base ${revision}: there is no such revision in this repository. Fetch it (git fetch origin ${revision}), or name another.`,
        );
    }
    const shown = `${revision} (${commit.slice(0, 7)})`;
    const project = git("rev-parse", "--show-prefix");
    try {
        git("cat-file", "-e", `${commit}:${project}${renderCommand}`);
    } catch {
        throw new RevisionError(
            `--base ${shown} has no ${renderCommand}: it is older than this command. Choose a newer revision.`,
        );
    }

    const temporary = mkdtempSync(join(tmpdir(), "flux-to-tekton-diff-"));
    const worktree = join(temporary, "worktree");
    const remove = (): void => {
        rmSync(temporary, { recursive: true, force: true });
        git("worktree", "prune");
    };
    try {
        // Hooks are for those who work in a checkout.
        git("-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "--detach", worktree, commit);
        const folder = join(worktree, project);
        symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
        if (read(folder, "package-lock.json") !== read(root, "package-lock.json")) {
            console.error(`${shown} has other dependencies in its lock; it is rendered with this checkout's.`);
        }
        return { commit: commit.slice(0, 7), folder, remove };
    } catch (error) {
        remove();
        throw error;
    }
}

function read(folder: string, file: string): string {
    return readFileSync(join(folder, file), "utf8");
}

/**
 * A stack's objects, as the program in a folder renders them; none if the folder has no such stack.
 * @throws RevisionError with what the program says
 */
export async function renderIn(folder: string, where: string, stack: string): Promise<KubernetesObject[]> {
    if (!existsSync(join(folder, `Pulumi.${stack}.yaml`))) return [];
    const mirror = process.env.RELEASE_MIRROR;
    const args = ["-r", "./scripts/typescript.cjs", renderCommand, "--stack", stack, "--output", "-"];
    const { exitCode, stdout, stderr } = await execa(process.execPath, args, {
        cwd: folder,
        // A mirror's path is relative to this checkout.
        env: mirror && !/^https?:/i.test(mirror) ? { RELEASE_MIRROR: resolve(root, mirror) } : {},
        reject: false,
    });
    if (exitCode !== 0) throw new RevisionError(`it can't be rendered at ${where}:\n${stderr.trimEnd()}`);
    return parseManifest(stdout, `stack ${stack} at ${where}`);
}

/** This checkout. */
export const here = root;
