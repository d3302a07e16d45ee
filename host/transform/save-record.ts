/**
 * Makes Asyncify's accesses to its save record cheap: a quarter of a switch is waiting for them, each a load that depends on the store
 * just before it.
 *
 * Asyncify finds the record by a global, and moves the position in it like this, twice per frame and direction:
 *
 *     record.position = record.position - 12          record.position = (base = record.position - 12)
 *     base = record.position                    →
 *     local = load(base)                              local = load(base)
 *
 * The address becomes a constant (ours is always the same one), and the position goes on in a local instead of through memory. Only
 * neighbouring statements of exactly these shapes are rewritten; any other stays as it is, slower and right.
 */
import { binaryen } from "./binaryen.ts";
import type { Module } from "./compiler.ts";

const DATA = "__asyncify_data";

type Expression = number;

/** Binaryen's accessors of expressions, which its types leave out. */
interface Accessors {
  Binary: { getLeft(e: Expression): Expression; setLeft(e: Expression, left: Expression): void };
  Block: {
    getNumChildren(e: Expression): number;
    getChildAt(e: Expression, index: number): Expression;
    setChildAt(e: Expression, index: number, child: Expression): void;
  };
  If: { getIfTrue(e: Expression): Expression };
  Load: {
    getPtr(e: Expression): Expression;
    getOffset(e: Expression): number;
    setPtr(e: Expression, ptr: Expression): void;
  };
  LocalSet: { getIndex(e: Expression): number; getValue(e: Expression): Expression; isTee(e: Expression): boolean };
  Store: {
    getPtr(e: Expression): Expression;
    setPtr(e: Expression, ptr: Expression): void;
    getOffset(e: Expression): number;
    getValue(e: Expression): Expression;
    setValue(e: Expression, value: Expression): void;
  };
}

const accessors = (): Accessors => binaryen as unknown as Accessors;

const is = (e: Expression, id: number): boolean => binaryen.getExpressionId(e) === id;

/** Asyncify's functions, with the state that each sets. */
const STATE = "__asyncify_state";
/** Imported by the guest to read the state. Asyncify's own `get_state` cannot be: the pass refuses modules that import it. */
const READ_STATE = "~lib/as-fibers/assembly/context/state";
const STATE_FUNCTIONS = { start_unwind: 1, stop_unwind: 0, start_rewind: 2, stop_rewind: 0 };

/** Gives the guest the state that it imports. Also where nothing is optimized: without it, a module cannot be loaded. */
export function provideState(module: Module): void {
  if (!module.getFunction(READ_STATE)) return;
  module.removeFunction(READ_STATE);
  module.addFunction(READ_STATE, binaryen.none, binaryen.i32, [], module.global.get(STATE, binaryen.i32));
}

/** Rewrites a module that Asyncify has just instrumented. @param address of the save record */
export function optimizeSaveRecord(module: Module, address: number): void {
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const { module: imported, body } = binaryen.getFunctionInfo(module.getFunctionByIndex(i));
    if (!imported) forwardIn(module, body);
  }
  module.removeGlobal(DATA);
  module.addGlobal(DATA, binaryen.i32, false, module.i32.const(address));
  for (const [name, state] of Object.entries(STATE_FUNCTIONS)) replaceStateFunction(module, `asyncify_${name}`, state);
}

/**
 * What is left of a state function: it sets the state. The address is constant, and the check that the position is below the record's end
 * is of no use here: that end is the end of memory, and `context.ts` compares the bytes used with the limit itself.
 */
function replaceStateFunction(module: Module, name: string, state: number): void {
  const { params } = binaryen.getFunctionInfo(module.getFunction(name));
  module.removeFunction(name);
  module.addFunction(name, params, binaryen.none, [], module.global.set(STATE, module.i32.const(state)));
}

/** Looks where Asyncify puts its code: in blocks, the branches of ifs, and values of locals, from the body down. */
function forwardIn(module: Module, expression: Expression): void {
  if (is(expression, binaryen.BlockId)) {
    const count = accessors().Block.getNumChildren(expression);
    for (let i = 0; i < count; i++) {
      const child = accessors().Block.getChildAt(expression, i);
      if (i + 1 < count) forward(module, expression, child, i + 1);
      forwardIn(module, child);
    }
  } else if (is(expression, binaryen.IfId)) {
    forwardIn(module, accessors().If.getIfTrue(expression));
  } else if (is(expression, binaryen.LocalSetId)) {
    forwardIn(module, accessors().LocalSet.getValue(expression));
  }
}

/** If `move` sets the position and the statement after it begins by reading it, lets that one take it from a local. */
function forward(module: Module, block: Expression, move: Expression, next: number): void {
  if (!isMove(move)) return;
  const reader = accessors().Block.getChildAt(block, next);
  const local = takePosition(module, reader);
  if (local === null) return;
  accessors().Store.setValue(move, module.local.tee(local, accessors().Store.getValue(move), binaryen.i32));
  forwardToNextMove(module, block, next, local);
}

/** Replaces the read of the position that this statement begins with; returns the local that it is to be in, or null. */
function takePosition(module: Module, reader: Expression): number | null {
  const isStore = is(reader, binaryen.StoreId);
  const access = isStore ? reader : is(reader, binaryen.LocalSetId) ? accessors().LocalSet.getValue(reader) : 0;
  if (!access || !(isStore || is(access, binaryen.LoadId))) return null;
  const pointer = isStore ? accessors().Store.getPtr(access) : accessors().Load.getPtr(access);
  const isTee =
    is(pointer, binaryen.LocalSetId) &&
    accessors().LocalSet.isTee(pointer) &&
    isPosition(accessors().LocalSet.getValue(pointer));
  // Without a tee, the local that the statement sets is free until then.
  if (!isTee && (isStore || !isPosition(pointer) || binaryen.getExpressionType(access) !== binaryen.i32)) return null;
  const local = accessors().LocalSet.getIndex(isTee ? pointer : reader);
  const position = module.local.get(local, binaryen.i32);
  if (isStore) accessors().Store.setPtr(access, position);
  else accessors().Load.setPtr(access, position);
  return local;
}

/** As long as statements only store through that local, it still is the position: the next move need not read it either. */
function forwardToNextMove(module: Module, block: Expression, first: number, local: number): void {
  for (let i = first; i < accessors().Block.getNumChildren(block); i++) {
    const statement = accessors().Block.getChildAt(block, i);
    if (!is(statement, binaryen.StoreId)) return;
    if (isMove(statement)) {
      const value = accessors().Store.getValue(statement);
      if (is(value, binaryen.BinaryId) && isPosition(accessors().Binary.getLeft(value))) {
        accessors().Binary.setLeft(value, module.local.get(local, binaryen.i32));
      }
      return;
    }
    const values = [accessors().Store.getPtr(statement), accessors().Store.getValue(statement)];
    if (!values.every((value) => is(value, binaryen.LocalGetId) || is(value, binaryen.ConstId))) return;
  }
}

/** `record.position = …` */
function isMove(e: Expression): boolean {
  return is(e, binaryen.StoreId) && accessors().Store.getOffset(e) === 0 && isRecord(accessors().Store.getPtr(e));
}

/** `record.position` */
function isPosition(e: Expression): boolean {
  return is(e, binaryen.LoadId) && accessors().Load.getOffset(e) === 0 && isRecord(accessors().Load.getPtr(e));
}

function isRecord(e: Expression): boolean {
  return is(e, binaryen.GlobalGetId) && (binaryen.getExpressionInfo(e) as unknown as { name: string }).name === DATA;
}
