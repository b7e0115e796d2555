import * as pulumi from "@pulumi/pulumi";
import { ReleaseError } from "./components/release";
import { type ClusterOutputs, createCluster } from "./stacks/cluster";
import { ConfigError, readConfig } from "./stacks/config";
import { checkStoredVersions, installedDefinitions } from "./stacks/installedDefinitions";
import { loadManifests } from "./stacks/manifests";
import { checkOwnership } from "./stacks/ownership";
import { checkCluster, PreflightError } from "./stacks/preflight";

interface ProgramOptions {
    /** Look at no cluster: for what shows the objects, and applies none. @default false */
    readonly offline?: boolean;
}

/** The program: everything that can be wrong is found before the first resource is registered. */
async function program({ offline = false }: ProgramOptions = {}): Promise<ClusterOutputs> {
    const config = readConfig();
    const loading = loadManifests(config);
    // What the cluster can't take needn't be had: its refusal comes first.
    loading.catch(() => undefined);
    const cluster = offline ? undefined : await checkCluster(config);
    const manifests = await loading;
    const installed = await installedDefinitions(cluster, manifests);
    await checkOwnership(cluster, config, manifests, installed);
    checkStoredVersions(installed, manifests);
    return createCluster(config, manifests, installed);
}

/** What a user can mend is told without a stack trace. */
function explain(error: unknown): never {
    const expected = [ConfigError, ReleaseError, PreflightError].some((type) => error instanceof type);
    throw expected ? new pulumi.RunError((error as Error).message) : error;
}

export = async (options?: ProgramOptions): Promise<ClusterOutputs> => program(options).catch(explain);
