/** What a module imports: the border of `abi.ts`, AssemblyScript's own environment, and what the user gives. */
import { type GuestExports, Opcode, readOperation, readString } from "./abi.ts";
import type { Driver } from "./driver.ts";
import { FibersError } from "./errors.ts";
import { AbortError } from "./trap.ts";

export interface ImportSink {
  /** The fiber of this call has ended. */
  settle(call: number): void;
  /** The stack trace that the guest asked for. */
  trace(stack: string | undefined): void;
}

/** Instantiates a module. @throws E_MISSING_IMPORT when the user has not given what the program imports */
export async function instantiate(
  module: WebAssembly.Module,
  userImports: WebAssembly.Imports,
  driver: Driver,
  sink: ImportSink,
): Promise<GuestExports> {
  let guest: GuestExports | undefined;
  const memory = () => (guest as GuestExports).memory;
  const imports: WebAssembly.Imports = {
    ...userImports,
    env: { ...environment(driver, memory), ...userImports["env"] },
    "as-fibers": {
      now: () => driver.now(),
      submit(pointer: number) {
        const operation = readOperation(memory(), pointer >>> 0);
        if (operation.opcode === Opcode.SETTLE) sink.settle(operation.handle);
        else driver.submit(operation);
      },
      trace() {
        // oxlint-disable-next-line unicorn/error-message -- only its stack is wanted
        sink.trace(new Error().stack);
      },
      switched() {},
    },
  };
  checkImports(module, imports);
  const instance = await WebAssembly.instantiate(module, imports);
  guest = instance.exports as unknown as GuestExports;
  return guest;
}

/** What AssemblyScript's standard library imports, bound to the driver. */
function environment(driver: Driver, memory: () => WebAssembly.Memory): WebAssembly.ModuleImports {
  const text = (pointer: number) => readString(memory(), pointer >>> 0);
  const log = (stream: "log" | "error") => (pointer: number) => console[stream](text(pointer));
  return {
    abort(message: number, file: number, line: number, column: number) {
      const error = new AbortError(text(message), text(file));
      error.message ||= `aborted at ${text(file)}:${line}:${column}`;
      throw error;
    },
    trace(message: number, count: number, ...values: number[]) {
      console.error([`trace: ${text(message)}`, ...values.slice(0, count)].join(" "));
    },
    seed: () => Math.random(),
    "Date.now": () => Date.now(),
    "performance.now": () => driver.now() / 1e6,
    "console.log": log("log"),
    "console.info": log("log"),
    "console.debug": log("log"),
    "console.warn": log("error"),
    "console.error": log("error"),
  };
}

function checkImports(module: WebAssembly.Module, imports: WebAssembly.Imports): void {
  const missing = WebAssembly.Module.imports(module).filter(
    ({ module: from, name }) => !(name in (imports[from] ?? {})),
  );
  if (!missing.length) return;
  const names = missing.map(({ module: from, name }) => `${from}.${name}`).join(", ");
  throw new FibersError("E_MISSING_IMPORT", `the module imports ${names}: give it by load(source, { imports: { … } })`);
}
