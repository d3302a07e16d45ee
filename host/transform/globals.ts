/**
 * Adds two functions that copy every mutable global to memory and back. AssemblyScript's globals are Wasm globals, so a copy of
 * memory alone is not the state of a program.
 */
import { binaryen } from "./binaryen.ts";
import { LOAD_GLOBALS_EXPORT, SAVE_GLOBALS_EXPORT } from "../abi.ts";
import type { Module } from "./compiler.ts";

/** Bytes per saved global: every one gets 8, whatever its type. */
const SLOT = 8;

/** Adds the functions and exports them; returns how many bytes they copy. Call when all other globals exist. */
export function addGlobalsCopy(module: Module): number {
  const saves: number[] = [];
  const loads: number[] = [];
  for (let i = 0; i < module.getNumGlobals(); i++) {
    const info = binaryen.getGlobalInfo(module.getGlobalByIndex(i));
    if (!info.mutable || info.module) continue;
    const access = {
      [binaryen.i32]: module.i32,
      [binaryen.i64]: module.i64,
      [binaryen.f32]: module.f32,
      [binaryen.f64]: module.f64,
    }[info.type];
    if (!access) throw new Error(`as-fibers: the global ${info.name} is of a type that cannot be saved`);
    const offset = saves.length * SLOT;
    const pointer = () => module.local.get(0, binaryen.i32);
    saves.push(access.store(offset, 4, pointer(), module.global.get(info.name, info.type)));
    loads.push(module.global.set(info.name, access.load(offset, 4, pointer())));
  }
  add(module, SAVE_GLOBALS_EXPORT, saves);
  add(module, LOAD_GLOBALS_EXPORT, loads);
  return saves.length * SLOT;
}

function add(module: Module, name: string, body: number[]): void {
  module.addFunction(name, binaryen.i32, binaryen.none, [], module.block(null, body));
  module.addFunctionExport(name, name);
}
