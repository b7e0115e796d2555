/**
 * A release can't be used: unknown version, unreachable or altered bytes, a manifest that doesn't parse, or options
 * that it doesn't support. The message says which part, what was found and expected, and what to do; it is meant to be
 * shown to the user as it is, without a stack.
 */
export class ReleaseError extends Error {
    /** Tells it from other errors. */
    override readonly name = "ReleaseError";
}
