/**
 * Gives lines to calls whose results nobody wants: the compiler gives the line of such a statement to what drops the result, which
 * Asyncify takes apart. A fiber that waits in one would stand nowhere.
 */
import { binaryen } from "./binaryen.ts";
import { compiledFunctions, type Module, type Program } from "./compiler.ts";

/** Call with the module as asc has compiled it, before anything else has changed it. */
export function addCallLines(program: Program, module: Module): void {
  const { Drop } = binaryen as unknown as { Drop: { getValue(drop: number): number } };
  for (const { internalName, debugLocations } of compiledFunctions(program)) {
    const drops = [...debugLocations].filter(
      ([expression]) => binaryen.getExpressionId(expression) === binaryen.DropId,
    );
    const ref = drops.length && module.getFunction(internalName);
    if (!ref) continue;
    for (const [drop, { source, start }] of drops) {
      const line = source.lineAt(start);
      module.setDebugLocation(ref, Drop.getValue(drop), source.debugInfoIndex, line, source.columnAt() - 1);
    }
  }
}
