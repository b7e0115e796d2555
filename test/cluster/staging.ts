import { join } from "node:path";
import type { OutputMap, Stack } from "@pulumi/pulumi/automation";
import { openStack } from "../../stacks/automation";

/** Where the stack's settings are. */
export const folder = join(process.env.SANDBOX_STATE!, "stacks");

/** More calls at once than the default of a small machine: most of an update is waiting. */
export const operation = { parallel: 32 } as const;

/** The stack staging. The test files run in the order of their names and tell one story about it. */
export async function staging(): Promise<Stack> {
    return openStack("staging", folder);
}

/** The stack, with nothing of it on the cluster: for tests that are no part of that story. */
export async function emptied(): Promise<Stack> {
    const stack = await staging();
    await stack.destroy(operation);
    return stack;
}

/** An output's value, also if it is a secret. */
export async function output(stack: Stack, name: string): Promise<string> {
    const outputs: OutputMap = await stack.outputs();
    return outputs[name]!.value as string;
}

/** The message of an operation that has to fail. */
export async function failure(action: Promise<unknown>): Promise<string> {
    return action.then(
        () => {
            throw new Error("it succeeded");
        },
        (reason: Error) => reason.message,
    );
}
