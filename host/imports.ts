/** What a module imports: the border of `abi.ts`, AssemblyScript's own environment, and what the user gives. */
import { type GuestExports, Opcode, readString, STREAMS_MODULE } from "./abi.ts";
import type { Driver } from "./driver.ts";
import type { HostCalls, HostFunction } from "./bindings/host-calls.ts";
import { FibersError } from "./errors.ts";
import type { Operations } from "./operations.ts";
import type { ImportDescription } from "./section.ts";
import { AbortError, ImportError } from "./trap.ts";

export interface ImportSink {
  /** The fiber of this call has ended; `failure` is where it says why, 0 when it has returned. */
  settle(call: number, failure: number): void;
  /** The stack trace that the guest asked for. */
  trace(stack: NodeJS.CallSite[]): void;
  /** The instance is there, and nothing of it has run. */
  instance(instance: WebAssembly.Instance): void;
}

const asCaptured = (_error: Error, frames: NodeJS.CallSite[]): NodeJS.CallSite[] => frames;

/** The frames of this moment, innermost first, as the engine has them: to write them as text would take ten times as long. */
function captureStack(): NodeJS.CallSite[] {
  const prepare = Error.prepareStackTrace;
  Error.prepareStackTrace = asCaptured;
  try {
    // oxlint-disable-next-line unicorn/error-message -- only its stack is wanted
    const frames = new Error().stack as unknown;
    // Not so at the end of the stack: then the engine has not called what prepares it.
    return Array.isArray(frames) ? (frames as NodeJS.CallSite[]) : [];
  } finally {
    Error.prepareStackTrace = prepare as typeof Error.prepareStackTrace;
  }
}

/** What the compiler has written to lift and lower: takes what is imported and what instantiates, gives the adapted exports. */
export type Connect = (
  imports: WebAssembly.Imports,
  link: (adapted: WebAssembly.Imports) => Promise<WebAssembly.Instance>,
) => Promise<Record<string, unknown>>;

/** What the values of an instance go through. */
export interface Border {
  suspendingImports: ImportDescription[];
  hostCalls: HostCalls;
  /** By which the module gives JavaScript the values of channels. */
  streams: WebAssembly.Imports;
  /** Undefined: the module has no bindings. */
  connect: Connect | undefined;
  /** Whether the guest must not be entered any more. */
  isOver(): boolean;
  /** The instance is there, with adapted exports when it has bindings. */
  attach(guest: GuestExports, adapted: Record<string, unknown> | undefined): void;
}

/** Instantiates a module. @throws E_MISSING_IMPORT when the user has not given what the program imports */
export async function instantiate(
  module: WebAssembly.Module,
  userImports: WebAssembly.Imports,
  driver: Driver,
  operations: Operations,
  sink: ImportSink,
  border?: Border,
): Promise<GuestExports> {
  let guest: GuestExports | undefined;
  const memory = () => (guest as GuestExports).memory;
  const own: WebAssembly.Imports = {
    env: environment(driver, memory),
    "as-fibers": {
      now: () => driver.now(),
      submit(pointer: number) {
        const operation = pointer >>> 0;
        if (operations.opcodeAt(operation) !== Opcode.SETTLE) return operations.submit(operation);
        const { handle, argument } = operations.read(operation);
        sink.settle(handle, argument >>> 0);
        return 0;
      },
      trace() {
        sink.trace(captureStack());
      },
      choose: (count: number, first: number) =>
        (first ? driver.choose?.(count, first >>> 0) : driver.draw?.(count)) ?? 0,
    },
  };
  const given = collectGiven(module, userImports, border);
  checkImports(module, given);
  const link = async (adapted: WebAssembly.Imports): Promise<WebAssembly.Instance> => {
    const instance = await WebAssembly.instantiate(module, resolveImports(module, own, given, adapted));
    guest = instance.exports as unknown as GuestExports;
    operations.attach(guest);
    border?.hostCalls.attach(guest, suspendingFunctions(userImports, border));
    sink.instance(instance);
    return border ? { exports: unpinning(instance.exports, border) } : instance;
  };
  const adapted = border?.connect ? await border.connect(withModules(module, given), link) : void (await link(given));
  const instantiated = guest as GuestExports | undefined;
  if (!instantiated) throw new Error("as-fibers: the bindings have not instantiated the module");
  border?.attach(instantiated, adapted);
  return instantiated;
}

/** The exports for the compiler's text, which unpins objects whenever JavaScript has collected what stood for them. */
function unpinning(exports: WebAssembly.Exports, { isOver }: Border): WebAssembly.Exports {
  const unpin = exports["__unpin"] as ((pointer: number) => void) | undefined;
  if (!unpin) return exports;
  return { ...exports, __unpin: (pointer: number) => void (isOver() || unpin(pointer)) };
}

/** The functions that answer, in the order of the imports. */
function suspendingFunctions(userImports: WebAssembly.Imports, { suspendingImports }: Border): HostFunction[] {
  return suspendingImports.map(({ module, name }) => userImports[module]?.[name] as unknown as HostFunction);
}

/** Modules of which only as-fibers gives something. */
const OWN_MODULES: ReadonlySet<string> = new Set(["as-fibers", STREAMS_MODULE]);

/** What the user gives of what the module imports: functions guarded; in the place of those that answer, what notes their arguments. */
function collectGiven(
  module: WebAssembly.Module,
  userImports: WebAssembly.Imports,
  border: Border | undefined,
): WebAssembly.Imports {
  const suspending = new Set(border?.suspendingImports.map((one) => `${one.module}.${one.name}`));
  const note = (...values: unknown[]) => border?.hostCalls.note(values);
  const given: WebAssembly.Imports = { ...border?.streams };
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const value = OWN_MODULES.has(from) ? undefined : userImports[from]?.[name];
    if (value === undefined || value === null) continue;
    const guarded = typeof value === "function" ? guard(value as UserFunction) : value;
    const isAnswer = suspending.has(`${from}.${name}`) && typeof value === "function";
    (given[from] ??= {})[name] = isAnswer ? note : guarded;
  }
  return given;
}

/** The compiler's text wants an object for each module. */
function withModules(module: WebAssembly.Module, given: WebAssembly.Imports): WebAssembly.Imports {
  const all: WebAssembly.Imports = {};
  for (const { module: from } of WebAssembly.Module.imports(module)) all[from] = given[from] ?? {};
  return all;
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

/** The names of that. */
const ENVIRONMENT: ReadonlySet<string> = new Set(
  Object.keys(environment({} as Driver, () => ({}) as WebAssembly.Memory)),
);

/** @throws E_MISSING_IMPORT, naming all that is missing */
function checkImports(module: WebAssembly.Module, given: WebAssembly.Imports): void {
  const missing = missingImports(module, given);
  if (!missing.length) return;
  throw new FibersError(
    "E_MISSING_IMPORT",
    `the module imports ${missing.join(", ")}: give it by load(source, { imports: { … } }), or by instantiate({ imports: { … } }) of its bindings`,
  );
}

/** What a module imports and neither as-fibers nor the user has, as "module.name". */
export function missingImports(module: WebAssembly.Module, given: WebAssembly.Imports): string[] {
  const missing = WebAssembly.Module.imports(module).filter(({ module: from, name, kind }) => {
    const value = given[from]?.[name];
    if (value === undefined && (OWN_MODULES.has(from) || (from === "env" && ENVIRONMENT.has(name)))) return false;
    return kind === "function" ? typeof value !== "function" : value === undefined;
  });
  // A program may declare the same one twice.
  return [...new Set(missing.map(({ module: from, name }) => `${from}.${name}`))];
}

/** What the module imports, from what as-fibers has and what the user gives, adapted. */
function resolveImports(
  module: WebAssembly.Module,
  own: WebAssembly.Imports,
  given: WebAssembly.Imports,
  adapted: WebAssembly.Imports,
): WebAssembly.Imports {
  const resolved: WebAssembly.Imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const owns = own[from]?.[name];
    // What the standard library imports is not adapted: it has a text of the compiler's own there.
    const value = owns === undefined ? adapted[from]?.[name] : (given[from]?.[name] ?? owns);
    (resolved[from] ??= {})[name] = value as WebAssembly.ImportValue;
  }
  return resolved;
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
