/** as-fibers: green threads for WebAssembly. See ../README.md. */
export type { Driver, DriverSink } from "./driver.ts";
export { nodeDriver, type NodeDriverOptions } from "./drivers/node.ts";
export { virtualDriver, type VirtualDriver, type VirtualDriverOptions } from "./drivers/virtual.ts";
export { FiberError, FibersError, type Frame, type Location } from "./errors.ts";
export { load, type LoadOptions, type ModuleSource } from "./load.ts";
export type { App, FiberDescription } from "./app.ts";
