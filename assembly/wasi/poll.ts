/**
 * Waiting, by `poll_oneoff`: one subscription for each waiting operation, one for queued output, one for the clock. The only place where
 * the instance is blocked, and it is only when no fiber is ready.
 *
 * A host that cannot wait for some descriptor (a file, a device) refuses the whole call, or says so in the event: such a descriptor counts
 * as ready from then on, so operations on it are tried at once, and may block.
 */
import { Opcode } from "../abi";
import { enlarge } from "../memory";
import { descriptor } from "./descriptors";
import {
  ERRNO_BADF,
  Event,
  EVENT_BYTES,
  EVENTTYPE_CLOCK,
  EVENTTYPE_FD_READ,
  EVENTTYPE_FD_WRITE,
  CLOCKID_MONOTONIC,
  poll_oneoff,
  Subscription,
  SUBSCRIPTION_BYTES,
} from "./preview1";
import { CLOSED, firstWaiting, Waiting } from "./waiting";

/** In place of the address of an operation, for the two subscriptions that have none. */
const OF_CLOCK: u64 = 0;
export const OF_OUTPUT: u64 = 1;

let subscriptions: usize = 0;
let events: usize = 0;
let capacity: u32 = 0;
let count: u32 = 0;

/** How many calls of `poll` there were. */
let waits: u32 = 0;

/** How many events the last call of the host has written. */
const happened: usize = memory.data(4, 4);

/**
 * Waits until something can be done, at most so long; infinite: without end.
 * @param output a descriptor with bytes queued for it, or -1
 * @returns how many events there are, see `eventAt`
 */
export function poll(nanoseconds: f64, output: i32): u32 {
  count = 0;
  waits++;
  let isReady = false;
  for (let waiting = firstWaiting(); waiting; waiting = changetype<Waiting>(waiting).next) {
    const w = changetype<Waiting>(waiting);
    if (isUnpolled(w)) isReady = true;
    else if (isFirst(w)) subscribe(waiting, eventTypeOf(w), w.fd);
  }
  if (output >= 0) subscribe(OF_OUTPUT, EVENTTYPE_FD_WRITE, output);
  if (isReady) nanoseconds = 0;
  if (nanoseconds != Infinity) subscribeClock(nanoseconds);
  if (!count) return 0;
  if (!poll_oneoff(subscriptions, events, count, happened)) return load<u32>(happened);
  findUnpolled();
  return 0;
}

/** The event of this number of the last `poll`: the address of its operation, `OF_OUTPUT`, or 0. */
export function eventAt(index: u32): u64 {
  const event = changetype<Event>(events + index * EVENT_BYTES);
  const waiting = <usize>event.userdata;
  if (event.userdata <= OF_OUTPUT) return event.userdata;
  if (event.error && event.error != ERRNO_BADF) markUnpolled(waiting);
  const w = changetype<Waiting>(waiting);
  if (w.opcode == Opcode.READ) w.done = event.error ? 0 : <u32>min<u64>(event.nbytes, i32.MAX_VALUE);
  return event.userdata;
}

/** Whether the host cannot wait for it: it counts as ready. */
export function isUnpolled(w: Waiting): bool {
  return w.fd == CLOSED || descriptor(w.fd).isUnpolled;
}

/** Of those that accept on one listener, only the one that has waited longest asks: else all would be told of each connection. */
function isFirst(w: Waiting): bool {
  if (w.opcode != Opcode.ACCEPT) return true;
  const d = descriptor(w.fd);
  const isAsked = d.asked == waits;
  d.asked = waits;
  return !isAsked;
}

/** Waits until this one descriptor takes bytes. Nothing else happens meanwhile. */
export function awaitWritable(fd: u32): void {
  count = 0;
  subscribe(OF_OUTPUT, EVENTTYPE_FD_WRITE, fd);
  poll_oneoff(subscriptions, events, 1, happened);
}

function eventTypeOf(w: Waiting): u8 {
  return w.opcode == Opcode.WRITE ? EVENTTYPE_FD_WRITE : EVENTTYPE_FD_READ;
}

function markUnpolled(waiting: usize): void {
  const w = changetype<Waiting>(waiting);
  if (w.fd != CLOSED) descriptor(w.fd).isUnpolled = true;
}

/** The host has refused all subscriptions together: finds those that it refuses alone. */
function findUnpolled(): void {
  for (let waiting = firstWaiting(); waiting; waiting = changetype<Waiting>(waiting).next) {
    const w = changetype<Waiting>(waiting);
    if (isUnpolled(w)) continue;
    count = 0;
    subscribe(waiting, eventTypeOf(w), w.fd);
    subscribeClock(0);
    if (poll_oneoff(subscriptions, events, count, happened)) markUnpolled(waiting);
  }
}

function subscribe(userdata: u64, tag: u8, subject: u32): Subscription {
  if (count == capacity) grow();
  const subscription = changetype<Subscription>(subscriptions + count * SUBSCRIPTION_BYTES);
  memory.fill(changetype<usize>(subscription), 0, SUBSCRIPTION_BYTES);
  subscription.userdata = userdata;
  subscription.tag = tag;
  subscription.subject = subject;
  count++;
  return subscription;
}

/** Relative, since some hosts never end an absolute wait. Who is woken early by a host that rounds down waits again. */
function subscribeClock(nanoseconds: f64): void {
  const subscription = subscribe(OF_CLOCK, EVENTTYPE_CLOCK, CLOCKID_MONOTONIC);
  subscription.timeout = <u64>min(max(Math.ceil(nanoseconds), 0), 1e18);
}

function grow(): void {
  const wanted = max<u32>(capacity << 1, 16);
  subscriptions = enlarge(subscriptions, capacity * SUBSCRIPTION_BYTES, wanted * SUBSCRIPTION_BYTES);
  if (events) heap.free(events);
  events = heap.alloc(wanted * EVENT_BYTES);
  capacity = wanted;
}
