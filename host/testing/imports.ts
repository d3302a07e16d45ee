/** What a program under test imports beside what as-fibers gives it: simulated, given, or refused. */
import { type GuestExports, readString } from "../abi.ts";
import { FibersError } from "../errors.ts";

/** The moment at which every simulated world begins, for `Date.now`: the first of January 2026, UTC. */
export const BEGINNING = Date.UTC(2026, 0, 1);

const PURE = new WeakSet<object>();

/**
 * Marks a function that a program imports as pure: it keeps no state, and gives the same for the same arguments. `explore` takes only
 * those, since it goes back and forth in the life of a program, and cannot take back what happened outside of it.
 */
export function pure<F extends (...values: never[]) => unknown>(called: F): F {
  PURE.add(called);
  return called;
}

/** @throws E_IMPURE_IMPORT */
export function requirePure(imports: WebAssembly.Imports): void {
  for (const [from, values] of Object.entries(imports)) {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== "function" || PURE.has(value)) continue;
      const message = `explore cannot take back what the import ${from}.${name} does: mark it by pure(…) when it keeps no state, or write its counterpart in the program`;
      throw new FibersError("E_IMPURE_IMPORT", message);
    }
  }
}

/** What a simulated world gives instead of the real one's clock and console. */
export interface SimulatedEnvironment {
  /** Nanoseconds. */
  now(): number;
  /** A line of `console`. */
  log(line: string): void;
  guest(): GuestExports;
}

/** AssemblyScript's standard library, bound to a simulated world; what the user gives goes first. */
export function simulatedImports(given: WebAssembly.Imports, world: SimulatedEnvironment): WebAssembly.Imports {
  const log = (pointer: number) => world.log(readString(world.guest().memory, pointer >>> 0));
  const env = {
    "Date.now": () => BEGINNING + Math.floor(world.now() / 1e6),
    "console.log": log,
    "console.info": log,
    "console.debug": log,
    "console.warn": log,
    "console.error": log,
  };
  return { ...given, env: { ...env, ...given["env"] } };
}
