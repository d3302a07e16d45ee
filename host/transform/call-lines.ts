/**
 * Gives lines to calls that the compiler has left without one of the program: a fiber that waits in such a call would stand nowhere, or at
 * the statement before.
 *
 * - Calls whose results nobody wants: the compiler gives the line of such a statement to what drops the result, which Asyncify takes apart.
 * - Calls that an inlined verb of the library makes, `yieldNow` say: their lines are the library's own.
 */
import { binaryen } from "./binaryen.ts";
import { type CompiledFunction, compiledFunctions, type Module, type Program, type Range } from "./compiler.ts";

const LIBRARY = "~lib/as-fibers/";

/** Call with the module as asc has compiled it, before anything else has changed it. */
export function addCallLines(program: Program, module: Module): void {
  for (const compiled of compiledFunctions(program)) {
    const { internalName, debugLocations } = compiled;
    const ref = debugLocations.size && module.getFunction(internalName);
    if (!ref) continue;
    const give = (call: number, { source, start }: Range) => {
      const line = source.lineAt(start);
      module.setDebugLocation(ref, call, source.debugInfoIndex, line, source.columnAt() - 1);
    };
    if (inlinesLibrary(compiled)) giveToInlined(binaryen.getFunctionInfo(ref).body, null, compiled, give);
    giveToDropped(compiled, give);
  }
}

/** Whether it is a function of the program in which something of the library is inlined. */
function inlinesLibrary({ internalName, debugLocations }: CompiledFunction): boolean {
  if (internalName.startsWith("~lib/")) return false;
  for (const { source } of debugLocations.values()) if (source.internalPath.startsWith(LIBRARY)) return true;
  return false;
}

type Give = (call: number, range: Range) => void;

function giveToDropped({ debugLocations }: CompiledFunction, give: Give): void {
  const { Drop } = binaryen as unknown as { Drop: { getValue(drop: number): number } };
  for (const [expression, range] of debugLocations) {
    if (binaryen.getExpressionId(expression) === binaryen.DropId) give(Drop.getValue(expression), range);
  }
}

/** @param own the innermost place of the program around the expression */
function giveToInlined(expression: number, own: Range | null, compiled: CompiledFunction, give: Give): void {
  const range = compiled.debugLocations.get(expression);
  const isOwn = range && !range.source.internalPath.startsWith("~lib/");
  const around = isOwn ? range : own;
  // Of others, Binaryen tells nothing, and no call is inside.
  if (!hasParts(expression)) return;
  const info = binaryen.getExpressionInfo(expression) as unknown as ExpressionInfo;
  if (!isOwn && around && info.target && String(info.target).startsWith(LIBRARY)) give(expression, around);
  for (const child of childrenOf(info)) giveToInlined(child, around, compiled, give);
}

/** What Binaryen tells of an expression: references to its parts, by these names and others. */
interface ExpressionInfo extends Partial<Record<(typeof PARTS)[number], number>> {
  target?: string | number;
  children?: number[];
  operands?: number[];
}

const PARTS = ["condition", "ifTrue", "ifFalse", "body", "value", "ptr", "left", "right"] as const;

function hasParts(expression: number): boolean {
  const { BlockId, IfId, LoopId, BreakId, SwitchId, CallId, CallIndirectId, LocalSetId, GlobalSetId } = binaryen;
  const { LoadId, StoreId, UnaryId, BinaryId, SelectId, DropId, ReturnId } = binaryen;
  const flow = [BlockId, IfId, LoopId, BreakId, SwitchId, CallId, CallIndirectId, SelectId, DropId, ReturnId];
  const id = binaryen.getExpressionId(expression);
  return [...flow, LocalSetId, GlobalSetId, LoadId, StoreId, UnaryId, BinaryId].includes(id);
}

function childrenOf(info: ExpressionInfo): number[] {
  const parts = PARTS.flatMap((name) => info[name] || []);
  return [...parts, ...(info.children ?? []), ...(info.operands ?? [])];
}
