/**
 * Which functions Asyncify has instrumented. Such a function begins by asking for Asyncify's state, in a few nested blocks: so there is no need
 * to look at all of it. Where it is not seen so, the text tells.
 */
import { binaryen } from "./binaryen.ts";
import type { Module } from "./compiler.ts";
import { parseModuleText } from "./module-text.ts";

const STATE = "__asyncify_state";
/** So deep Asyncify nests what it asks first, and so many statements may stand before. */
const MAX_DEPTH = 8;
const MAX_STATEMENTS = 4;

/** Binaryen's accessors of expressions, which its types leave out. */
interface Accessors {
  Binary: { getLeft(binary: number): number; getRight(binary: number): number };
  Block: { getNumChildren(block: number): number; getChildAt(block: number, index: number): number };
  GlobalGet: { getName(get: number): string };
  If: { getCondition(branch: number): number; getIfTrue(branch: number): number };
  LocalSet: { getValue(set: number): number };
  Unary: { getValue(unary: number): number };
}

const accessors = (): Accessors => binaryen as unknown as Accessors;

/**
 * The names of the instrumented functions. Call with a module that Asyncify has just changed, before it is optimized.
 * @param expected those that should be: of these, none is left out
 */
export function findInstrumented(module: Module, expected: Iterable<string>): Set<string> {
  const found = new Set<string>();
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const { name, module: imported, body } = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (!imported && asksForState(body, MAX_DEPTH)) found.add(name);
  }
  const doubtful = [...expected].filter((name) => !found.has(name));
  if (!doubtful.length) return found;
  const { functions } = parseModuleText(module.emitText());
  for (const name of doubtful) if (functions.get(name)?.asksForState) found.add(name);
  return found;
}

function asksForState(expression: number, depth: number): boolean {
  if (!expression || !depth) return false;
  const { Binary, Block, GlobalGet, If, LocalSet, Unary } = accessors();
  switch (binaryen.getExpressionId(expression)) {
    case binaryen.GlobalGetId:
      return GlobalGet.getName(expression) === STATE;
    case binaryen.BinaryId:
      return (
        asksForState(Binary.getLeft(expression), depth - 1) || asksForState(Binary.getRight(expression), depth - 1)
      );
    case binaryen.UnaryId:
      return asksForState(Unary.getValue(expression), depth - 1);
    case binaryen.IfId:
      return asksForState(If.getCondition(expression), depth - 1) || asksForState(If.getIfTrue(expression), depth - 1);
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
