import { readFileSync } from "node:fs";
import { expect } from "chai";
import { isAlive, parseStartTime, type ProcessRecord } from "../../../sandbox/node/processes";

describe("sandbox processes", () => {
    const stat = (state: string, command = "kubelet"): string =>
        `4711 (${command}) ${state} 1 4711 4711 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 14 0 987654 1000 200`;

    it("are told apart by their start time", () => {
        expect(parseStartTime(stat("S"))).to.equal("987654");
    });

    it("may have any name", () => {
        expect(parseStartTime(stat("S", "a) R (b"))).to.equal("987654");
    });

    it("have ended when they are zombies", () => {
        expect(parseStartTime(stat("Z"))).to.equal(undefined);
    });

    it("aren't mistaken for another with the same pid, nor for one before a reboot", () => {
        const own: ProcessRecord = {
            name: "mocha",
            pid: process.pid,
            startTime: parseStartTime(readFileSync("/proc/self/stat", "utf8")) ?? "",
            bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
        };
        expect(isAlive(own)).to.equal(true);
        expect(isAlive({ ...own, startTime: "1" })).to.equal(false);
        expect(isAlive({ ...own, bootId: "another" })).to.equal(false);
        expect(isAlive({ ...own, pid: 2 ** 22 + 1 })).to.equal(false);
    });
});
