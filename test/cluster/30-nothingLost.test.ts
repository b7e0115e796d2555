import { expect } from "chai";
import { callReceiver } from "../../demo/chain";
import {
    away,
    interceptors,
    killed,
    listener,
    notificationController,
    Pushes,
    restart,
    sourceController,
    triggersController,
    triggersWebhook,
} from "./faults";
import { output, staging } from "./staging";
import { record } from "./support";

/** The short version of what 83-outages.faults.ts does at length. */
describe("nothing is lost", function () {
    this.timeout(5 * 60_000);

    before(async () => callReceiver(await output(await staging(), "receiverPath")));

    it("makes one run of each revision that Flux saw while, push by push, all that passes it on is killed", async () => {
        const pushes = new Pushes("All killed in turn");
        const faults = [
            () => killed(notificationController),
            () => restart("kube-apiserver"),
            () => killed(listener),
            () => restart("kubelet"),
            () => killed(interceptors),
            () => Promise.all([triggersController, triggersWebhook].map(killed)),
            // Last: the next one waits for its lease to end, half a minute, which the others needn't wait for.
            () => killed(sourceController),
        ];
        for (const fault of faults) {
            await Promise.all([pushes.push(), fault()]);
            // So that each fault meets revisions that Flux sees, however long the one before keeps it from that.
            await pushes.pushSeen();
        }
        const { pushed, seen, once, never, slowest } = await pushes.outcome(120);
        record(`all killed in turn: ${once} of ${seen} revisions seen (${pushed} pushed), the slowest run`, slowest);
        expect({ once, never }).to.deep.equal({ once: seen, never: 0 });
        expect(seen).to.be.at.least(faults.length);
    });

    it("makes one run of each revision, also of one that another came after, while events reach nobody", async () => {
        const pushes = new Pushes("Lost");
        // Without the Triggers controller, which would bring the listener back.
        await away([notificationController, triggersController, listener], async () => {
            // Flux has given its event up when it has seen the revision.
            await pushes.pushSeen();
            await pushes.pushSeen();
        });
        const { pushed, seen, once, slowest } = await pushes.outcome(60);
        record(`notification-controller and listener away: ${once} of ${pushed} revisions, the slowest run`, slowest);
        expect({ pushed, seen, once }).to.deep.equal({ pushed: 2, seen: 2, once: 2 });
    });
});
