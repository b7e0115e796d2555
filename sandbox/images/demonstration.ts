import { defaultCatchUpImage } from "../../components/catchUp";
import { defaultRunHistoryImage } from "../../components/runHistory";

/** What the demonstration's own pods run, with the configuration's defaults: the pipeline's steps and the CronJobs. */
export const demonstrationImages: readonly string[] = ["alpine", defaultCatchUpImage, defaultRunHistoryImage];
