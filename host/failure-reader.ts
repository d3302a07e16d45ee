/** Turns failures of the guest into errors, with the AssemblyScript lines of their stacks; and tells the guest about traps. */
import { type GuestExports, newString, readFailure, readTrapFrames, newTrapFrames } from "./abi.ts";
import { FiberError, FibersError, type Frame, type Location } from "./errors.ts";
import { isLibraryFrame, parseStack, type SourceLocator, type WasmFrame } from "./stack-trace.ts";
import type { Verdict } from "./trap.ts";

/** Frames of a stack trace that is read on purpose. */
const TRACE_FRAMES = 64;

export class FailureReader {
  #guest!: GuestExports;
  #locator: SourceLocator;
  #noted: string | undefined;
  #lacksReserve = false;

  constructor(locator: SourceLocator) {
    this.#locator = locator;
  }

  attach(guest: GuestExports): void {
    this.#guest = guest;
  }

  /** The guest has asked to note the stack trace of this moment. */
  noteTrace(stack: string | undefined): void {
    this.#noted = stack;
  }

  /** The error for a failure at this address, and those that caused it. */
  read(pointer: number): FiberError {
    const fields = readFailure(this.#guest.memory, pointer);
    const frames = this.#locate(this.#framesOf(pointer));
    const cause = fields.cause ? this.read(fields.cause) : undefined;
    return new FiberError(fields, frames, cause ? { cause } : {});
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
    const own = frames.find(isOwn);
    return own ? [{ ...this.#locator.locate(own), location: null }] : [];
  }

  #framesOf(pointer: number): WasmFrame[] {
    const trapped = readTrapFrames(this.#guest.memory, pointer);
    return trapped ?? this.#trace(() => this.#guest.__fibers_trace_failure(pointer));
  }

  /** Where a fiber has stopped, if it has begun: its innermost frame in the program. Only between turns. */
  placeOf(fiber: number): Location | null {
    const frames = this.#trace(() => this.#guest.__fibers_trace_fiber(fiber));
    return this.#locate(frames).find(({ location }) => location !== null)?.location ?? null;
  }

  #trace(read: () => number): WasmFrame[] {
    this.#noted = undefined;
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = TRACE_FRAMES;
    try {
      if (!read()) return [];
    } catch (error) {
      // A fiber that has used the engine's whole stack cannot be rewound from here: it has no stack to show.
      if (!(error instanceof RangeError)) throw error;
      this.#guest.__fibers_abandon_rewind();
      return [];
    } finally {
      Error.stackTraceLimit = limit;
    }
    return parseStack(this.#noted)?.frames ?? [];
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
    return new FiberError({ code, message, fiberName: "top-level statements", fiberId: 0 }, located, { cause });
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
