/**
 * Finds the functions inside which a trap leaves invariants open: allocator, collector, and this library. The host compares their
 * indices with the innermost frame of a trap; see `host/trap.ts`.
 */
import { binaryen } from "./binaryen.ts";
import type { Module } from "./compiler.ts";
import { findFunctionRanges, type FunctionRange } from "./function-ranges.ts";

/** Functions of the library in which a trap is harmless: they change nothing before they call, or trap on purpose. */
const HARMLESS = new Set(["context/suspend", "context/outsideFiber"].map((name) => `~lib/as-fibers/assembly/${name}`));

/** Indices in the module's function space, ascending. */
export interface RuntimeFunctions {
  /** Allocator, collector and library. */
  runtimeFunctions: number[];
  /** The allocator alone: its one `unreachable` says that memory cannot grow. */
  allocatorFunctions: number[];
  /** Names of the program's own functions, by index: release builds have no others to show in stack traces. */
  functionNames: Record<number, string>;
  /** Where those functions begin and end in the binary. */
  functionRanges: Record<number, FunctionRange>;
}

/** The indices of these functions in the module as it is now. @param binary it, emitted */
export function findRuntimeFunctions(module: Module, binary: Uint8Array): RuntimeFunctions {
  const runtimeFunctions: number[] = [];
  const allocatorFunctions: number[] = [];
  const functionNames: Record<number, string> = {};
  const functionRanges: Record<number, FunctionRange> = {};
  const ranges = findFunctionRanges(binary);
  // Imports come first in the index space; Binaryen lists them among the functions, in any order.
  const defined: string[] = [];
  let imports = 0;
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const info = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (info.module) imports++;
    else defined.push(info.name);
  }
  defined.forEach((name, i) => {
    if (isRuntimeFunction(name)) runtimeFunctions.push(imports + i);
    if (name.startsWith("~lib/rt/tlsf/") || name.startsWith("~lib/rt/stub/")) allocatorFunctions.push(imports + i);
    // `~start` is the program's own: its top-level statements. asc's wrappers of exports have the name of what they wrap.
    if (name.replace(/^export:/, "").startsWith("~lib/")) return;
    functionNames[imports + i] = name.slice(name.lastIndexOf("/") + 1);
    functionRanges[imports + i] = ranges[i] ?? [0, 0];
  });
  return { runtimeFunctions, allocatorFunctions, functionNames, functionRanges };
}

function isRuntimeFunction(name: string): boolean {
  if (name.startsWith("~lib/rt/") || name.endsWith("~visit")) return true;
  return name.startsWith("~lib/as-fibers/assembly/") && !HARMLESS.has(name);
}
