export * from "./catalog.js";
export * from "./error.js";
export * from "./fluxInstall.js";
export * from "./manifest.js";
export * from "./source.js";
