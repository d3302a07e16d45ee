/** as-fibers: green threads for WebAssembly. See ../README.md. */
export { args } from "./args";
export { Channel } from "./channel";
export { Cleanup, defer } from "./cleanup";
export { fail, Failure } from "./failure";
export { Fiber, go, run } from "./fiber";
export { LineReader } from "./line-reader";
export { lookup, lookupOrError } from "./lookup";
export { print } from "./output";
export { Reader } from "./reader";
export { State } from "./record";
export { maybeYield, yieldNow } from "./scheduler";
export { Stdin } from "./stdin";
export { spawn, Task } from "./task";
export { TcpListener } from "./tcp-listener";
export { TcpStream } from "./tcp-stream";
export { monotonicNow, sleep } from "./time";
