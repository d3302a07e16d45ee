/**
 * Which functions Asyncify has instrumented. Such a function begins by asking for Asyncify's state, in a few nested blocks: so there is no need
 * to look at all of it, or at its text.
 */
import { binaryen } from "./binaryen.ts";
import type { Module } from "./compiler.ts";

const STATE = "__asyncify_state";
/** So deep Asyncify nests what it asks first, and so many statements may stand before. */
const MAX_DEPTH = 8;
const MAX_STATEMENTS = 4;

/** Binaryen's accessors of expressions, which its types leave out. */
interface Accessors {
  Binary: { getLeft(binary: number): number };
  Block: { getNumChildren(block: number): number; getChildAt(block: number, index: number): number };
  GlobalGet: { getName(get: number): string };
  If: { getCondition(branch: number): number };
  LocalSet: { getValue(set: number): number };
  Unary: { getValue(unary: number): number };
}

const accessors = (): Accessors => binaryen as unknown as Accessors;

/** Call with a module that Asyncify has just changed, before it is optimized. */
export function isInstrumented(ref: number): boolean {
  const { module: imported, body } = binaryen.getFunctionInfo(ref);
  return !imported && asksForState(body, MAX_DEPTH);
}

export function countInstrumented(module: Module): number {
  let count = 0;
  for (let i = 0; i < module.getNumFunctions(); i++) if (isInstrumented(module.getFunctionByIndex(i))) count++;
  return count;
}

function asksForState(expression: number, depth: number): boolean {
  if (!expression || !depth) return false;
  const { Binary, Block, GlobalGet, If, LocalSet, Unary } = accessors();
  switch (binaryen.getExpressionId(expression)) {
    case binaryen.GlobalGetId:
      return GlobalGet.getName(expression) === STATE;
    case binaryen.BinaryId:
      return asksForState(Binary.getLeft(expression), depth - 1);
    case binaryen.UnaryId:
      return asksForState(Unary.getValue(expression), depth - 1);
    case binaryen.IfId:
      return asksForState(If.getCondition(expression), depth - 1);
    case binaryen.LocalSetId:
      return asksForState(LocalSet.getValue(expression), depth - 1);
    case binaryen.BlockId: {
      const count = Math.min(Block.getNumChildren(expression), MAX_STATEMENTS);
      for (let i = 0; i < count; i++) if (asksForState(Block.getChildAt(expression, i), depth - 1)) return true;
      return false;
    }
    default:
      return false;
  }
}
