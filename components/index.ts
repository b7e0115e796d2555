/**
 * The parts of a cluster on which a Git commit starts a Tekton PipelineRun, for any Pulumi program.
 *
 * - Releases: {@link lockedRelease}, {@link loadRelease}, {@link parseRelease} and {@link fluxInstall} give the objects
 *   that {@link TektonPipelines}, {@link TektonTriggers} and {@link Flux} install.
 * - From Git to an event: {@link FluxSync}, {@link WebhookToken}, {@link Receiver}, {@link Alerting}.
 * - From an event to a run: {@link EventAuthentication}, {@link TriggerChain}, {@link CatchUp}, {@link DemoPipeline}.
 *
 * @packageDocumentation
 */
export * from "./alerting";
export * from "./catchUp";
export * from "./chainNamespace";
export * from "./demoPipeline";
export * from "./dockerConfig";
export * from "./duration";
export * from "./eventAuthentication";
export * from "./flux";
export * from "./fluxSource";
export * from "./fluxSync";
export * from "./generation";
export * from "./imagePullSecret";
export * from "./imageReference";
export * from "./kubeconfig";
export * from "./gitHub/files";
export * from "./gitHub/repository";
export * from "./gitHub/webhook";
export * from "./kubernetesObject";
export * from "./kubernetesResource";
export * from "./listenerNetworkPolicy";
export * from "./receiver";
export * from "./release";
export type { FinalizerRemovalSettings } from "./release/finalizerRemoval";
export * from "./release/release";
export * from "./route";
export * from "./runHistory";
export * from "./syncManifests";
export * from "./tektonPipelines";
export * from "./tektonTriggers";
export * from "./triggerChain/triggerChain";
export * from "./webhookToken";
