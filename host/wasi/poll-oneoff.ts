/**
 * The semantics of `poll_oneoff`. Knows no system: it asks clocks, and a waiter.
 *
 * 1. Nothing is written, and nothing waited for, when the call itself is wrong: no subscriptions, a tag, clock or flag that does not
 *    exist (ERRNO_INVAL), an address outside the memory (ERRNO_FAULT).
 * 2. What is wrong with one subscription is its event: a descriptor that is not open, a clock that cannot be waited for.
 * 3. A relative timeout runs on the monotonic clock, so setting the wall clock does not move it; an absolute one on its own clock.
 * 4. It returns when a descriptor is ready or a clock is due, never before; with all that are then, in the order of the subscriptions.
 * 5. All subscriptions are read before any event is written: the two may lie in the same place.
 */
import type { Clocks } from "./clocks.ts";
import type { Descriptor } from "./descriptors.ts";
import { ERRNO_BADF, ERRNO_INVAL, ERRNO_NOTSUP, ERRNO_SUCCESS, WasiError } from "./errno.ts";
import {
  CLOCKID_MONOTONIC,
  CLOCKID_REALTIME,
  CLOCKID_THREAD_CPUTIME_ID,
  EVENT_SIZE,
  EVENTRWFLAGS_FD_READWRITE_HANGUP,
  EVENTTYPE_CLOCK,
  EVENTTYPE_FD_WRITE,
  type ProgramMemory,
  SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME,
  type Subscription,
  SUBSCRIPTION_SIZE,
} from "./layout.ts";
import { type Interest, newInterest, type Waiter } from "./waiter.ts";

export interface Poller {
  memory: ProgramMemory;
  clocks: Clocks;
  waiter: Waiter;
  descriptors: { get(fd: number): Descriptor | undefined };
}

/** What became of a subscription so far. */
interface Pending {
  readonly subscription: Subscription;
  /** Its event can be written. */
  isDone: boolean;
  errno: number;
  readonly interest: Interest | null;
  /** The clock that its deadline is on. */
  readonly clock: number;
  readonly deadlineNs: bigint;
}

/** 52 days: far enough below 2^53 that a number of nanoseconds is exact. Who waits longer, or for ever, does so in pieces. */
const LONGEST_WAIT_NS = 2 ** 52;

/** The wall clock may be set while it is waited for: it is read again after so long. */
const LONGEST_REALTIME_WAIT_NS = 1e9;

/** Addresses and the count are unsigned. Throws a WasiError instead of returning its number. */
export function pollOneoff(poller: Poller, pointer: number, events: number, count: number, countPointer: number): void {
  if (count === 0) throw new WasiError(ERRNO_INVAL);
  const { memory } = poller;
  memory.check(pointer, count * SUBSCRIPTION_SIZE);
  memory.check(events, count * EVENT_SIZE);
  memory.check(countPointer, 4);

  const subscriptions: Subscription[] = [];
  for (let i = 0; i < count; i++) {
    const subscription = memory.readSubscription(pointer + i * SUBSCRIPTION_SIZE);
    requireValid(subscription);
    subscriptions.push(subscription);
  }
  const now = poller.clocks.now(CLOCKID_MONOTONIC);
  const all = subscriptions.map((subscription) => begin(poller, subscription, now));
  waitForAny(poller, all);
  memory.writeU32(countPointer, writeEvents(memory, events, all));
}

function requireValid({ tag, id, flags }: Subscription): void {
  if (tag > EVENTTYPE_FD_WRITE) throw new WasiError(ERRNO_INVAL);
  if (tag !== EVENTTYPE_CLOCK) return;
  if (id > CLOCKID_THREAD_CPUTIME_ID) throw new WasiError(ERRNO_INVAL);
  if (flags & ~SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME) throw new WasiError(ERRNO_INVAL);
}

function begin({ descriptors }: Poller, subscription: Subscription, now: bigint): Pending {
  const { tag, id, flags, timeoutNs } = subscription;
  if (tag === EVENTTYPE_CLOCK) {
    const isAbsolute = flags !== 0;
    const errno = id === CLOCKID_REALTIME || id === CLOCKID_MONOTONIC ? ERRNO_SUCCESS : ERRNO_NOTSUP;
    const clock = isAbsolute ? id : CLOCKID_MONOTONIC;
    const deadlineNs = isAbsolute ? timeoutNs : now + timeoutNs;
    return { subscription, isDone: errno !== ERRNO_SUCCESS, errno, interest: null, clock, deadlineNs };
  }
  const descriptor = descriptors.get(id);
  const interest = descriptor ? newInterest(descriptor, tag === EVENTTYPE_FD_WRITE) : null;
  const errno = descriptor ? ERRNO_SUCCESS : ERRNO_BADF;
  return { subscription, isDone: !descriptor, errno, interest, clock: CLOCKID_MONOTONIC, deadlineNs: 0n };
}

/** Returns when at least one is done. */
function waitForAny({ clocks, waiter }: Poller, all: Pending[]): void {
  const interests: Interest[] = [];
  for (const { interest } of all) if (interest) interests.push(interest);
  for (;;) {
    const timeoutNs = timeUntilDue(clocks, all);
    if (timeoutNs > 0 || interests.length > 0) waiter.wait(interests, timeoutNs);
    if (finishReady(clocks, all)) return;
  }
}

/** 0 when something is done or due already; Infinity when nothing has a deadline. */
function timeUntilDue(clocks: Clocks, all: Pending[]): number {
  let leastNs = Infinity;
  for (const { isDone, interest, clock, deadlineNs } of all) {
    if (isDone) return 0;
    if (interest) continue;
    const leftNs = Number(deadlineNs - clocks.now(clock));
    if (leftNs <= 0) return 0;
    leastNs = Math.min(leastNs, leftNs, clock === CLOCKID_REALTIME ? LONGEST_REALTIME_WAIT_NS : LONGEST_WAIT_NS);
  }
  return leastNs;
}

/** Marks what is ready or due by now; whether anything is done. The clocks are read once each, so equal deadlines are due together. */
function finishReady(clocks: Clocks, all: Pending[]): boolean {
  const times: (bigint | undefined)[] = [];
  let isAnyDone = false;
  for (const pending of all) {
    const { interest, clock, deadlineNs } = pending;
    if (interest) {
      pending.isDone = interest.isReady;
      pending.errno = interest.errno;
    } else if (!pending.isDone) {
      pending.isDone = deadlineNs <= (times[clock] ??= clocks.now(clock));
    }
    isAnyDone ||= pending.isDone;
  }
  return isAnyDone;
}

/** @returns how many */
function writeEvents(memory: ProgramMemory, events: number, all: Pending[]): number {
  let written = 0;
  for (const { subscription, isDone, errno, interest } of all) {
    if (!isDone) continue;
    const isFine = interest && errno === ERRNO_SUCCESS;
    memory.writeEvent(events + written * EVENT_SIZE, {
      userdata: subscription.userdata,
      errno,
      type: subscription.tag,
      nbytes: isFine ? interest.nbytes : 0,
      flags: isFine && interest.isHungUp ? EVENTRWFLAGS_FD_READWRITE_HANGUP : 0,
    });
    written++;
  }
  return written;
}
