/** WASI preview 1 for any module. */
export { createWasi, type Wasi, type WasiOptions } from "./wasi.ts";
