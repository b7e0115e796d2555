// Lets Node.js run the project's TypeScript: `node -r ./scripts/typescript.cjs PROGRAM.ts`. It strips the types and checks
// none: `npm test` does, and a type-check, or TypeScript's own transpiler, at each start would cost seconds.
const { addHook } = require("sucrase/dist/register");

addHook(".ts", { transforms: ["typescript", "imports"], disableESTransforms: true });
