/**
 * Why a fiber failed or was cancelled, and `fail`, by which a fiber ends itself.
 *
 * Failing is a switch that does not come back: the fiber unwinds, its frames are kept only for the stack trace that somebody may
 * ask for, its cleanups run, its joiners wake. No trap and no host is involved.
 *
 * A failure that nobody looked at is in one managed list until it is reported: when its fiber is collected, or when the program
 * ends. The list keeps the failure alive, not the fiber.
 */
import { Runtime } from "shared/runtime";
import { attachmentsOf } from "./attachments";
import { current, requireFiber, suspend, usedBytes, usedFrames } from "./context";
import { Flag, Record, record, State } from "./record";
import { Site } from "./site";
import { link } from "./write-barrier";

/** Characters of a message that is quoted: each failure of a chain quotes the one before, so all of them would grow with its square. */
const MAX_QUOTED: i32 = 500;

// ╒════════════════ failure (32-bit), as the host reads it ════════════════╕
// │  0 code       ref string   stable: E_FAILED, E_CANCELLED, …            │
// │  4 message    ref string                                               │
// │  8 fiberName  ref string                                               │
// │ 12 cause      ref          failure of the fiber that was joined        │
// │ 16 fiberId    i64                                                      │
// │ 24 frames     ref bytes    saved frames; or, when it trapped, index    │
// │                            and offset of the frames of the trap        │
// │ 28 entry      u32          trampoline of the saved frames              │
// │ 32 body       u32          their body; 0 when it trapped               │
// │ 36 site       u32          of the object that it is about: see site.ts │
// │ 40 startedAt  u16          number of the site where its fiber was      │
// │                            started; 0: JavaScript has called it        │
// ╘════════════════════════════════════════════════════════════════════════╛
/** Why a fiber failed or was cancelled. */
export class Failure {
  /** What can be relied on: programs compare codes, people read messages. */
  code: string;
  /** What happened, to what, and what to do about it. Of a cancellation: its reason. */
  message: string;
  /** The name of the fiber that failed; may be empty. */
  fiberName: string;
  /** The failure of the fiber that was joined, when that is the reason. */
  cause: Failure | null;
  /** The number of the fiber that failed. */
  fiberId: i64;
  private frames: usize = 0;
  private entry: u32 = 0;
  private body: u32 = 0;
  private site: Site = 0;
  private startedAt: u16;

  private isReady: bool = false;
  private next: Failure | null = null;
  private previous: Failure | null = null;
  /** The next failure of the same scope, which came later. */
  attached: Failure | null = null;
  /** Of a cancellation: the fiber that has asked for it; 0: JavaScript has, or the fiber itself. */
  askedById: i64 = 0;
  /** The name of that fiber; may be empty. */
  askedByName: string = "";
  /** What the fiber was ending for already, when it failed once more in a cleanup. */
  private earlier: Failure | null = null;

  /** @internal */
  constructor(fiber: usize, code: string, message: string, cause: Failure | null = null) {
    this.code = code;
    this.message = message;
    this.cause = cause;
    this.fiberName = changetype<string>(record(fiber).name);
    this.fiberId = record(fiber).id;
    this.startedAt = record(fiber).site;
  }

  /** The fiber as messages name it. */
  get who(): string {
    return this.fiberName.length ? `fiber "${this.fiberName}"` : `fiber ${this.fiberId}`;
  }

  /** Its message as that of another failure quotes it: of a long chain of causes, only the first. */
  get quoted(): string {
    if (this.message.length <= MAX_QUOTED) return this.message;
    let first: Failure = this;
    while (first.cause) first = first.cause!;
    return "… " + first.message;
  }

  /** The code and the message in one line. */
  toString(): string {
    return `${this.code}: ${this.message}`;
  }

  /** @internal It is about an object that was made there. */
  static setSite(failure: Failure, site: Site): void {
    failure.site = site;
  }

  /** @internal Keeps the frames that the fiber has just unwound, so that the host can read its stack later. */
  keepFrames(f: Record): void {
    const bytes = usedBytes();
    const frames = new StaticArray<u8>(<i32>bytes);
    memory.copy(changetype<usize>(frames), usedFrames(), bytes);
    this.frames = changetype<usize>(frames);
    link(changetype<usize>(this), changetype<usize>(frames), false);
    this.entry = f.entry;
    this.body = f.body;
  }

  /** @internal Keeps the frames of a trap, as the host has written them: nobody here reads them. */
  keepTrap(frames: string): void {
    this.frames = changetype<usize>(frames);
    link(changetype<usize>(this), changetype<usize>(frames), false);
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    __visit(changetype<usize>(this.code), cookie);
    __visit(changetype<usize>(this.message), cookie);
    __visit(changetype<usize>(this.fiberName), cookie);
    __visit(changetype<usize>(this.cause), cookie);
    __visit(this.frames, cookie);
    __visit(changetype<usize>(this.earlier), cookie);
    __visit(changetype<usize>(this.attached), cookie);
    __visit(changetype<usize>(this.askedByName), cookie);
    __visit(changetype<usize>(this.next), cookie);
    __visit(changetype<usize>(this.previous), cookie);
  }

  /** @internal Links it into the list of failures that nobody looked at. */
  static addUnobserved(failure: Failure): void {
    const first = unobserved;
    failure.next = first;
    if (first) first.previous = failure;
    unobserved = failure;
  }

  /** @internal */
  static setEarlier(failure: Failure, earlier: Failure | null): void {
    failure.earlier = earlier;
  }

  /** @internal Takes it out of that list. */
  static removeUnobserved(failure: Failure): void {
    const next = failure.next;
    const previous = failure.previous;
    if (previous) previous.next = next;
    else unobserved = next;
    if (next) next.previous = previous;
    failure.next = null;
    failure.previous = null;
  }

  /** @internal A cleanup failed in a fiber that was ending for another reason. That reason stays the fiber's; this one is reported. */
  static setAside(fiber: usize): void {
    const failure = changetype<Failure>(record(fiber).failure);
    record(fiber).failure = changetype<usize>(failure.earlier);
    link(fiber, changetype<usize>(failure.earlier), false);
    failure.earlier = null;
    Failure.report(failure);
  }

  /** @internal Nobody will look at it: it is reported. */
  static report(failure: Failure): void {
    Failure.addUnobserved(failure);
    Failure.markReady(changetype<usize>(failure));
  }

  /** @internal Its fiber was collected: nobody can look any more. Called inside the collector, so it only stores. */
  static markReady(failure: usize): void {
    store<bool>(failure, true, offsetof<Failure>("isReady"));
    readyCount++;
  }

  /** @internal The next failure to report, or null: with `all` any, else only those whose fibers were collected. */
  static takeUnobserved(all: bool): Failure | null {
    if (!all && !readyCount) return null;
    let failure = unobserved;
    while (failure) {
      if (all || failure.isReady) {
        if (failure.isReady) readyCount--;
        Failure.removeUnobserved(failure);
        return failure;
      }
      failure = failure.next;
    }
    return null;
  }
}

let unobserved: Failure | null = null;
let readyCount: u32 = 0;

/** How many failures wait to be reported because their fibers were collected. */
export function readyReports(): u32 {
  return readyCount;
}

/** Writes the failure into the fiber's record. */
export function setFailure(fiber: usize, failure: Failure): void {
  Failure.setEarlier(failure, changetype<Failure | null>(record(fiber).failure));
  record(fiber).failure = changetype<usize>(failure);
  link(fiber, changetype<usize>(failure), false);
}

/**
 * The same for a cancellation, which the running fiber, if any, has asked for. A new object is white, so its references need no barrier: that
 * halves what a cancellation costs.
 */
export function setCancellation(fiber: usize, reason: string): void {
  const f = record(fiber);
  const failure = __new(offsetof<Failure>(), idof<Failure>());
  // Only the incremental runtime clears what it allocates.
  if (ASC_RUNTIME != Runtime.Incremental) memory.fill(failure, 0, offsetof<Failure>());
  store<usize>(failure, changetype<usize>("E_CANCELLED"), offsetof<Failure>("code"));
  store<usize>(failure, changetype<usize>(reason), offsetof<Failure>("message"));
  store<usize>(failure, f.name, offsetof<Failure>("fiberName"));
  store<i64>(failure, f.id, offsetof<Failure>("fiberId"));
  store<u16>(failure, f.site, offsetof<Failure>("startedAt"));
  const asking = current();
  const isOther = asking != 0 && asking != fiber;
  if (isOther) store<i64>(failure, record(asking).id, offsetof<Failure>("askedById"));
  const name = isOther ? record(asking).name : changetype<usize>("");
  store<usize>(failure, name, offsetof<Failure>("askedByName"));
  store<usize>(failure, f.failure, offsetof<Failure>("earlier"));
  f.failure = failure;
  link(fiber, failure, false);
}

/** The failure of an ended fiber; whoever asks has looked at it. */
export function observeFailure(fiber: usize): Failure | null {
  const f = record(fiber);
  const failure = changetype<Failure | null>(f.failure);
  if (f.flags & Flag.UNOBSERVED) {
    f.flags &= ~Flag.UNOBSERVED;
    if (failure) Failure.removeUnobserved(failure);
  }
  return failure;
}

/**
 * Ends the running fiber as failed: drops its frames, runs its cleanups, wakes its joiners. Does not return.
 * @param message what happened, with the object, the value and the way out
 * @param code stable, by convention `E_…`
 * @throws E_NOT_IN_FIBER outside of a fiber
 */
export function fail(message: string, code: string = "E_FAILED"): void {
  requireFiber();
  failWith(message, code, null);
}

/** Like `fail`, because of another failure. */
export function failWith(message: string, code: string, cause: Failure | null): void {
  if (beginFail(message, code, cause)) suspend();
}

/**
 * The first half of `fail`, for the first halves of verbs that wait: they return its result, true, so that the fiber suspends, and
 * nothing of it runs again. Never inlined. Outside of a fiber nothing can fail but the caller: traps with the same code.
 */
export function beginFail(message: string, code: string, cause: Failure | null): bool {
  const fiber = current();
  if (!fiber) throw new Error(code + ": " + message);
  setFailure(fiber, new Failure(fiber, code, message, cause));
  record(fiber).state = <i8>State.FAILED;
  return true;
}

/** Leaves the code of a call of this fiber whose name ends in `OrError`; empty when it succeeded. */
export function leaveError(code: string): void {
  const fiber = current();
  // Most calls succeed, and leave no trace in a fiber of which none has failed.
  if (!code.length && !record(fiber).attachments) return;
  const attachments = attachmentsOf(fiber);
  attachments.lastError = changetype<usize>(code);
  link(changetype<usize>(attachments), changetype<usize>(code), false);
}
