import { defaultCatchUpImage } from "../../components/catchUp";

/** What the demonstration's own pods run, with the configuration's defaults: the pipeline's steps and the catch-up. */
export const demonstrationImages: readonly string[] = ["alpine", defaultCatchUpImage];
