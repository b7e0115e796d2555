import { join } from "node:path";
import { callReceiver, prepareRepository, push, runOf } from "./demo/chain";
import { openStack } from "./stacks/automation";
(async () => {
    await prepareRepository();
    const stack = await openStack("staging", join(process.env.SANDBOX_STATE!, "stacks"));
    const n = Number(process.argv[2]);
    const others = Array.from({ length: n - 1 }, (_, i) => ({ name: `other-${i}`, filter: `extensions.branch == 'branch-${i}'` }));
    const routes = [{ name: "flux-notification" }, ...others];
    await stack.setAllConfigJson(JSON.stringify({ "flux-to-tekton:routes": { value: JSON.stringify(routes), objectValue: routes, secret: false } }));
    const t = Date.now();
    const { outputs } = await stack.up({ parallel: 32 });
    console.log("up", (Date.now() - t) / 1000);
    await callReceiver(outputs.receiverPath!.value as string);
    for (let i = 0; i < 8; i++) {
        const c = await push(`t ${i}`);
        const at = Date.now();
        console.log((( await runOf(c)).at - at) / 1000);
        await new Promise((r) => setTimeout(r, 8000));
    }
})();
