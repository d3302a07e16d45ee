/** as-fibers: green threads for WebAssembly. See ../README.md. */
export { Cleanup, defer } from "./cleanup";
export { fail, Failure } from "./failure";
export { Fiber, go, run } from "./fiber";
export { print } from "./output";
export { State } from "./record";
export { maybeYield, yieldNow } from "./scheduler";
export { spawn, Task } from "./task";
export { monotonicNow, sleep } from "./time";
