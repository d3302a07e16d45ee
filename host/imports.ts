/** What a module imports: the border of `abi.ts`, AssemblyScript's own environment, and what the user gives. */
import { type GuestExports, Opcode, readString } from "./abi.ts";
import type { Driver } from "./driver.ts";
import { FibersError } from "./errors.ts";
import type { Operations } from "./operations.ts";
import { AbortError, ImportError } from "./trap.ts";

export interface ImportSink {
  /** The fiber of this call has ended. */
  settle(call: number): void;
  /** The stack trace that the guest asked for. */
  trace(stack: NodeJS.CallSite[]): void;
  /** The instance is there, and nothing of it has run. */
  instance(instance: WebAssembly.Instance): void;
}

/** The frames of this moment, innermost first, as the engine has them: to write them as text would take ten times as long. */
function captureStack(): NodeJS.CallSite[] {
  const prepare = Error.prepareStackTrace;
  Error.prepareStackTrace = (_error, frames) => frames;
  try {
    // oxlint-disable-next-line unicorn/error-message -- only its stack is wanted
    const frames = new Error().stack as unknown;
    // Not so at the end of the stack: then the engine has not called what prepares it.
    return Array.isArray(frames) ? (frames as NodeJS.CallSite[]) : [];
  } finally {
    Error.prepareStackTrace = prepare as typeof Error.prepareStackTrace;
  }
}

/** Instantiates a module. @throws E_MISSING_IMPORT when the user has not given what the program imports */
export async function instantiate(
  module: WebAssembly.Module,
  userImports: WebAssembly.Imports,
  driver: Driver,
  operations: Operations,
  sink: ImportSink,
): Promise<GuestExports> {
  let guest: GuestExports | undefined;
  const memory = () => (guest as GuestExports).memory;
  const own: WebAssembly.Imports = {
    env: environment(driver, memory),
    "as-fibers": {
      now: () => driver.now(),
      submit(pointer: number) {
        const operation = operations.read(pointer >>> 0);
        if (operation.opcode !== Opcode.SETTLE) return operations.submit(operation);
        sink.settle(operation.handle);
        return 0;
      },
      trace() {
        sink.trace(captureStack());
      },
      switched() {},
    },
  };
  const instance = await WebAssembly.instantiate(module, resolveImports(module, own, userImports));
  guest = instance.exports as unknown as GuestExports;
  operations.attach(guest);
  sink.instance(instance);
  return guest;
}

/** What AssemblyScript's standard library imports, bound to the driver. */
function environment(driver: Driver, memory: () => WebAssembly.Memory): WebAssembly.ModuleImports {
  const text = (pointer: number) => readString(memory(), pointer >>> 0);
  const log = (stream: "log" | "error") => (pointer: number) => console[stream](text(pointer));
  return {
    abort(message: number, file: number, line: number, column: number) {
      throw new AbortError(text(message), { file: text(file), line, column });
    },
    trace(message: number, count: number, ...values: number[]) {
      console.error([`trace: ${text(message)}`, ...values.slice(0, count)].join(" "));
    },
    seed: () => driver.random(),
    "Date.now": () => Date.now(),
    "performance.now": () => driver.now() / 1e6,
    "console.log": log("log"),
    "console.info": log("log"),
    "console.debug": log("log"),
    "console.warn": log("error"),
    "console.error": log("error"),
  };
}

/** What the module imports, from what as-fibers has and what the user gives, which goes first. */
function resolveImports(
  module: WebAssembly.Module,
  own: WebAssembly.Imports,
  given: WebAssembly.Imports,
): WebAssembly.Imports {
  const resolved: WebAssembly.Imports = {};
  const missing: string[] = [];
  for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
    const users = from === "as-fibers" ? undefined : given[from]?.[name];
    const value = users ?? own[from]?.[name];
    if (kind === "function" ? typeof value !== "function" : value === undefined) missing.push(`${from}.${name}`);
    else if (kind === "function" && users) (resolved[from] ??= {})[name] = guard(users as UserFunction);
    else (resolved[from] ??= {})[name] = value as WebAssembly.ImportValue;
  }
  if (!missing.length) return resolved;
  throw new FibersError(
    "E_MISSING_IMPORT",
    `the module imports ${missing.join(", ")}: give it by load(source, { imports: { … } })`,
  );
}

type UserFunction = (...values: never[]) => unknown;

/** The user's function; what it throws comes with the stack of its call, whatever it is. */
function guard(called: UserFunction): UserFunction {
  return (...values) => {
    try {
      return called(...values);
    } catch (thrown) {
      throw new ImportError(thrown);
    }
  };
}
