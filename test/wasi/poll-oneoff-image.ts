/**
 * What poll_oneoff must do with any memory, on a host whose descriptors are known: a model that reads the subscriptions by itself and
 * writes the events by itself. It knows the time only from outside, so of a clock that is due about now it allows both answers.
 */
import { ERRNO_BADF, ERRNO_FAULT, ERRNO_INVAL, ERRNO_NOTSUP } from "../../host/wasi/errno.ts";

/** The arguments of the call, unsigned. */
export interface Call {
  pointer: number;
  events: number;
  count: number;
  countPointer: number;
}

/** What stands behind a descriptor, all the time. */
export interface Behind {
  /** Bytes that can be read; null: it is never readable. */
  readable: number | null;
  isWritable: boolean;
}

/** When an event comes: at once, never, or by a clock. */
type Due = "now" | "never" | { clock: "relative" | "monotonic" | "wall"; ns: bigint };

interface Expected {
  userdata: bigint;
  tag: number;
  errno: number;
  nbytes: number;
  due: Due;
}

/** Before or after the call, in nanoseconds; Node tells the wall clock in milliseconds. */
export interface Moment {
  monotonic: bigint;
  wallFrom: bigint;
  wallTo: bigint;
}

const NS_PER_MS = 1_000_000n;

export function momentNow(): Moment {
  const wall = BigInt(Date.now()) * NS_PER_MS;
  return { monotonic: process.hrtime.bigint(), wallFrom: wall - NS_PER_MS, wallTo: wall + 2n * NS_PER_MS };
}

/** @returns the errno of the call, or what is expected of each subscription */
export function predict(memory: DataView, call: Call, behind: ReadonlyMap<number, Behind>): number | Expected[] {
  const { pointer, events, count, countPointer } = call;
  const size = memory.byteLength;
  if (count === 0) return ERRNO_INVAL;
  if (pointer + count * 48 > size || events + count * 32 > size || countPointer + 4 > size) return ERRNO_FAULT;
  const all: Expected[] = [];
  for (let at = pointer; at < pointer + count * 48; at += 48) {
    const tag = memory.getUint8(at + 8);
    const id = memory.getUint32(at + 16, true);
    const flags = memory.getUint16(at + 40, true);
    if (tag > 2 || (tag === 0 && (id > 3 || flags > 1))) return ERRNO_INVAL;
    const userdata = memory.getBigUint64(at, true);
    if (tag === 0)
      all.push({ userdata, tag, nbytes: 0, ...expectClock(id, flags, memory.getBigUint64(at + 24, true)) });
    else all.push({ userdata, tag, ...expectDescriptor(behind.get(id), tag) });
  }
  return all;
}

function expectClock(id: number, flags: number, ns: bigint): { errno: number; due: Due } {
  if (id > 1) return { errno: ERRNO_NOTSUP, due: "now" };
  if (flags) return { errno: 0, due: { clock: id === 0 ? "wall" : "monotonic", ns } };
  return { errno: 0, due: ns === 0n ? "now" : { clock: "relative", ns } };
}

function expectDescriptor(behind: Behind | undefined, tag: number): { errno: number; nbytes: number; due: Due } {
  if (!behind) return { errno: ERRNO_BADF, nbytes: 0, due: "now" };
  if (tag === 2) return { errno: 0, nbytes: 0, due: behind.isWritable ? "now" : "never" };
  return { errno: 0, nbytes: behind.readable ?? 0, due: behind.readable === null ? "never" : "now" };
}

/** How long after `from` it surely ends, in nanoseconds; null when it may be never. */
export function longestWait(all: Expected[], from: Moment): bigint | null {
  let least: bigint | null = null;
  for (const { due } of all) {
    const left = surelyIn(due, from);
    if (left !== null && (least === null || left < least)) least = left;
  }
  return least;
}

function surelyIn(due: Due, { monotonic, wallFrom }: Moment): bigint | null {
  if (due === "now") return 0n;
  if (due === "never") return null;
  if (due.clock === "relative") return due.ns;
  const left = due.ns - (due.clock === "wall" ? wallFrom : monotonic);
  return left > 0n ? left : 0n;
}

function canBeDue(due: Due, before: Moment, after: Moment): boolean {
  if (due === "now") return true;
  if (due === "never") return false;
  if (due.clock === "relative") return before.monotonic + due.ns <= after.monotonic;
  return due.ns <= (due.clock === "wall" ? after.wallTo : after.monotonic);
}

/**
 * Every answer that is right: which subscriptions have an event, if so many have one. All that were due before the call, and any of those
 * that have become due in it.
 */
export function* rightAnswers(all: Expected[], written: number, before: Moment, after: Moment): Generator<Expected[]> {
  const possible = all.filter(({ due }) => canBeDue(due, before, after));
  const isSure = possible.map(({ due }) => surelyIn(due, before) === 0n);
  yield* choose(0, []);

  function* choose(from: number, chosen: Expected[]): Generator<Expected[]> {
    if (from === possible.length) {
      if (chosen.length === written) yield chosen;
      return;
    }
    if (chosen.length < written) yield* choose(from + 1, [...chosen, possible[from] as Expected]);
    if (!isSure[from]) yield* choose(from + 1, chosen);
  }
}

/** Writes what the call writes. */
export function writeAnswer(memory: DataView, { events, countPointer }: Call, answer: Expected[]): void {
  answer.forEach(({ userdata, tag, errno, nbytes }, i) => {
    const at = events + i * 32;
    for (let offset = 8; offset < 32; offset += 8) memory.setBigUint64(at + offset, 0n, true);
    memory.setBigUint64(at, userdata, true);
    memory.setUint16(at + 8, errno, true);
    memory.setUint8(at + 10, tag);
    memory.setBigUint64(at + 16, BigInt(nbytes), true);
  });
  memory.setUint32(countPointer, answer.length, true);
}
