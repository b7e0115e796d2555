import { randomBytes, randomInt } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type * as provider from "@pulumi/pulumi/provider";
import { version } from "@pulumi/random/package.json";

/**
 * A stand-in for Pulumi's official `random` plugin, for the sandbox alone: no package registry serves the official one.
 * It has the two resources below, as https://www.pulumi.com/registry/packages/random/ describes them; what they lack is
 * importing, and a password's bcryptHash.
 */
export const standIn: provider.Provider = {
    version: `${version}+sandbox.stand-in`,

    async check(urn, _olds, news: Inputs) {
        const failures = resourceOf(urn).failures(news);
        return { inputs: news, failures };
    },

    async diff(_id, urn, olds: Inputs, news: Inputs) {
        const { defaults, inputs } = resourceOf(urn);
        const [before, after] = [
            { ...defaults, ...olds },
            { ...defaults, ...news },
        ];
        // Nothing about a random value can change without being another value.
        const replaces = inputs.filter((key) => !isDeepStrictEqual(before[key], after[key]));
        return { changes: replaces.length > 0, replaces };
    },

    async create(urn, inputs: Inputs) {
        const { defaults, create } = resourceOf(urn);
        const { id, values } = create({ ...defaults, ...inputs });
        return { id, outs: { ...defaults, ...inputs, ...values } };
    },
};

type Inputs = Readonly<Record<string, unknown>>;

interface RandomResource {
    /** Every input; a change of any gives a new value. */
    readonly inputs: readonly string[];
    readonly defaults: Inputs;
    failures(inputs: Inputs): provider.CheckFailure[];
    create(inputs: Inputs): { readonly id: string; readonly values: Inputs };
}

const resources: Readonly<Record<string, RandomResource>> = {
    "random:index/randomId:RandomId": {
        inputs: ["byteLength", "prefix", "keepers"],
        defaults: {},
        failures: ({ byteLength }) => atLeast("byteLength", byteLength, 1),
        create: ({ byteLength, prefix }) => {
            const bytes = randomBytes(Number(byteLength));
            return { id: bytes.toString("base64url"), values: encodings(bytes, prefix as string | undefined) };
        },
    },
    "random:index/randomPassword:RandomPassword": {
        inputs: [
            ...["length", "keepers", "overrideSpecial", "lower", "upper", "numeric", "number", "special"],
            ...["minLower", "minUpper", "minNumeric", "minSpecial"],
        ],
        defaults: {
            ...{ lower: true, upper: true, numeric: true, number: true, special: true },
            ...{ minLower: 0, minUpper: 0, minNumeric: 0, minSpecial: 0 },
        },
        failures: ({ length }) => atLeast("length", length, 1),
        create: (inputs) => ({ id: "none", values: { result: password(inputs as unknown as PasswordInputs) } }),
    },
};

function resourceOf(urn: string): RandomResource {
    const type = urn.split("::")[2]?.split("$").pop() ?? "";
    const resource = resources[type];
    if (resource) return resource;
    throw new Error(
        `The sandbox's stand-in for the random plugin has no ${type}, only ${Object.keys(resources).join(", ")}. ` +
            "Install the official plugin (pulumi plugin install resource random).",
    );
}

/** What Pulumi passes for a value that isn't known before the update. */
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

function atLeast(property: string, value: unknown, least: number): provider.CheckFailure[] {
    if (value === unknown || (Number.isInteger(value) && Number(value) >= least)) return [];
    return [{ property, reason: `expected a whole number of at least ${least}, got ${JSON.stringify(value)}` }];
}

/** The four spellings of a RandomId; the prefix is put before each. */
export function encodings(bytes: Buffer, prefix = ""): Record<"b64Url" | "b64Std" | "hex" | "dec", string> {
    return {
        b64Url: prefix + bytes.toString("base64url"),
        b64Std: prefix + bytes.toString("base64"),
        hex: prefix + bytes.toString("hex"),
        dec: prefix + BigInt(`0x${bytes.toString("hex")}`).toString(),
    };
}

/** A RandomPassword's inputs, with their defaults filled in. */
export interface PasswordInputs {
    readonly length: number;
    readonly lower: boolean;
    readonly upper: boolean;
    readonly numeric: boolean;
    /** Older name of `numeric`. */
    readonly number: boolean;
    readonly special: boolean;
    /** @default "!@#$%&*()-_=+[]{}<>:?" */
    readonly overrideSpecial?: string;
    readonly minLower: number;
    readonly minUpper: number;
    readonly minNumeric: number;
    readonly minSpecial: number;
}

/** A password with at least the asked number of characters of each class. @throws Error when that is impossible */
export function password(inputs: PasswordInputs): string {
    const classes = [
        { use: inputs.lower, least: inputs.minLower, characters: "abcdefghijklmnopqrstuvwxyz" },
        { use: inputs.upper, least: inputs.minUpper, characters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ" },
        { use: inputs.numeric && inputs.number, least: inputs.minNumeric, characters: "0123456789" },
        {
            use: inputs.special,
            least: inputs.minSpecial,
            characters: inputs.overrideSpecial || "!@#$%&*()-_=+[]{}<>:?",
        },
    ].filter(({ use }) => use);
    const all = classes.map(({ characters }) => characters).join("");
    const required = classes.flatMap(({ characters, least }) => pick(characters, least));
    if (all === "" || required.length > inputs.length) {
        throw new Error(`length: ${inputs.length} characters can't have what min… and the classes ask for.`);
    }
    return shuffle([...required, ...pick(all, inputs.length - required.length)]).join("");
}

function pick(characters: string, count: number): string[] {
    return Array.from({ length: count }, () => characters.charAt(randomInt(characters.length)));
}

/** Fisher and Yates's, with cryptographic random numbers. */
function shuffle(items: readonly string[]): string[] {
    const shuffled: string[] = [];
    for (const item of items) shuffled.splice(randomInt(shuffled.length + 1), 0, item);
    return shuffled;
}
