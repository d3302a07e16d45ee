/**
 * Numbers the places where the program starts fibers, and makes the objects that fibers wait for: see `assembly/site.ts`.
 *
 * The compiler has filled in the parameter `site` of each such call with its default, 0, and knows the line of the call. Each gets a
 * number of its own before anything is optimized. What remains 0 is a call inside of the library, or one without a line.
 */
import type { Location } from "../errors.ts";
import { SITE_TAG } from "../abi.ts";
import { binaryen } from "./binaryen.ts";
import { type CompiledFunction, compiledFunctions, type Module, type Program, type Range } from "./compiler.ts";
import { LIBRARY_PATH } from "./verify.ts";

const PARAMETER = "site";
/** Wraps a call whose result is a reference that the collector must see on the shadow stack. */
const TO_STACK = "~lib/rt/__tostack";
/** A fiber keeps its site in 16 bits. */
const MAX_SITES = 65_535;

/** Binaryen's accessors of expressions, which its types leave out. */
interface Accessors {
  Call: {
    getTarget(call: number): string;
    getNumOperands(call: number): number;
    getOperandAt(call: number, index: number): number;
    setOperandAt(call: number, index: number, operand: number): void;
  };
  Const: { getValueI32(expression: number): number };
  Drop: { getValue(drop: number): number };
  LocalSet: { getValue(set: number): number };
}

const accessors = (): Accessors => binaryen as unknown as Accessors;

/** Numbers all sites of a module that was compiled with lines; where they are, the first being number 1. */
export function numberSites(program: Program, module: Module): Location[] {
  const functions = compiledFunctions(program);
  const targets = new Set(functions.filter(takesSite).map(({ internalName }) => internalName));
  const sites: Location[] = [];
  for (const { debugLocations } of functions) {
    for (const [expression, range] of debugLocations) {
      const call = siteCall(expression, targets);
      if (!call || sites.length === MAX_SITES || range.source.internalPath.startsWith(LIBRARY_PATH)) continue;
      sites.push(locationOf(range));
      const { Call } = accessors();
      Call.setOperandAt(call, Call.getNumOperands(call) - 1, module.i32.const(SITE_TAG | sites.length));
    }
  }
  return sites;
}

/** Whether this is a function of the library that wants to know where it is called. */
function takesSite({ prototype, declaration }: CompiledFunction): boolean {
  if (!prototype.internalName.startsWith(LIBRARY_PATH)) return false;
  const parameters = declaration.signature?.parameters ?? [];
  return parameters[parameters.length - 1]?.name.text === PARAMETER;
}

/** The call of such a function that is this expression, whatever is done with its result, when the last argument was left out; 0: none. */
function siteCall(expression: number, targets: ReadonlySet<string>): number {
  const { Call, Const, Drop, LocalSet } = accessors();
  const id = binaryen.getExpressionId(expression);
  if (id === binaryen.DropId) return siteCall(Drop.getValue(expression), targets);
  if (id === binaryen.LocalSetId) return siteCall(LocalSet.getValue(expression), targets);
  if (id !== binaryen.CallId) return 0;
  const target = Call.getTarget(expression);
  if (target === TO_STACK) return siteCall(Call.getOperandAt(expression, 0), targets);
  if (!targets.has(target)) return 0;
  const site = lastOperand(expression);
  const isLeftOut = binaryen.getExpressionId(site) === binaryen.ConstId && Const.getValueI32(site) === 0;
  return isLeftOut ? expression : 0;
}

function lastOperand(call: number): number {
  const { getNumOperands, getOperandAt } = accessors().Call;
  return getOperandAt(call, getNumOperands(call) - 1);
}

function locationOf({ source, start }: Range): Location {
  return { file: source.normalizedPath, line: source.lineAt(start), column: source.columnAt() };
}
