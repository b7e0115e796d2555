/**
 * What Pod Security `restricted` wants of a pod and of each of its containers:
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted. The root filesystem is read-only, too.
 */
export const restrictedPod = {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    fsGroup: 65532,
    seccompProfile: { type: "RuntimeDefault" },
} as const;
/** @see restrictedPod */
export const restrictedContainer = {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
} as const;
/** The same for a step of a Task, whose pod is Tekton's to make. */
export const restrictedStep = {
    ...restrictedContainer,
    runAsNonRoot: restrictedPod.runAsNonRoot,
    runAsUser: restrictedPod.runAsUser,
    runAsGroup: restrictedPod.runAsGroup,
    seccompProfile: restrictedPod.seccompProfile,
} as const;
