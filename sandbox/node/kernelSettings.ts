import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { state } from "../paths";

/** The machine-wide settings that a kubelet makes at its start (pkg/util/sysctl, and kubelet's --protect-kernel-defaults). */
const settings = [
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
];

const file = (name: string): string => join("/proc/sys", name);

/** Notes the settings as they are before the kubelet starts. */
export function saveKernelSettings(): void {
    const known = settings.filter((name) => existsSync(file(name)));
    const values = Object.fromEntries(known.map((name) => [name, readFileSync(file(name), "utf8").trim()]));
    writeFileSync(state.kernelSettings, JSON.stringify(values));
}

/** Puts back what {@link saveKernelSettings} noted. */
export function restoreKernelSettings(): void {
    if (!existsSync(state.kernelSettings)) return;
    const text = readFileSync(state.kernelSettings, "utf8");
    if (!text) return;
    for (const [name, value] of Object.entries(JSON.parse(text) as Record<string, string>)) {
        if (readFileSync(file(name), "utf8").trim() !== value) writeFileSync(file(name), value);
    }
}
