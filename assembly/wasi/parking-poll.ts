/**
 * `poll_oneoff` that parks the fiber, for clocks, standard input and sockets. The semantics are those of `host/wasi/poll-oneoff.ts`. A list
 * with none of our sockets that names anything of the WASI host's is the host's; beside sockets, what the host has open counts as ready.
 */
import { now, Opcode } from "../abi";
import { current, suspend } from "../context";
import { ERRNO_TIMEDOUT } from "../errno";
import { endOperation } from "../event-queue";
import { Fiber } from "../fiber";
import { indexOf, Reason } from "../record";
import { beginPark, leaveTimer } from "../scheduler";
import { startTimer } from "../timers";
import { isInMemory } from "./parking-memory";
import { ERRNO_INVAL, ERRNO_NOTCONN } from "./parking-socket-calls";
import { findSocket, FIRST_CONNECTION, keepAccepted, Socket } from "./parking-sockets";
import { attempt, ERRNO_FAULT, giveWay } from "./parking-transfers";
import { waitUntilReadable, Watch } from "./parking-watch";
import {
  clock_time_get,
  CLOCKID_MONOTONIC,
  ERRNO_AGAIN,
  ERRNO_BADF,
  ERRNO_BUSY,
  ERRNO_NOTSUP,
  ERRNO_SUCCESS,
  Event,
  EVENT_BYTES,
  EVENTTYPE_CLOCK,
  EVENTTYPE_FD_READ,
  EVENTTYPE_FD_WRITE,
  fd_fdstat_get,
  poll_oneoff,
  Subscription,
  SUBSCRIPTION_BYTES,
} from "./preview1";

const STANDARD_INPUT: u32 = 0;
const LAST_CLOCK: u32 = 3;
const SUBCLOCKFLAGS_ABSTIME: u16 = 1;
const EVENTRWFLAGS_HANGUP: u16 = 1;
/** A socket is not ready yet. Other results are bytes, or negative errnos. */
const NOT_READY: i32 = -(<i32>ERRNO_AGAIN);

export function parkingPollOneoff(subscriptions: usize, events: usize, count: u32, happened: usize): u32 {
  if (!current() || !count) return poll_oneoff(subscriptions, events, count, happened);
  if (!isInMemory(subscriptions, <u64>count * SUBSCRIPTION_BYTES)) return ERRNO_FAULT;
  if (!isInMemory(events, <u64>count * EVENT_BYTES) || !isInMemory(happened, 4)) return ERRNO_FAULT;
  if (isOfHost(subscriptions, count)) return poll_oneoff(subscriptions, events, count, happened);
  if (!areValid(subscriptions, count)) return ERRNO_INVAL;
  const begin = now();
  let time = begin;
  while (true) {
    giveWay();
    const written = writeEvents(subscriptions, events, count, begin, time);
    if (written) {
      store<u32>(happened, written);
      return ERRNO_SUCCESS;
    }
    const result = waitForAny(subscriptions, count, firstDeadline(subscriptions, count, begin));
    time = max(now(), result == -ERRNO_TIMEDOUT ? firstDeadline(subscriptions, count, begin) : 0);
  }
}

// @ts-ignore: decorator
@inline
function subscriptionAt(subscriptions: usize, index: u32): Subscription {
  return changetype<Subscription>(subscriptions + index * SUBSCRIPTION_BYTES);
}

/** Whether fibers can wait for it. */
function isOurs(subscription: Subscription): bool {
  if (subscription.tag == EVENTTYPE_CLOCK) return subscription.subject <= CLOCKID_MONOTONIC;
  if (subscription.tag == EVENTTYPE_FD_READ && subscription.subject == STANDARD_INPUT) return true;
  return isSocket(subscription);
}

function isSocket(subscription: Subscription): bool {
  return subscription.tag != EVENTTYPE_CLOCK && findSocket(subscription.subject) != null;
}

/** Whether the host answers all of it: there is something that only it knows, and no socket, which only we know, open or not. */
function isOfHost(subscriptions: usize, count: u32): bool {
  let isHosts = false;
  for (let i: u32 = 0; i < count; i++) {
    const subscription = subscriptionAt(subscriptions, i);
    if (isSocket(subscription)) return false;
    if (subscription.tag != EVENTTYPE_CLOCK && subscription.subject >= FIRST_CONNECTION) return false;
    if (!isOurs(subscription)) isHosts = true;
  }
  return isHosts;
}

function areValid(subscriptions: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const subscription = subscriptionAt(subscriptions, i);
    if (subscription.tag > EVENTTYPE_FD_WRITE) return false;
    if (subscription.tag != EVENTTYPE_CLOCK) continue;
    if (subscription.subject > LAST_CLOCK || subscription.flags & ~SUBCLOCKFLAGS_ABSTIME) return false;
  }
  return true;
}

/** When a clock's subscription is due, in nanoseconds of the driver's clock. */
function deadlineOf(subscription: Subscription, begin: f64): f64 {
  const timeout = <f64>subscription.timeout;
  if (!(subscription.flags & SUBCLOCKFLAGS_ABSTIME)) return begin + timeout;
  const time: usize = memory.data(8, 8);
  clock_time_get(subscription.subject, 0, time);
  return now() + (timeout - <f64>load<u64>(time));
}

function firstDeadline(subscriptions: usize, count: u32, begin: f64): f64 {
  let first = Infinity;
  for (let i: u32 = 0; i < count; i++) {
    const subscription = subscriptionAt(subscriptions, i);
    if (subscription.tag == EVENTTYPE_CLOCK) first = min(first, deadlineOf(subscription, begin));
  }
  return first;
}

/** Parks until a descriptor may be ready, or the deadline has come: -ERRNO_TIMEDOUT then. Nothing was ready before. */
function waitForAny(subscriptions: usize, count: u32, deadline: f64): i32 {
  let watched: u32 = 0;
  let last: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    if (!isWatched(subscriptions, i)) continue;
    watched++;
    last = i;
  }
  if (watched == 1) return waitUntilReadable(subscriptionAt(subscriptions, last).subject, deadline);
  if (!watched) {
    if (beginClock(deadline)) suspend();
    endOperation();
    return -ERRNO_TIMEDOUT;
  }
  const watch = new Watch(changetype<Fiber>(current()));
  for (let i: u32 = 0; i < count; i++) {
    if (isWatched(subscriptions, i)) watch.add(subscriptionAt(subscriptions, i).subject);
  }
  return watch.wait(deadline);
}

/** Whether a descriptor is waited for by this subscription; by the first one, when there are several of it. */
function isWatched(subscriptions: usize, index: u32): bool {
  const subscription = subscriptionAt(subscriptions, index);
  if (subscription.tag == EVENTTYPE_CLOCK) return false;
  for (let i: u32 = 0; i < index; i++) {
    const other = subscriptionAt(subscriptions, i);
    if (other.tag != EVENTTYPE_CLOCK && other.subject == subscription.subject) return false;
  }
  return true;
}

function beginClock(deadline: f64): bool {
  startTimer(current(), deadline);
  return beginPark(Reason.SLEEP, 0, indexOf(changetype<usize>(leaveTimer)));
}

/** Writes the events of what is ready, or due at this time. @returns how many */
function writeEvents(subscriptions: usize, events: usize, count: u32, begin: f64, time: f64): u32 {
  let written: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const subscription = subscriptionAt(subscriptions, i);
    const event = changetype<Event>(events + written * EVENT_BYTES);
    if (writeEvent(subscription, event, begin, time)) written++;
  }
  return written;
}

/** False when there is none yet. The two may lie in the same place. */
function writeEvent(subscription: Subscription, event: Event, begin: f64, time: f64): bool {
  const isClock = subscription.tag == EVENTTYPE_CLOCK;
  if (!isOurs(subscription)) {
    fillEvent(subscription, event, isClock ? <u16>ERRNO_NOTSUP : judgeForeign(subscription.subject));
    return true;
  }
  if (isClock) {
    if (deadlineOf(subscription, begin) > time) return false;
    fillEvent(subscription, event, 0);
    return true;
  }
  const socket = findSocket(subscription.subject);
  const isListener = socket ? socket.isListener : false;
  const result = subscription.tag == EVENTTYPE_FD_READ ? readable(socket) : writable(socket!);
  if (result == NOT_READY) return false;
  const isHungUp = subscription.tag == EVENTTYPE_FD_READ ? !isListener && result <= 0 : result < 0;
  const isRefused = result == -(<i32>ERRNO_BUSY) || result == -(<i32>ERRNO_BADF) || result == -(<i32>ERRNO_NOTCONN);
  fillEvent(subscription, event, isRefused ? <u16>-result : 0);
  event.nbytes = max(result, 0);
  // What has gone wrong is told by the call that follows.
  if (isHungUp && !isRefused) event.flags = EVENTRWFLAGS_HANGUP;
  return true;
}

function fillEvent(subscription: Subscription, event: Event, error: u16): void {
  const userdata = subscription.userdata;
  const type = subscription.tag;
  memory.fill(changetype<usize>(event), 0, EVENT_BYTES);
  event.userdata = userdata;
  event.type = type;
  event.error = error;
}

/** Whether a descriptor of the host's is open. It counts as ready then: files are. */
function judgeForeign(descriptor: u32): u16 {
  const fdstat: usize = memory.data(24, 8);
  return <u16>fd_fdstat_get(descriptor, fdstat);
}

/** How many bytes can be read from a connection, or from standard input; 0 at the end. Of a listener: 0 when a connection is there. */
function readable(socket: Socket | null): i32 {
  if (!socket) return attempt(Opcode.READ, STANDARD_INPUT, 0, 0);
  if (socket.isEnded) return 0;
  if (!socket.isListener) return attempt(Opcode.READ, socket.handle, 0, 0);
  if (socket.ahead) return 0;
  const accepted = attempt(Opcode.ACCEPT, socket.handle, 0, 0);
  if (accepted < 0) return accepted;
  keepAccepted(socket.descriptor, socket.handle, accepted);
  return 0;
}

/** A write parks only its fiber, so sockets are ready for it; unless another fiber writes, or no write can succeed. */
function writable(socket: Socket): i32 {
  return socket.isListener ? -(<i32>ERRNO_NOTCONN) : attempt(Opcode.WRITE, socket.handle, 0, 0);
}
