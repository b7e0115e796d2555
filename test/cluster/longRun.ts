import { execa } from "execa";
import { restrictedStep } from "../../components/restricted";
import { until } from "../../demo/cluster";

/** A PipelineRun that ends long after any destroy. */
const longRun = {
    apiVersion: "tekton.dev/v1",
    kind: "PipelineRun",
    metadata: { name: "long-run", namespace: "default" },
    spec: {
        pipelineSpec: {
            tasks: [
                {
                    name: "sleep",
                    taskSpec: {
                        steps: [
                            {
                                name: "sleep",
                                image: "alpine",
                                imagePullPolicy: "IfNotPresent",
                                command: ["sleep", "3600"],
                                // The namespace may enforce Pod Security restricted.
                                securityContext: restrictedStep,
                            },
                        ],
                    },
                },
            ],
        },
    },
};

/** Starts it, and waits until it runs. */
export async function startLongRun(): Promise<void> {
    await execa("kubectl", ["create", "-f", "-"], { input: JSON.stringify(longRun) });
    await until(
        "/api/v1/namespaces/default/pods",
        ({ metadata, status }) => metadata.name.startsWith("long-run-") && status?.phase === "Running",
        { timeout: 120, what: "the long PipelineRun's pod" },
    );
}
