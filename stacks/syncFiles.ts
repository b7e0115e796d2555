import { syncObjects } from "../components/fluxSync";
import { withoutDescriptions } from "../components/release";
import { type SyncManifests, syncManifests } from "../components/syncManifests";
import type { ClusterConfig } from "./config";
import type { Manifests } from "./manifests";
import { unclaimed } from "./ownership";

/** The files by which Flux keeps itself as Git says: what the stack would install of it, and what it follows. */
export function syncFiles(config: ClusterConfig, { flux }: Pick<Manifests, "flux">): SyncManifests {
    const { crdDescriptions, fluxNamespace: namespace, sync } = config;
    return syncManifests({
        version: config.fluxVersion,
        components: [...config.fluxComponents, ...config.fluxComponentsExtra],
        namespace,
        path: sync.path,
        objects: unclaimed(flux).map((object) =>
            crdDescriptions || object.kind !== "CustomResourceDefinition" ? object : withoutDescriptions(object),
        ),
        sync: syncObjects({
            generation: config.releases.flux.generation,
            namespace,
            name: config.syncName,
            ...sync,
            deletionPolicy: config.gitDeletionPolicy,
            interval: config.syncInterval,
            timeout: config.syncTimeout,
            prune: config.syncPrune,
        }),
    });
}
