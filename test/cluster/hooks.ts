import { baseline, explainCluster, printFigures } from "./support";

/** For all cluster tests: what was there before, what the cluster says of a failure, and the figures at the end. */
export const mochaHooks = {
    async beforeAll(this: Mocha.Context): Promise<void> {
        this.timeout(60_000);
        await baseline();
    },
    async afterEach(this: Mocha.Context): Promise<void> {
        this.timeout(60_000);
        if (this.currentTest?.state === "failed") console.log(await explainCluster());
    },
    afterAll: printFigures,
};
