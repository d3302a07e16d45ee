/**
 * Judges a trap: does only the fiber fail, or is the instance dead?
 *
 * A trap is isolated when nobody's invariants were open. Allocator, collector and scheduler never call user code, so it is enough to
 * look at the innermost frame: when that is one of theirs (the custom section lists their indices), something may be half done.
 */
import type { GuestExports } from "./abi.ts";
import { describeLocation, type Location } from "./errors.ts";
import type { SectionContent } from "./section.ts";
import { type ParsedStack, parseStack, type WasmFrame } from "./stack-trace.ts";

/** Thrown by the import `abort`, which AssemblyScript's `throw` and failed checks call. */
export class AbortError extends Error {
  override name = "AbortError";
  readonly text: string;
  /** Where the source says so. */
  readonly location: Location;

  constructor(text: string, location: Location) {
    super(text || `aborted at ${describeLocation(location)}`);
    this.text = text;
    this.location = location;
  }
}

/** Thrown in place of what a function of the user has thrown. Its stack is that of the call: what was thrown may have none, or another. */
export class ImportError extends Error {
  override name = "ImportError";

  constructor(thrown: unknown) {
    super(`an imported function threw: ${describeThrown(thrown)}`, { cause: thrown });
  }
}

/** A text for anything: of an error, its message. */
export function describeThrown(thrown: unknown): string {
  return describe(thrown, ({ message }) => message);
}

/** The same; of an error, its name and its message. */
export function describeError(thrown: unknown): string {
  return describe(thrown, ({ name, message }) => `${name}: ${message}`);
}

function describe(thrown: unknown, describeOne: (error: Error) => string): string {
  try {
    return thrown instanceof Error ? describeOne(thrown) : String(thrown);
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}

export interface Verdict {
  /** False: the instance is dead. */
  isIsolated: boolean;
  code: string;
  message: string;
  /** Innermost first; empty when the stack could not be read. */
  frames: WasmFrame[];
  /** What the innermost frame says about its own place, when the program aborted. */
  abortedAt?: Location;
}

/** How many frames a failure remembers. */
const KEPT_FRAMES = 24;

/** Whether the guest itself has thrown this, or its stack was exhausted; else it was a function of JavaScript. */
export function isTrap(thrown: unknown): boolean {
  return thrown instanceof AbortError || thrown instanceof WebAssembly.RuntimeError || isExhaustion(thrown);
}

function isExhaustion(thrown: unknown): boolean {
  return thrown instanceof RangeError && /call stack/i.test(thrown.message);
}

/** Judges what was thrown out of the guest. To be called before its stack pointer is put back. */
export function judgeTrap(thrown: unknown, section: SectionContent, guest: GuestExports | undefined): Verdict {
  const stack = parseStack((thrown as { stack?: unknown } | null)?.stack);
  const frames = (stack?.frames ?? []).slice(0, KEPT_FRAMES);
  if (thrown instanceof AbortError) {
    const stackPointer = guest?.__fibers_stack_pointer?.value as number | undefined;
    const isOverflow = stackPointer !== undefined && stackPointer < section.stackEnd;
    const abortedAt = thrown.location;
    return { ...(isOverflow ? judgeShadowStack(section) : judgeAbort(thrown)), frames, abortedAt };
  }
  if (thrown instanceof WebAssembly.RuntimeError) return { ...judgeRuntimeError(thrown, stack, section), frames };
  if (isExhaustion(thrown)) return { ...judgeExhaustion(stack, section), frames };
  // Anything else was thrown by a function that the program imports; only the program calls those.
  const { message } = thrown instanceof ImportError ? thrown : new ImportError(thrown);
  return { isIsolated: true, code: "E_IMPORT_THREW", message, frames };
}

/** AssemblyScript checks its shadow stack when it enters a function of the program, so only that function has not begun. */
function judgeShadowStack({ stackSize }: SectionContent): Omit<Verdict, "frames"> {
  const message = `the shadow stack of ${stackSize} bytes is exhausted: recurse less deep, or build with a larger "stackSize"`;
  return { isIsolated: true, code: "E_STACK_EXHAUSTED", message };
}

function judgeAbort({ text, location: { file } }: AbortError): Omit<Verdict, "frames"> {
  const coded = /^(E_[A-Z0-9_]+): (.*)$/s.exec(text);
  if (coded?.[1]) return { isIsolated: true, code: coded[1], message: coded[2] ?? "" };
  const isRuntime = file.startsWith("~lib/rt/") || file.startsWith("~lib/as-fibers/");
  if (isRuntime && /allocation too large/i.test(text)) {
    return { isIsolated: true, code: "E_OUT_OF_MEMORY", message: "one object of that size cannot be allocated" };
  }
  return { isIsolated: !isRuntime, code: "E_ABORTED", message: text || "aborted" };
}

function judgeRuntimeError(error: Error, stack: ParsedStack | null, section: SectionContent): Omit<Verdict, "frames"> {
  const innermost = stack?.frames[0]?.functionIndex ?? -1;
  if (/unreachable/.test(error.message) && section.allocatorFunctions.includes(innermost)) {
    // The allocator's one `unreachable`: memory could not grow. It has changed nothing before.
    const message = "memory is exhausted and cannot grow: raise --maximumMemory, or hold less";
    return { isIsolated: true, code: "E_OUT_OF_MEMORY", message };
  }
  return { isIsolated: isUserCode(stack, section), code: "E_TRAP", message: error.message };
}

function judgeExhaustion(stack: ParsedStack | null, section: SectionContent): Omit<Verdict, "frames"> {
  return {
    isIsolated: isUserCode(stack, section),
    code: "E_STACK_EXHAUSTED",
    message: "the engine's stack is exhausted: recurse less deep, or raise node's --stack-size",
  };
}

function isUserCode(stack: ParsedStack | null, section: SectionContent): boolean {
  const innermost = stack?.frames[0];
  return !!stack?.isInnermost && !!innermost && !section.runtimeFunctions.includes(innermost.functionIndex);
}
