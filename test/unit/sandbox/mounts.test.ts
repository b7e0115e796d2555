import { expect } from "chai";
import { mountNamespace, processesInMounts } from "../../../sandbox/node/mounts";

describe("the processes of a mount namespace", () => {
    it("are those in it, such as this one in its own", () => {
        expect(processesInMounts(mountNamespace(process.pid))).to.include(process.pid);
    });

    it("are none in one that is gone", () => {
        expect(processesInMounts("mnt:[0]")).to.deep.equal([]);
    });
});
