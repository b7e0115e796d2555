import type { Facts } from "./facts";
import type { Link } from "./link";
import { controllerLinks } from "./links/controllers";
import { deploymentLinks } from "./links/deployments";
import { listenerLinks } from "./links/listeners";
import { alertLinks, authenticationLinks, providerLinks } from "./links/notifications";
import { otherLinks } from "./links/others";
import { receiverLinks } from "./links/receivers";
import { routeLinks } from "./links/routes";
import { runLinks } from "./links/runs";
import { scheduleLinks } from "./links/schedules";
import { sourceLinks } from "./links/sources";
import type { Stack } from "./stack";

/** Judges every link of a stack's chain by what a cluster says, in the order in which a commit meets them. */
export function judge(stack: Stack, facts: Facts): Link[] {
    return [
        controllerLinks,
        sourceLinks,
        deploymentLinks,
        receiverLinks,
        alertLinks,
        providerLinks,
        authenticationLinks,
        listenerLinks,
        routeLinks,
        runLinks,
        scheduleLinks,
        otherLinks,
    ].flatMap((links) => links(stack, facts));
}
