/** Turns failures of the guest into errors, with the AssemblyScript lines of their stacks; and tells the guest about traps. */
import { GENERATED_PREFIX, type GuestExports, newString, newTrapFrames, readFailure, readTrapFrames } from "./abi.ts";
import { FiberError, FibersError, type Frame } from "./errors.ts";
import { isLibraryFrame, placesOf, type SourceLocator, type WasmFrame, wasmFrames } from "./stack-trace.ts";
import type { Verdict } from "./trap.ts";

/** Frames of a stack trace that is read on purpose. */
const TRACE_FRAMES = 64;

export class FailureReader {
  #guest!: GuestExports;
  readonly #locator: SourceLocator;
  readonly #sites: readonly string[];
  #noted: NodeJS.CallSite[] = [];
  #lacksReserve = false;
  readonly #errorOf: (fiberId: number, message: string) => unknown;

  /**
   * @param sites the module's table of them
   * @param errorOf the JavaScript error by which this fiber failed with this message; undefined when there is none
   */
  constructor(
    locator: SourceLocator,
    sites: readonly string[],
    errorOf: (fiberId: number, message: string) => unknown = () => undefined,
  ) {
    this.#locator = locator;
    this.#sites = sites;
    this.#errorOf = errorOf;
  }

  attach(guest: GuestExports): void {
    this.#guest = guest;
  }

  /** The guest has asked to note the stack trace of this moment. */
  noteTrace(stack: NodeJS.CallSite[]): void {
    this.#noted = stack;
  }

  /** The error for a failure at this address, and those that caused it. */
  read(pointer: number): FiberError {
    const fields = readFailure(this.#guest.memory, pointer);
    const cause = fields.cause ? this.#causeAt(fields.cause) : this.#errorOf(fields.fiberId, fields.message);
    const madeAt = this.#sites[fields.site - 1];
    if (madeAt) fields.message += `; it was made at ${madeAt}`;
    const startedAt = this.#sites[fields.startSite - 1] ?? null;
    const frames = this.#locate(this.#framesOf(pointer));
    return new FiberError({ ...fields, startedAt }, frames, cause === undefined ? {} : { cause });
  }

  /** A failure that nothing of the program has made, of a stream that JavaScript has given, is the JavaScript error itself. */
  #causeAt(pointer: number): unknown {
    const { fiberId, message, hasFrames } = readFailure(this.#guest.memory, pointer);
    const thrown = hasFrames ? undefined : this.#errorOf(fiberId, message);
    return thrown ?? this.read(pointer);
  }

  /** The frames of the program, with their places. */
  #locate(frames: WasmFrame[]): Frame[] {
    const isOwn = (frame: WasmFrame) => this.#locator.isOwn(frame);
    const located = frames
      .map((frame) => ({ frame, found: this.#locator.locate(frame) }))
      .filter(({ frame, found }) => !isLibraryFrame(found) && (found.location !== null || isOwn(frame)))
      .map(({ found }) => found);
    if (located.length) return located;
    // What failed was inlined from the library, and no line is left of the function around it: at least it has a name.
    const [own] = frames.filter(isOwn).map((frame) => this.#locator.locate(frame));
    return own && !own.functionName.startsWith(GENERATED_PREFIX) ? [{ ...own, location: null }] : [];
  }

  #framesOf(pointer: number): WasmFrame[] {
    const trapped = readTrapFrames(this.#guest.memory, pointer);
    return trapped ?? this.#trace(() => this.#guest.__fibers_trace_failure(pointer));
  }

  /**
   * The stack of a fiber that has begun, innermost frame first. Only between turns.
   * @param known stacks that were read before, by the places of their frames: many fibers stand at the same
   */
  stackOf(fiber: number, known: Map<string, Frame[]>): Frame[] {
    this.#note(() => this.#guest.__fibers_trace_fiber(fiber));
    const places = placesOf(this.#noted);
    let frames = known.get(places);
    if (!frames) known.set(places, (frames = this.#locate(wasmFrames(this.#noted))));
    return frames;
  }

  #trace(read: () => number): WasmFrame[] {
    this.#note(read);
    return wasmFrames(this.#noted);
  }

  /** Lets the guest note a stack trace. */
  #note(read: () => number): void {
    this.#noted = [];
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = TRACE_FRAMES;
    try {
      read();
    } catch (error) {
      // A fiber that has used the engine's whole stack cannot be rewound from here: it has no stack to show.
      if (!(error instanceof RangeError)) throw error;
      this.#guest.__fibers_abandon_rewind();
    } finally {
      Error.stackTraceLimit = limit;
    }
  }

  /** Ends the running fiber as failed. @throws what the guest throws when even that is impossible */
  failTrapped(verdict: Verdict): void {
    const { code, message, frames } = verdict;
    const guest = this.#guest;
    this.#noteTrap(verdict);
    guest.__fibers_abandon_rewind();
    // Under memory exhaustion, the guest gives back a reserve first: what follows must be able to allocate.
    guest.__fibers_before_trapped();
    const codeString = newString(guest, code);
    const messageString = newString(guest, message);
    const framesString = newTrapFrames(guest, frames);
    guest.__fibers_trapped(codeString, messageString, framesString);
    guest.__fibers_release_strings();
    this.#takeReserve(code === "E_OUT_OF_MEMORY");
  }

  /** Before a turn: has the guest take the reserve that it could not take again after a trap. */
  restoreReserve(): void {
    if (this.#lacksReserve) this.#takeReserve(false);
  }

  /** Memory is exhausted, and no fiber is to be charged: has the guest give back its reserve until the next turn. */
  spendReserve(): void {
    this.#guest.__fibers_before_trapped();
    this.#lacksReserve = true;
  }

  #takeReserve(isExhausted: boolean): void {
    this.#lacksReserve = false;
    try {
      this.#guest.__fibers_after_trapped(isExhausted ? 1 : 0);
    } catch (error) {
      // Others hold all memory, and the allocator has changed nothing: until there is room, the guest does without.
      if (!(error instanceof WebAssembly.RuntimeError && /unreachable/.test(error.message))) throw error;
      this.#lacksReserve = true;
    }
  }

  /** The error for a top-level statement that trapped. */
  startError(verdict: Verdict, cause: unknown): FibersError {
    const { code, message, frames } = verdict;
    this.#noteTrap(verdict);
    const located = this.#locate(frames);
    if (!located.length) return new FibersError(code, message, { cause });
    const fields = { code, message, fiberName: "top-level statements", fiberId: 0, startedAt: null };
    return new FiberError(fields, located, { cause });
  }

  #noteTrap({ frames, abortedAt }: Verdict): void {
    this.#locator.noteNames(frames);
    const [innermost] = frames;
    // AssemblyScript's check of the shadow stack names a file of zeros.
    if (innermost && abortedAt?.file && !abortedAt.file.startsWith("\0")) {
      this.#locator.noteAbort(innermost, abortedAt);
    }
  }
}
