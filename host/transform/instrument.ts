/**
 * The build between compiler and binary: keep the switch whole, optimize, let Asyncify instrument, verify.
 *
 * The order matters. Inlining the switch into user code would make that code never suspend, so that is forbidden before anything is
 * optimized; Asyncify comes after optimizing, since it saves every local that is left.
 */
import { binaryen } from "./binaryen.ts";
import { Features } from "./features.ts";
import type { Module } from "./compiler.ts";
import { findInstrumented } from "./instrumented.ts";
import { parseModuleText } from "./module-text.ts";
import { optimizeSaveRecord, provideState } from "./save-record.ts";
import { NEVER_SUSPENDS, SWITCH, verifyAfterAsyncify, verifyBeforeAsyncify } from "./verify.ts";

/**
 * Never inlined: the switch; the first halves of verbs that wait; what ends a fiber; the body of a trampoline; the rare branches of the
 * scheduler's loop; and the allocator's growing, so that a trap there can be told from an `unreachable` of the program. Nothing else of
 * allocator and collector: an exhausted stack traps where a function is called, and what is inlined is not called.
 */
const NEVER_INLINED = [
  SWITCH,
  `${NEVER_SUSPENDS}*`,
  "~lib/as-fibers/assembly/context/outsideFiber",
  "~lib/as-fibers/assembly/*/begin*",
  "~lib/as-fibers/assembly/*/refuse*",
  "~lib/as-fibers/assembly/*/fail*",
  "~lib/as-fibers/assembly/cleanup/runCleanups",
  "~lib/as-fibers/assembly/scheduler/conclude",
  "~lib/as-fibers/assembly/scheduler/leaveForGood",
  "~lib/as-fibers/assembly/scheduler/strike*",
  "~lib/rt/tlsf/growMemory",
  "~lib/rt/stub/maybeGrowMemory",
];

const ASYNCIFY_EXPORTS = ["start_unwind", "stop_unwind", "start_rewind", "stop_rewind", "get_state"].map(
  (name) => `asyncify_${name}`,
);

export interface InstrumentOptions {
  optimizeLevel: number;
  shrinkLevel: number;
  debugInfo: boolean;
  /** For tests that plant a fault. */
  neverInlined?: string[];
  /** For tests that plant a fault. */
  passArguments?: Record<string, string>;
  /** For tests that compare: leaves the accesses to the save record as Asyncify has made them. */
  keepsSaveRecord?: boolean;
}

export interface Instrumented {
  /** Functions that Asyncify instrumented. */
  instrumented: number;
  /** All functions. */
  functions: number;
  /** Size of the binary before Asyncify, optimized alike. */
  bytesBefore: number;
}

/** Instruments a module in place. @throws VerificationError when the result would not suspend */
export function instrument(module: Module, options: InstrumentOptions): Instrumented {
  module.setFeatures(Features);
  forbidInlining(module, options.neverInlined ?? NEVER_INLINED);
  optimize(module, options);
  const before = parseModuleText(module.emitText());
  const bytesBefore = module.emitBinary().length;
  const roles = verifyBeforeAsyncify(before);
  runAsyncify(module, roles.neverSuspending, options);
  const instrumented = findInstrumented(module, roles.suspending);
  verifyAfterAsyncify(module, instrumented, roles);
  provideState(module);
  if (before.saveRecord !== null && !options.keepsSaveRecord) optimizeSaveRecord(module, before.saveRecord);
  optimize(module, options);
  return { instrumented: instrumented.size, functions: before.functions.size, bytesBefore };
}

function forbidInlining(module: Module, patterns: string[]): void {
  for (const pattern of patterns) {
    binaryen.setPassArgument("no-inline", pattern);
    module.runPasses(["no-inline"]);
  }
  binaryen.clearPassArguments();
}

/** Optimizes as asc does for these levels. asc runs its own passes once more, later. */
function optimize(module: Module, { optimizeLevel, shrinkLevel, debugInfo }: InstrumentOptions): void {
  if (!optimizeLevel && !shrinkLevel) return;
  const isFast = optimizeLevel >= 2 && shrinkLevel === 0;
  binaryen.setOptimizeLevel(optimizeLevel >= 3 || shrinkLevel >= 2 ? 4 : optimizeLevel);
  binaryen.setShrinkLevel(shrinkLevel);
  binaryen.setDebugInfo(debugInfo);
  binaryen.setAlwaysInlineMaxSize(isFast ? 12 : 2);
  binaryen.setFlexibleInlineMaxSize(isFast ? 70 : 65);
  binaryen.setOneCallerInlineMaxSize(isFast ? 200 : 80);
  module.optimize();
  binaryen.clearPassArguments();
}

function runAsyncify(module: Module, neverSuspending: Set<string>, options: InstrumentOptions): void {
  // No import suspends: the switch is inside. Indirect calls do: a fiber's body is one. `optimize` clears arguments, so they are set here.
  // Asyncify knows all indirect calls as one; we know them by signature, and take out those that reach nothing that suspends. A name that
  // its list cannot hold is left instrumented.
  binaryen.setPassArgument("asyncify-ignore-imports", "1");
  const removed = [...neverSuspending].filter((name) => !/[,*]/.test(name));
  if (removed.length) binaryen.setPassArgument("asyncify-removelist", removed.join(","));
  for (const [name, value] of Object.entries(options.passArguments ?? {})) binaryen.setPassArgument(name, value);
  module.runPasses(["asyncify"]);
  binaryen.clearPassArguments();
  for (const name of ASYNCIFY_EXPORTS) module.removeExport(name);
}
