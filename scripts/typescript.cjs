// Lets Node.js run the project's TypeScript: `node -r ./scripts/typescript.cjs PROGRAM.ts`. It strips the types and checks
// none: `npm test` does, and a type-check, or TypeScript's own transpiler, at each start would cost seconds.
const { addHook } = require("sucrase/dist/register");

// From Node.js 22.8 on: what it has compiled it keeps for the next start, which then takes a quarter less.
require("node:module").enableCompileCache?.();

addHook(".ts", { transforms: ["typescript", "imports"], disableESTransforms: true });
