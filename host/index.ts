/** as-fibers: green threads for WebAssembly. See ../README.md. */
export type { Operation } from "./abi.ts";
export { currentSignal } from "./bindings/host-calls.ts";
export { openBindings } from "./bindings/open.ts";
export type { StreamInput } from "./bindings/source.ts";
export type { StreamOutput } from "./bindings/stream.ts";
export type { CallOptions } from "./calls.ts";
export type { Driver, DriverSink, Outcome } from "./driver.ts";
export { selectorDriver, type SelectorDriver, type SelectorDriverOptions } from "./drivers/selector.ts";
export { nodeDriver, type NodeDriverOptions } from "./drivers/node.ts";
export { virtualDriver, type VirtualDriver, type VirtualDriverOptions } from "./drivers/virtual.ts";
export type { VirtualNetwork, VirtualPort } from "./drivers/virtual/network.ts";
export type { VirtualPeer } from "./drivers/virtual/peer.ts";
export { FiberError, FibersError, type Frame, type Location } from "./errors.ts";
export { load, type LoadOptions, type ModuleSource, type WasiHost } from "./load.ts";
export type { App, Deadlock, FiberDescription, LeakPolicy } from "./app.ts";
