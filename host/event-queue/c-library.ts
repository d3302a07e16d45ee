/**
 * The C library, called through koffi, which is optional: without it everything else of as-fibers works.
 *
 * Every call of the tables that are made of it (`descriptor-calls.ts`, `epoll-calls.ts`, …) returns what the system does, except for an
 * error: then the result is the negative error number, as the kernel itself has it. So a table is a plain object, and a test can put
 * another in its place.
 */
import { getSystemErrorMap } from "node:util";
import { constants } from "node:os";
import { FibersError } from "../errors.ts";
import { type Argument, type Call, importKoffi, type Koffi, type Library } from "../koffi.ts";

export type { Call } from "../koffi.ts";

export interface CLibrary {
  /** A function of the library. @throws when it has none of this name */
  bind(name: string, parameters: readonly string[], result?: string): Call;
  /** A variadic one, by its declaration; what is variadic is passed as a pair of type and value. */
  bindVariadic(declaration: string): Call;
  has(name: string): boolean;
  /**
   * Calls back from the event loop as long as the descriptor is ready in one of these directions. The descriptor must be open, no regular file,
   * and not watched by the event loop already: koffi 3.3 ends the process otherwise.
   */
  watch(fd: number, directions: { readable: boolean; writable: boolean }, callback: () => void): Watch;
}

/** A descriptor that Node's event loop watches. */
export interface Watch {
  /** Whether it keeps the process alive. */
  setAlive(isAlive: boolean): void;
  close(): void;
}

let loading: Promise<CLibrary> | undefined;

/** @throws E_NO_KOFFI */
export async function loadCLibrary(): Promise<CLibrary> {
  loading ??= load();
  return loading;
}

async function load(): Promise<CLibrary> {
  let koffi: Koffi;
  try {
    koffi = await importKoffi();
  } catch (cause) {
    const message =
      "the event queue of the operating system is called through koffi, which is missing: npm install koffi";
    throw new FibersError("E_NO_KOFFI", message, { cause });
  }
  const library = koffi.load(null);
  return {
    bind: (name, parameters, result = "int") => bind(koffi, library, name, parameters, result),
    bindVariadic: (declaration) => bindVariadic(koffi, library, declaration),
    has: (name) => has(library, name),
    watch: (fd, directions, callback) => watch(koffi, fd, directions, callback),
  };
}

function bind(koffi: Koffi, library: Library, name: string, parameters: readonly string[], result: string): Call {
  const call = library.func(name, result, [...parameters]);
  // The number of arguments is spelt out: a rest parameter would allocate at each call.
  const ending = (value: number): number => (value >= 0 ? value : -koffi.errno());
  switch (parameters.length) {
    case 0:
      return () => ending(call());
    case 1:
      return (a) => ending(call(a as Argument));
    case 2:
      return (a, b) => ending(call(a as Argument, b as Argument));
    case 3:
      return (a, b, c) => ending(call(a as Argument, b as Argument, c as Argument));
    case 4:
      return (a, b, c, d) => ending(call(a as Argument, b as Argument, c as Argument, d as Argument));
    case 5:
      return (a, b, c, d, e) => ending(call(a as Argument, b as Argument, c as Argument, d as Argument, e as Argument));
    case 6:
      return (a, b, c, d, e, f) =>
        ending(call(a as Argument, b as Argument, c as Argument, d as Argument, e as Argument, f as Argument));
    default:
      return (...values) => ending(call(...values));
  }
}

function bindVariadic(koffi: Koffi, library: Library, declaration: string): Call {
  const call = library.func(declaration);
  return (...values) => {
    const result = call(...values);
    return result >= 0 ? result : -koffi.errno();
  };
}

function has(library: Library, name: string): boolean {
  try {
    library.symbol(name);
    return true;
  } catch {
    return false;
  }
}

function watch(
  koffi: Koffi,
  fd: number,
  directions: { readable: boolean; writable: boolean },
  callback: () => void,
): Watch {
  const handle = koffi.node.poll(fd, directions, callback);
  return {
    setAlive: (isAlive) => (isAlive ? handle.ref() : handle.unref()),
    close: () => handle.close(),
  };
}

/** Error numbers of this system. */
export const { EAGAIN, EBADF, EBUSY, EEXIST, EINPROGRESS, EINTR, EINVAL, ENOENT, ENOSYS, EPERM, EPIPE } =
  constants.errno;

/** The error of a call that has returned a negative number. Its code is the system's name for it. */
export function systemError(call: string, result: number): FibersError {
  const [code, text] = getSystemErrorMap().get(result) ?? ["EIO", `error ${-result}`];
  return new FibersError(code, `${call}: ${code}, ${text}`);
}

/** What a call has returned, unless it is an error. @throws the system's code */
export function succeed(call: string, result: number): number {
  if (result < 0) throw systemError(call, result);
  return result;
}
