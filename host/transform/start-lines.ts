/**
 * Puts back the source lines of top-level statements. When asc adds the shadow stack to a function, it builds that function anew, and then
 * moves the lines of all functions but those that it has made itself, for the top-level statements of each file.
 */
import type { Module, Program } from "./compiler.ts";

/** Call with the module as asc has compiled it, before anything else has changed it. */
export function restoreStartLines(program: Program, module: Module): void {
  const writer = { setDebugLocation: module.setDebugLocation.bind(module), setLocalName: () => {} };
  for (const { startFunction } of program.filesByName.values()) {
    const ref = startFunction.ref && module.getFunction(startFunction.internalName);
    if (ref) startFunction.addDebugInfo(writer, ref);
  }
}
