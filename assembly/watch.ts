/**
 * `Watch<T>`: one value that changes, for those who want to know the latest.
 *
 * - Setting never waits. Who is slow sees the latest value, and not those between.
 * - Every set is a new version, also of the same value. A new observer has seen none: its first `next` gives the value that is there.
 *
 * ╒═══════ watch (32-bit) ════════╕   ╒══════════ observer (32-bit) ══════════╕
 * │  0 waiters  ptr   wait queue   │   │  0 watch   ref                          │
 * │  4 isManaged u8 · isClosed u8  │   │  4 isManaged u8 · isClosed · hasValue   │
 * │  8 bits     u64   the value    │   │  8 bits    u64   what `value` gives     │
 * │ 16 version  u64   of it        │   │ 16 seen    u64   version of that        │
 * ╘════════════════════════════════╛   ╘═════════════════════════════════════════╛
 */
import { current, requireFiber, suspend } from "./context";
import { fail } from "./failure";
import { indexOf, Reason, record } from "./record";
import { caseAt, setCase } from "./select-case";
import { Site } from "./site";
import { endWaits, endWaitsOf } from "./subscription";
import { fromBits, toBits } from "./value";
import { beginWait, wakeAll } from "./waiting";
import { link } from "./write-barrier";

/** A watch without its type: fields only. */
@unmanaged
class WatchRecord {
  waiters: usize;
  isManaged: bool;
  isClosed: bool;
  bits: u64;
  version: u64;
}

/** An observer without its type: fields only. */
@unmanaged
class ObserverRecord {
  watch: usize;
  isManaged: bool;
  isClosed: bool;
  hasValue: bool;
  bits: u64;
  seen: u64;
}

/** A value of type T whose changes fibers can wait for. */
export class Watch<T> {
  private waiters: usize = 0;
  private isManaged: bool = isManaged<T>();
  private closed: bool = false;
  private bits: u64;
  private version: u64 = 1;

  /** @param initial its value until the first `set`: a version like any other, which an observer's first `next` gives */
  constructor(initial: T) {
    this.bits = toBits<T>(initial);
    if (isManaged<T>()) link(changetype<usize>(this), <usize>this.bits, false);
  }

  /** The latest value. */
  get value(): T {
    return fromBits<T>(this.bits);
  }

  /** @throws E_CLOSED when it is closed */
  set value(value: T) {
    this.set(value);
  }

  /** Sets the value, and wakes all observers that wait, in the order in which they came. @throws E_CLOSED when it is closed */
  set(value: T): void {
    if (this.closed) failSet();
    setWatch(changetype<usize>(this), toBits<T>(value));
  }

  /** An observer of its own for each who wants to know every change. */
  observe(site: Site = 0): WatchObserver<T> {
    return new WatchObserver<T>(changetype<usize>(this), site);
  }

  /** No more changes: observers that have seen the latest value are told the end. Closing again does nothing. */
  close(): void {
    this.closed = true;
    endWaits(changetype<usize>(this));
  }

  /** Whether it was closed. */
  get isClosed(): bool {
    return this.closed;
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    if (this.isManaged) __visit(<usize>this.bits, cookie);
  }
}

/** What one observer has seen of a `Watch`. Made by `observe`. */
export class WatchObserver<T> {
  private watch: usize;
  private isManaged: bool = isManaged<T>();
  private closed: bool = false;
  private taken: bool = false;
  private bits: u64 = 0;
  private seen: u64 = 0;
  private site: Site;

  /** @internal @param watch the address of a `Watch<T>` */
  constructor(watch: usize, site: Site) {
    this.site = site;
    this.watch = watch;
    link(changetype<usize>(this), watch, false);
  }

  /** Waits for a version that it has not seen. True: the latest stands in `value`; false: there will be none, since it or the watch is closed. */
  next(): bool {
    if (beginNext(changetype<usize>(this))) suspend();
    return endNext(changetype<usize>(this));
  }

  /** Looks without waiting. True: a new version stands in `value`; false: there is none. */
  tryNext(): bool {
    const isNew = hasNew(changetype<usize>(this));
    take(changetype<usize>(this), isNew);
    return isNew;
  }

  /** What its last `next`, `tryNext` or select has seen. @throws E_NO_VALUE when that was nothing new */
  get value(): T {
    if (!this.taken) failValue();
    return fromBits<T>(this.bits);
  }

  /** Whether its last `next`, `tryNext` or select has seen something new, which then stands in `value`. False at the end. */
  get hasValue(): bool {
    return this.taken;
  }

  /** It wants to see no more: `next` is false from now on, also of those who wait in it. */
  close(): void {
    this.closed = true;
    endWaitsOf(this.watch, changetype<usize>(this));
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    __visit(this.watch, cookie);
    if (this.isManaged) __visit(<usize>this.bits, cookie);
  }
}

// @ts-ignore: decorator
@inline
function watchRecord(watch: usize): WatchRecord {
  return changetype<WatchRecord>(watch);
}

// @ts-ignore: decorator
@inline
function observerRecord(observer: usize): ObserverRecord {
  return changetype<ObserverRecord>(observer);
}

function setWatch(watch: usize, bits: u64): void {
  const w = watchRecord(watch);
  w.bits = bits;
  if (w.isManaged) link(watch, <usize>bits, false);
  w.version++;
  wakeAll(watch);
}

function hasNew(observer: usize): bool {
  const o = observerRecord(observer);
  return !o.isClosed && o.seen != watchRecord(o.watch).version;
}

function isOver(observer: usize): bool {
  const o = observerRecord(observer);
  return o.isClosed || watchRecord(o.watch).isClosed;
}

/** Keeps what is there now, or nothing. */
function take(observer: usize, isNew: bool): void {
  const o = observerRecord(observer);
  const w = watchRecord(o.watch);
  o.hasValue = isNew;
  o.bits = 0;
  if (!isNew) return;
  o.seen = w.version;
  o.bits = w.bits;
  if (o.isManaged) link(observer, <usize>w.bits, true);
}

function beginNext(observer: usize): bool {
  const f = record(requireFiber());
  f.object = observer;
  if (hasNew(observer)) return false;
  if (isOver(observer)) {
    f.object = 0;
    return false;
  }
  return beginWait(observerRecord(observer).watch, Reason.WATCH, observer, <u32>observer);
}

/** Whoever was woken by a new version sees the latest one there is when it runs. */
function endNext(observer: usize): bool {
  const isNew = record(current()).object != 0;
  take(observer, isNew);
  return isNew;
}

/** Makes a case of a `Select` of the next version. */
export function selectWatch(at: usize, observer: usize): usize {
  caseAt(at).value = <u64>observer;
  const isReady = indexOf(changetype<usize>(canTake));
  const run = indexOf(changetype<usize>(takeAtOnce));
  const end = indexOf(changetype<usize>(endTake));
  return setCase(at, Reason.WATCH, observer, observerRecord(observer).watch, isReady, run, end);
}

function canTake(at: usize): bool {
  const observer = caseAt(at).object;
  return hasNew(observer) || isOver(observer);
}

function takeAtOnce(at: usize): bool {
  const observer = caseAt(at).object;
  take(observer, hasNew(observer));
  return false;
}

function endTake(at: usize): bool {
  endNext(caseAt(at).object);
  return false;
}

// --- misuse ---

function failSet(): void {
  fail(
    "cannot set: the watch is closed, and its observers were told the end; close it when nobody sets it any more",
    "E_CLOSED",
  );
}

function failValue(): void {
  fail("the observer has no value: value gives what its last next(), tryNext() or select has seen", "E_NO_VALUE");
}
