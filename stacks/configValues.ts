import { z } from "zod";

/** An object's name, as Kubernetes takes it for most kinds. https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
export const objectName = z
    .string()
    .regex(
        /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
        "must be lower-case letters, digits and '-', start and end with a letter or digit, 63 characters at most",
    );

/** A duration as Go writes it: `90s`, `5m`, `1h30m`. */
export const duration = z
    .string()
    .regex(/^([0-9]+h)?([0-9]+m)?([0-9]+s)?$/, "must be a duration such as 90s, 5m or 1h30m")
    .refine((text) => text !== "", "must be a duration such as 90s, 5m or 1h30m");
