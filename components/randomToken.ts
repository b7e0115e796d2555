import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/**
 * A random token of 43 letters and digits, 256 bits; a secret.
 *
 * Not a RandomId: its resource id is the random value itself, and ids stand in clear in state and logs.
 * @param rotation another value makes another token
 */
export function randomToken(
    name: string,
    rotation: string | undefined,
    parent: pulumi.Resource,
): pulumi.Output<string> {
    const keepers = rotation === undefined ? undefined : { rotation };
    return pulumi.secret(new random.RandomPassword(name, { length: 43, special: false, keepers }, { parent }).result);
}
