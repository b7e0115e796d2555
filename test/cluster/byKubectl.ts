import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { kubectl } from "../../demo/cluster";
import { releaseTexts } from "./releaseTexts";

/** `kubectl apply`, again until the release's own webhooks take its objects. */
export async function apply(manifest: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
        const arguments_ = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        const { exitCode, stderr } = await execa("kubectl", arguments_, { input: manifest, reject: false });
        if (exitCode === 0) return;
        if (attempt === 20) throw new Error(stderr);
        await sleep(3000);
    }
}

/** Tekton as its installation guide says. */
export async function installTekton(): Promise<void> {
    for (const text of await releaseTexts("tekton-pipelines", "v1.15.0")) await apply(text);
    for (const text of await releaseTexts("tekton-triggers", "v0.37.0")) await apply(text);
    await kubectl(
        "-n",
        "tekton-pipelines",
        "wait",
        "--for=condition=Available",
        "deployments",
        "--all",
        "--timeout=180s",
    );
}
