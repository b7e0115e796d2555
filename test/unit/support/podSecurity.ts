type Fields = { readonly [field: string]: unknown };

/** The parts of a pod's spec that Pod Security looks at. */
export interface PodSpec extends Fields {
    readonly containers: readonly Fields[];
    readonly initContainers?: readonly Fields[];
    readonly volumes?: readonly Fields[];
    readonly securityContext?: Fields;
}

const volumeTypes = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];
const selinuxTypes = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
const safeSysctls = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
];

/**
 * Why a namespace that enforces Pod Security `restricted` would refuse a Linux pod; empty if it wouldn't.
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */
export function restrictedViolations(spec: PodSpec): string[] {
    const pod = spec.securityContext ?? {};
    const containers = [...(spec.initContainers ?? []), ...spec.containers];
    return [
        ...["hostNetwork", "hostPID", "hostIPC"].filter((field) => spec[field] === true),
        ...(spec.volumes ?? [])
            .filter((volume) => !volumeTypes.some((type) => type in volume))
            .map(({ name }) => `volume ${String(name)}`),
        ...list(pod.sysctls)
            .filter(({ name }) => !safeSysctls.includes(String(name)))
            .map(({ name }) => `sysctl ${String(name)}`),
        ...shared(pod),
        ...containers.flatMap((container) =>
            containerViolations(container, pod).map((violation) => `${String(container.name)}: ${violation}`),
        ),
    ];
}

function containerViolations(container: Fields, pod: Fields): string[] {
    const own = record(container.securityContext);
    const { add, drop } = record(own.capabilities) as { add?: unknown[]; drop?: unknown[] };
    const violations: Record<string, boolean> = {
        privileged: own.privileged === true,
        procMount: own.procMount !== undefined && own.procMount !== "Default",
        hostPort: list(container.ports).some(({ hostPort }) => (hostPort ?? 0) !== 0),
        "host of a probe or lifecycle hook": callsAnotherHost(container),
        allowPrivilegeEscalation: own.allowPrivilegeEscalation !== false,
        "capabilities.drop": !(drop ?? []).includes("ALL"),
        "capabilities.add": (add ?? []).some((capability) => capability !== "NET_BIND_SERVICE"),
        runAsNonRoot: (own.runAsNonRoot ?? pod.runAsNonRoot) !== true,
        seccompProfile: !["RuntimeDefault", "Localhost"].includes(
            String(record(own.seccompProfile ?? pod.seccompProfile).type),
        ),
    };
    return [...Object.keys(violations).filter((name) => violations[name]), ...shared(own)];
}

/** What pods and containers are forbidden alike. */
function shared(context: Fields): string[] {
    const { type, user, role } = record(context.seLinuxOptions);
    const appArmor = record(context.appArmorProfile).type;
    const violations: Record<string, boolean> = {
        runAsUser: context.runAsUser === 0,
        hostProcess: record(context.windowsOptions).hostProcess === true,
        seLinuxOptions: Boolean(user) || Boolean(role) || (Boolean(type) && !selinuxTypes.includes(String(type))),
        appArmorProfile: appArmor !== undefined && !["RuntimeDefault", "Localhost"].includes(String(appArmor)),
    };
    return Object.keys(violations).filter((name) => violations[name]);
}

function callsAnotherHost(container: Fields): boolean {
    const { postStart, preStop } = record(container.lifecycle);
    const handlers = [container.livenessProbe, container.readinessProbe, container.startupProbe, postStart, preStop];
    return handlers.map(record).some(({ httpGet, tcpSocket }) => {
        return Boolean(record(httpGet).host) || Boolean(record(tcpSocket).host);
    });
}

function record(value: unknown): Fields {
    return (value ?? {}) as Fields;
}

function list(value: unknown): readonly Fields[] {
    return (value ?? []) as readonly Fields[];
}
