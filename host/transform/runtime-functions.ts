/**
 * Finds the functions inside which a trap leaves invariants open: allocator, collector, and this library. The host compares their
 * indices with the innermost frame of a trap; see `host/trap.ts`.
 */
import binaryen from "assemblyscript/binaryen";
import type { Module } from "./compiler.ts";

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
}

/** The indices of these functions in the module as it is now. */
export function findRuntimeFunctions(module: Module): RuntimeFunctions {
  const runtimeFunctions: number[] = [];
  const allocatorFunctions: number[] = [];
  const functionNames: Record<number, string> = {};
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
    if (!name.startsWith("~")) functionNames[imports + i] = name.slice(name.lastIndexOf("/") + 1);
  });
  return { runtimeFunctions, allocatorFunctions, functionNames };
}

function isRuntimeFunction(name: string): boolean {
  if (name.startsWith("~lib/rt/") || name.endsWith("~visit")) return true;
  return name.startsWith("~lib/as-fibers/assembly/") && !HARMLESS.has(name);
}
