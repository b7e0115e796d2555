import type { KubernetesObject } from "../kubernetesObject";
import { ReleaseError } from "./error";
import type { FluxComponent, FluxSettings } from "./fluxInstall";

/** The labels by which an installation of Flux knows its objects and pods. */
export function fluxLabels({ namespace, version }: FluxSettings): Record<string, string> {
    return { "app.kubernetes.io/instance": namespace, "app.kubernetes.io/version": version };
}

/** A controller's Deployment, as far as the options shape it. */
export interface FluxDeployment extends KubernetesObject {
    readonly metadata: KubernetesObject["metadata"] & { readonly name: FluxComponent };
    readonly spec: {
        readonly template: {
            readonly metadata: { readonly labels: Readonly<Record<string, string>> };
            readonly spec: {
                readonly containers: readonly [Container, ...Container[]];
                readonly nodeSelector?: Readonly<Record<string, string>>;
            };
        };
    };
}

interface Container {
    readonly image: string;
    readonly args: readonly string[];
}

/** Gives a controller's Deployment of install.yaml the image, flags, labels and scheduling of the settings. */
export function fluxDeployment(deployment: FluxDeployment, settings: FluxSettings): KubernetesObject {
    const { template } = deployment.spec;
    const [manager, ...others] = template.spec.containers;
    const { name } = deployment.metadata;
    return {
        ...deployment,
        spec: {
            ...deployment.spec,
            template: {
                ...template,
                metadata: {
                    ...template.metadata,
                    labels: { ...template.metadata.labels, ...fluxLabels(settings) },
                },
                spec: {
                    ...template.spec,
                    containers: [
                        {
                            ...manager,
                            image: `${settings.registry}/${manager.image.replace(/^.*\//, "")}`,
                            args: withFlags(name, manager.args, settings),
                        },
                        ...others,
                    ],
                    nodeSelector: { ...template.spec.nodeSelector, "kubernetes.io/os": "linux" },
                    ...(settings.imagePullSecret !== undefined && {
                        imagePullSecrets: [{ name: settings.imagePullSecret }],
                    }),
                    ...(settings.tolerationKeys.length > 0 && {
                        tolerations: settings.tolerationKeys.map((key) => ({ key, operator: "Exists" })),
                    }),
                },
            },
        },
    };
}

function withFlags(component: FluxComponent, args: readonly string[], settings: FluxSettings): readonly string[] {
    const { components, clusterDomain } = settings;
    const notified = components.includes("notification-controller");
    const flags: Record<string, string> = {
        "--watch-all-namespaces": String(settings.watchAllNamespaces),
        "--log-level": settings.logLevel,
    };
    if (component !== "notification-controller") {
        // A fully qualified name, so that an HTTP proxy's exceptions for the cluster's domain match it.
        flags["--events-addr"] = notified
            ? `http://notification-controller.$(RUNTIME_NAMESPACE).svc.${clusterDomain}./`
            : "";
    }
    if (component === "source-controller" || component === "source-watcher") {
        flags["--storage-adv-addr"] = `${component}.$(RUNTIME_NAMESPACE).svc.${clusterDomain}.`;
    }
    const set = args.map((arg) => {
        const [flag = ""] = arg.split("=");
        return flag in flags ? `${flag}=${flags[flag]}` : arg;
    });
    const absent = Object.keys(flags).filter((flag) => !args.some((arg) => arg.split("=")[0] === flag));
    if (absent.length > 0) {
        throw new ReleaseError(
            `flux ${settings.version}: ${component} has no ${absent.join(", ")} among its arguments, which Flux's ` +
                "install.yaml has. Is the manifest Flux's own, of a version that this program knows?",
        );
    }
    // The watcher's artifacts are of a kind that the other controllers read only behind this gate.
    const readsArtifacts = component === "kustomize-controller" || component === "helm-controller";
    const gate = readsArtifacts && components.includes("source-watcher");
    return gate ? [...set, "--feature-gates=ExternalArtifact=true"] : set;
}
