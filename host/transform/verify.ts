/**
 * Checks that a build would suspend, before and after Asyncify. A build that would not is an error that names the function: without
 * these checks such a program runs, and gives wrong answers.
 */
import type { Module, Source } from "./compiler.ts";
import type { FunctionText, ModuleText } from "./module-text.ts";

/** Where the library stands in a program. */
export const LIBRARY_PATH = "~lib/as-fibers/assembly/";
/** The one function that may start an unwinding. */
export const SWITCH = `${LIBRARY_PATH}context/suspend`;
/** Their functions call the library's own by table index, none of which waits: their indirect calls suspend nothing. */
export const NEVER_SUSPENDS = `${LIBRARY_PATH}callback/`;
const RESUME = `${LIBRARY_PATH}context/resume`;

/** A build that would not suspend. */
export class VerificationError extends Error {
  override name = "VerificationError";
  /** What is wrong; stable. */
  readonly code: string;
  /** The function that is at fault. */
  readonly functionName: string;

  constructor(code: string, functionName: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
    this.functionName = functionName;
  }
}

const UNWINDERS = ["asyncify.start_unwind", "asyncify.stop_rewind"];
const REWINDERS = ["asyncify.stop_unwind", "asyncify.start_rewind"];

/** What must be remembered of the module before Asyncify: it turns the imports into plain code. */
export interface SwitchRoles {
  /** Functions that drive the switch; Asyncify leaves them alone. */
  runtime: Set<string>;
  /** Functions from which a suspension can be reached, the runtime's excepted. */
  suspending: Set<string>;
  /** Functions that call indirectly, but only by signatures that no suspending function has. */
  neverSuspending: Set<string>;
}

/** Checks that the switch is in the program once: two copies would be two schedulers that do not know of each other. */
export function verifyOneSwitch(sources: Source[]): void {
  for (const { internalPath, text } of sources) {
    const name = `${internalPath}/suspend`;
    if (
      name === SWITCH ||
      !name.endsWith("/context/suspend") ||
      !text.includes('@external("asyncify", "start_unwind")')
    )
      continue;
    throw new VerificationError(
      "E_SECOND_SWITCH",
      name,
      `a second copy of as-fibers is in this program: ${name}. Import it everywhere as "as-fibers/assembly", never by a relative path`,
    );
  }
}

/** Checks an optimized module that Asyncify has not seen yet. */
export function verifyBeforeAsyncify(module: ModuleText): SwitchRoles {
  verifyTable(module);
  const callers = (imports: string[]) =>
    [...module.functions.values()].filter((f) =>
      [...f.calls].some((name) => imports.includes(module.imports.get(name) ?? "")),
    );
  const unwinders = callers(UNWINDERS);
  const rewinders = callers(REWINDERS);
  for (const { name } of unwinders) {
    if (name === SWITCH) continue;
    throw new VerificationError(
      "E_INLINED_SWITCH",
      name,
      `the switch was inlined into ${name}, which therefore would never suspend. Do not inline ${SWITCH}`,
    );
  }
  for (const { name } of rewinders) {
    if (unwinders.some((f) => f.name === name)) {
      throw new VerificationError(
        "E_MIXED_ROLES",
        name,
        `${name} both starts and ends unwindings; it must do one of them`,
      );
    }
  }
  const loops = new Set(callers(["asyncify.start_rewind"]).map((f) => f.name));
  for (const { name } of callers(["asyncify.stop_unwind"])) {
    if (loops.has(name) || !module.functions.get(name)?.hasLoop) continue;
    throw new VerificationError(
      "E_INLINED_BODY",
      name,
      `code that can suspend was inlined into ${name}, the trampoline that ends unwindings: it would begin anew instead of going on`,
    );
  }
  const runtime = new Set([...unwinders, ...rewinders].map((f) => f.name));
  const suspending = findSuspending(module, runtime);
  const indirect = [...module.functions.values()].filter((f) => f.indirect.size).map((f) => f.name);
  const neverSuspending = new Set(indirect.filter((name) => !suspending.has(name) && !runtime.has(name)));
  return { runtime, suspending, neverSuspending };
}

/** Function references that a program can have: records of fibers have 16 bits for one. */
const MAX_REFERENCES = 2 ** 16 - 1;

function verifyTable({ table }: ModuleText): void {
  if (table.size <= MAX_REFERENCES) return;
  throw new VerificationError(
    "E_TABLE_TOO_LARGE",
    RESUME,
    `the program uses ${table.size} functions as values, and fibers can tell ${MAX_REFERENCES} apart: use fewer function references`,
  );
}

/** Checks the module after Asyncify: every function between a fiber's entry and a suspension is instrumented. */
export function verifyAfterAsyncify(module: Module, instrumented: ReadonlySet<string>, roles: SwitchRoles): void {
  for (const name of roles.suspending) {
    if (module.getFunction(name) && !instrumented.has(name)) {
      throw new VerificationError(
        "E_NOT_INSTRUMENTED",
        name,
        `${name} calls functions that may suspend, but Asyncify has not instrumented it: it would run on while its fiber waits`,
      );
    }
  }
}

/** Checks that there is a shadow stack to switch. `stub` never collects, so it needs none. */
export function verifyShadowStack(stackBytes: number, runtime: string): void {
  if (runtime !== "stub" && stackBytes < 1024) {
    throw new VerificationError(
      "E_NO_SHADOW_STACK",
      RESUME,
      `there is no shadow stack for ${RESUME} to switch (stackSize is ${stackBytes}): the collector would free objects that parked fibers hold. Set "stackSize" to 262144 in asconfig.json`,
    );
  }
}

/** Closes "may suspend" over direct calls, and over indirect ones by signature. */
function findSuspending(module: ModuleText, runtime: Set<string>): Set<string> {
  const suspending = new Set<string>();
  const indirectTypes = new Set<string>();
  const isSuspending = (f: FunctionText) =>
    [...f.calls].some((name) => name === SWITCH || suspending.has(name)) ||
    [...f.indirect].some((type) => indirectTypes.has(type));
  for (let grew = true; grew;) {
    grew = false;
    for (const f of module.functions.values()) {
      if (runtime.has(f.name) || f.name.startsWith(NEVER_SUSPENDS) || suspending.has(f.name) || !isSuspending(f))
        continue;
      suspending.add(f.name);
      if (module.table.has(f.name)) indirectTypes.add(f.type);
      grew = true;
    }
  }
  return suspending;
}
