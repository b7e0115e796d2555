import type { ImageReference } from "../../components/imageReference";
import { lockedVersion } from "../releases/goModules";
import { type ToolName, tools } from "../tools";

/** How to make an image: one layer with programs and what they need. */
export interface Recipe {
    /** Names the archive: "tekton-pipelines-controller". */
    readonly name: string;
    /** Path in the image → the program that belongs there. */
    readonly programs: Readonly<Record<string, Program>>;
    /** Whether busybox's applets are linked (sh, echo, sleep …). @default false */
    readonly applets?: boolean;
    /** "uid:gid". @default root */
    readonly user?: string;
    readonly entrypoint?: readonly string[];
    /** What the entrypoint is given when the pod doesn't say. */
    readonly command?: readonly string[];
}

/** A program that the sandbox built, or a file of a Debian package; the shared libraries of one that has any come along. */
export type Program =
    { readonly tool: string; readonly program: string } | { readonly hostFile: string; readonly debianPackage: string };

const busybox: Program = { hostFile: "/bin/busybox", debianPackage: "busybox-static" };
const curl: Program = { hostFile: "/usr/bin/curl", debianPackage: "curl" };
const tini: Program = { hostFile: "/usr/bin/tini-static", debianPackage: "tini" };

const shell: Recipe = {
    name: "busybox",
    programs: { "bin/busybox": busybox },
    applets: true,
    command: ["/bin/sh"],
};

/** Image repository → recipe; only images of the very version that the sandbox's tools lock are made. */
interface Rule {
    readonly repository: RegExp;
    /** The Go module whose locked version the tag must be. @default any tag will do */
    readonly module?: { readonly tool: ToolName; readonly path: string };
    /** @param program The pattern's first group */
    recipe(program: string): Recipe;
}

const rules: readonly Rule[] = [
    tekton("tekton-pipelines", "pipeline"),
    tekton("tekton-triggers", "triggers"),
    tekton("tekton-pipelines-v1.12", "pipeline"),
    tekton("tekton-triggers-v0.36", "triggers"),
    flux("source-controller"),
    flux("kustomize-controller"),
    flux("notification-controller"),
    {
        // The shell in Tekton's arguments: as upstream's, not root's.
        repository: /^cgr\.dev\/chainguard\/busybox$/,
        recipe: () => ({ ...shell, name: "busybox-nonroot", user: "65532:65532" }),
    },
    {
        // What pipelines' steps commonly name.
        repository: /^docker\.io\/library\/(?:alpine|busybox)$/,
        recipe: () => shell,
    },
    {
        // The catch-up's; with Debian's curl, whatever the tag.
        repository: /^docker\.io\/curlimages\/curl$/,
        recipe: () => ({
            name: "curl",
            programs: { "bin/busybox": busybox, "usr/bin/curl": curl },
            applets: true,
            // Upstream's curl_user.
            user: "100:101",
            entrypoint: ["/usr/bin/curl"],
        }),
    },
    {
        // The run history's, which needs kubectl; the flux CLI isn't in it.
        repository: /(?:^|\/)fluxcd\/flux-cli$/,
        recipe: () => ({
            name: "flux-cli",
            programs: { "bin/busybox": busybox, "usr/local/bin/kubectl": { tool: "kubernetes", program: "kubectl" } },
            applets: true,
            user: "65534:65534",
        }),
    },
    {
        repository: /^localhost\/sandbox\/pause$/,
        recipe: () => ({
            name: "pause",
            programs: { "bin/busybox": busybox },
            user: "65534:65534",
            entrypoint: ["/bin/busybox", "sleep", "infinity"],
        }),
    },
    {
        repository: /^localhost\/sandbox\/coredns$/,
        recipe: () => ({
            name: "coredns",
            programs: { coredns: { tool: "coredns", program: "coredns" } },
            entrypoint: ["/coredns"],
        }),
    },
];

/** Tekton's images as ko makes them: the program in /ko-app; ko appends a hash to the repository's name. */
function tekton(tool: ToolName, project: string): Rule {
    return {
        repository: new RegExp(`(?:^|/)tektoncd/${project}/(${tools[tool].programs.join("|")})(?:-[0-9a-f]{32})?$`),
        module: { tool, path: `github.com/tektoncd/${project}` },
        recipe: (program) => ({
            name: `${tool}-${program}`,
            programs: {
                [`ko-app/${program}`]: { tool, program },
                // The release's Deployment starts the resolvers through tini, to reap the git processes.
                ...(program === "resolvers" ? { "sbin/tini": tini } : {}),
            },
            user: "65532:65532",
            entrypoint: [`/ko-app/${program}`],
        }),
    };
}

function flux(controller: ToolName): Rule {
    return {
        repository: new RegExp(`(?:^|/)fluxcd/${controller}$`),
        module: { tool: controller, path: `github.com/fluxcd/${controller}` },
        recipe: () => ({
            name: controller,
            programs: { [`usr/local/bin/${controller}`]: { tool: controller, program: controller } },
            user: "65534:65534",
            entrypoint: [`/usr/local/bin/${controller}`],
        }),
    };
}

/** The recipe for an image, or why there is none. */
export function recipeFor({ repository, tag }: ImageReference): Recipe | { readonly none: string } {
    const otherVersions: string[] = [];
    for (const rule of rules) {
        const match = rule.repository.exec(repository);
        if (!match) continue;
        const version = rule.module && lockedVersion(rule.module.tool, rule.module.path);
        if (version === undefined || version === tag) return rule.recipe(match[1] ?? "");
        otherVersions.push(version);
    }
    return { none: otherVersions.length > 0 ? `the sandbox builds ${otherVersions.join(", ")}` : "no recipe" };
}
