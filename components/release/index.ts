export * from "./catalog";
export * from "./error";
export * from "./fluxInstall";
export * from "./images";
export * from "./manifest";
export * from "./objectId";
export * from "./source";
export * from "./versionLabel";
