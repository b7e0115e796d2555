import { z } from "zod";
import { durationPattern } from "../components/duration";

/** An object's name, as Kubernetes takes it for most kinds. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export const objectName = z
    .string()
    .regex(
        /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
        "must be lower-case letters, digits and '-', start and end with a letter or digit, 63 characters at most",
    );

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const quantity = z
    .string()
    .regex(/^\d+(\.\d+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$/, "must be a quantity such as 100m, 0.5 or 64Mi");
const amounts = z.strictObject({ cpu: quantity.optional(), memory: quantity.optional() });

/** What a container asks for and may take. */
export const resources = z.strictObject({ requests: amounts.optional(), limits: amounts.optional() });

/** @see durationPattern */
export const duration = z.string().regex(durationPattern, "must be a duration such as 90s, 5m or 1h30m");
