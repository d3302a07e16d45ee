/**
 * Has the program note when its collector begins and ends: puts calls of `assembly/collection.ts` around what AssemblyScript's runtimes
 * collect by. Only for programs that our JavaScript host serves, which alone can ask for a trace.
 */
import { binaryen } from "./binaryen.ts";
import type { Module } from "./compiler.ts";

/** What collects, and whether it is a whole collection. The runtime `stub` has neither. */
const COLLECTING: Record<string, boolean> = {
  // A few steps, when so many bytes were allocated since the last ones.
  "~lib/rt/itcms/interrupt": false,
  "~lib/rt/itcms/__collect": true,
  "~lib/rt/tcms/__collect": true,
};

/** Under these names they are exported until the module is bound. */
const BEGIN_EXPORT = "__fibers_begin_collection";
const END_EXPORT = "__fibers_end_collection";

/** What is added to the entry file. */
export function generateCollections(): string {
  const names = `beginCollection as ${BEGIN_EXPORT}, endCollection as ${END_EXPORT}`;
  return `export { ${names} } from "as-fibers/assembly/collection";`;
}

/** Before anything is optimized: then what collects may be a part of other functions. */
export function bindCollections(module: Module): void {
  const [begin = "", end = ""] = [BEGIN_EXPORT, END_EXPORT].map(
    (name) => binaryen.getExportInfo(module.getExport(name)).value,
  );
  for (const [name, isFull] of Object.entries(COLLECTING)) {
    const collecting = module.getFunction(name);
    if (!collecting) continue;
    const { params, results, vars, body } = binaryen.getFunctionInfo(collecting);
    const inner = `${name}~noted`;
    module.addFunction(inner, params, results, vars, body);
    module.removeFunction(name);
    const noted = module.block(null, [
      module.local.set(0, module.call(begin, [], binaryen.f64)),
      module.call(inner, [], binaryen.none),
      module.call(end, [module.local.get(0, binaryen.f64), module.i32.const(isFull ? 1 : 0)], binaryen.none),
    ]);
    module.addFunction(name, params, results, [binaryen.f64], noted);
  }
  for (const name of [BEGIN_EXPORT, END_EXPORT]) module.removeExport(name);
}
