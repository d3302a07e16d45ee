/** What a program under test imports beside what as-fibers gives it: simulated, given, or refused. */
import { type GuestExports, readString } from "../abi.ts";
import type { VirtualDriver } from "../drivers/virtual.ts";
import { type Delay, delayOf, type Latency } from "../drivers/virtual/link.ts";
import { Random } from "../drivers/virtual/random.ts";
import { FibersError } from "../errors.ts";
import type { ImportDescription } from "../section.ts";

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

const LATENCIES = new WeakMap<object, Latency>();

/**
 * Marks a function that a program imports with `@suspends`: in a simulated world, its answer comes so many milliseconds after the call. Without
 * it, no simulated time passes until it has answered, however long that really takes.
 */
export function lasting<F extends (...values: never[]) => unknown>(latency: Latency, called: F): F {
  const marked = ((...values: never[]) => called(...values)) as F;
  LATENCIES.set(marked, latency);
  return marked;
}

type HostFunction = (...values: unknown[]) => unknown;

/** The imports of a program, those that answer later bound to simulated time. */
export function answeringImports(
  given: WebAssembly.Imports,
  suspending: readonly ImportDescription[],
  driver: VirtualDriver,
  seed: number,
): WebAssembly.Imports {
  const random = new Random(seed ^ 0x7feb352d);
  return replaced(given, suspending, (called) => {
    const latency = LATENCIES.get(called);
    return answering(called, driver, latency === undefined ? null : delayOf(latency, random));
  });
}

function answering(called: HostFunction, driver: VirtualDriver, delay: Delay | null): HostFunction {
  return (...values) => {
    const answer = called(...values);
    const isLater = typeof answer === "object" && answer !== null && "then" in answer;
    if (isLater) driver.hold(Promise.resolve(answer));
    if (!delay) return answer;
    return Promise.all([answer, driver.pause(delay() / 1e6)]).then(([value]) => value);
  };
}

/** Refuses, when they are called, those that answer later: who goes back and forth in the life of a program cannot wait for JavaScript. */
export function refusingImports(
  given: WebAssembly.Imports,
  suspending: readonly ImportDescription[],
): WebAssembly.Imports {
  return replaced(given, suspending, (_, { module, name }) => () => {
    const message = `explore cannot wait for the import ${module}.${name}: write its counterpart in the program, or look at seeds by simulate`;
    throw new FibersError("E_IMPURE_IMPORT", message);
  });
}

/** The same imports with these functions in the place of others. */
function replaced(
  given: WebAssembly.Imports,
  suspending: readonly ImportDescription[],
  replace: (called: HostFunction, description: ImportDescription) => HostFunction,
): WebAssembly.Imports {
  const imports: WebAssembly.Imports = { ...given };
  for (const description of suspending) {
    const { module, name } = description;
    const called = given[module]?.[name];
    if (typeof called !== "function") continue;
    imports[module] = { ...imports[module], [name]: replace(called as HostFunction, description) };
  }
  return imports;
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
