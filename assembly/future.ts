/**
 * `Future<T>`: a value that is there later, for all who wait for it.
 *
 * - It is written once, by a value or by a failure; who comes later finds the same.
 * - Those who wait are woken in the order in which they came.
 *
 * ╒════════════ future (32-bit) ═════════════╕
 * │  0 waiters  ptr   wait queue              │
 * │  8 bits     u64   the value               │
 * │ 16 code · 20 message  ref   of a failure  │
 * │ 24 outcome u8 · isManaged u8              │
 * ╘═══════════════════════════════════════════╛
 */
import { suspend } from "./context";
import { beginFail, fail } from "./failure";
import { indexOf, Reason } from "./record";
import { caseAt, setCase } from "./select-case";
import { Site } from "./site";
import { fromBits, toBits } from "./value";
import { beginWait, wakeAll } from "./waiting";
import { link } from "./write-barrier";

/** What a future has become. */
enum Outcome {
  NONE,
  VALUE,
  FAILURE,
}

/** A future without its type: fields only. */
@unmanaged
class FutureRecord {
  waiters: usize;
  bits: u64;
  code: usize;
  message: usize;
  outcome: u8;
  isManaged: bool;
}

/** A value of type T that any number of fibers can wait for. */
export class Future<T> {
  private waiters: usize = 0;
  private bits: u64 = 0;
  private code: usize = 0;
  private message: usize = 0;
  private outcome: u8 = <u8>Outcome.NONE;
  private isManaged: bool = isManaged<T>();
  private site: Site;

  constructor(site: Site = 0) {
    this.site = site;
  }

  /** Writes the value, and wakes all who wait for it. @throws E_ALREADY_SET when it has a value, or has failed */
  set(value: T): void {
    if (this.outcome != Outcome.NONE) failWritten("set", this.outcome);
    setValue(changetype<usize>(this), toBits<T>(value));
  }

  /** Writes the value unless something was written before. False: it was. */
  trySet(value: T): bool {
    if (this.outcome != Outcome.NONE) return false;
    setValue(changetype<usize>(this), toBits<T>(value));
    return true;
  }

  /** There will be no value: all who wait for it, and who come later, fail so. @throws E_ALREADY_SET when it has a value, or has failed */
  fail(message: string, code: string = "E_FAILED"): void {
    if (this.outcome != Outcome.NONE) failWritten("fail", this.outcome);
    setFailed(changetype<usize>(this), message, code);
  }

  /** Waits for the value and returns it. @throws the code that the future has failed with, and its message */
  wait(): T {
    let isWaiting = beginFuture(changetype<usize>(this));
    while (isWaiting) {
      suspend();
      isWaiting = endFuture(changetype<usize>(this));
    }
    return fromBits<T>(this.bits);
  }

  /** True: the value stands in `value`; false: `wait` would have to wait. @throws as `wait` does */
  tryWait(): bool {
    if (this.outcome == Outcome.FAILURE) failLikeIt(changetype<usize>(this));
    return this.outcome == Outcome.VALUE;
  }

  /** The value. @throws E_NO_VALUE before it is set; else as `wait` does */
  get value(): T {
    if (this.outcome != Outcome.VALUE) failValue(changetype<usize>(this));
    return fromBits<T>(this.bits);
  }

  /** Whether it has a value. */
  get isSet(): bool {
    return this.outcome == Outcome.VALUE;
  }

  /** Whether it has failed, and will have no value. */
  get isFailed(): bool {
    return this.outcome == Outcome.FAILURE;
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    visitFuture(changetype<usize>(this), cookie);
  }
}

// @ts-ignore: decorator
@inline
function futureRecord(future: usize): FutureRecord {
  return changetype<FutureRecord>(future);
}

function visitFuture(future: usize, cookie: u32): void {
  const f = futureRecord(future);
  __visit(f.code, cookie);
  __visit(f.message, cookie);
  if (f.isManaged) __visit(<usize>f.bits, cookie);
}

function setValue(future: usize, bits: u64): void {
  const f = futureRecord(future);
  f.bits = bits;
  if (f.isManaged) link(future, <usize>bits, false);
  f.outcome = <u8>Outcome.VALUE;
  wakeAll(future);
}

function setFailed(future: usize, message: string, code: string): void {
  const f = futureRecord(future);
  f.message = changetype<usize>(message);
  link(future, changetype<usize>(message), true);
  f.code = changetype<usize>(code);
  link(future, changetype<usize>(code), true);
  f.outcome = <u8>Outcome.FAILURE;
  wakeAll(future);
}

function beginFuture(future: usize): bool {
  const outcome = futureRecord(future).outcome;
  if (outcome == Outcome.NONE) return beginWait(future, Reason.FUTURE, future);
  return outcome == Outcome.FAILURE && refuseFailed(future);
}

/** True: it has failed, and the fiber fails. */
// @ts-ignore: decorator
@inline
function endFuture(future: usize): bool {
  return futureRecord(future).outcome == Outcome.FAILURE && refuseFailed(future);
}

function refuseFailed(future: usize): bool {
  const f = futureRecord(future);
  return beginFail(changetype<string>(f.message), changetype<string>(f.code), null);
}

/** Makes a case of a `Select`: the future has a value, or has failed. */
export function selectFuture(at: usize, future: usize): usize {
  const isReady = indexOf(changetype<usize>(isWritten));
  return setCase(at, Reason.FUTURE, future, future, isReady, 0, 0);
}

function isWritten(at: usize): bool {
  return futureRecord(caseAt(at).object).outcome != Outcome.NONE;
}

// --- misuse ---

function failWritten(verb: string, outcome: u8): void {
  const what = outcome == Outcome.VALUE ? "has a value" : "has failed";
  fail(
    `cannot ${verb}: the future ${what} already, and is written once; where several may be first, they use trySet`,
    "E_ALREADY_SET",
  );
}

function failLikeIt(future: usize): void {
  const f = futureRecord(future);
  fail(changetype<string>(f.message), changetype<string>(f.code));
}

function failValue(future: usize): void {
  if (futureRecord(future).outcome == Outcome.FAILURE) failLikeIt(future);
  fail("the future has no value yet: wait for it, or ask isSet first", "E_NO_VALUE");
}
