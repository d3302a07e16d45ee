/**
 * WASI calls that park: what a program or a library of it calls of preview 1 would block the whole instance while it waits, and Node with
 * it. In a program that our JavaScript host serves, the transform puts these functions, of the same signatures, in their place: they wait
 * as fibers do. What does not wait, and calls outside of fibers, go on to the imports.
 */
import { now, Opcode } from "../abi";
import { current, suspend } from "../context";
import { beginOperation, endOperation, prepare } from "../event-queue";
import { indexOf, Reason } from "../record";
import { beginPark, isTurnOver, leaveTimer } from "../scheduler";
import { startTimer } from "../timers";
import { ERRNO_TIMEDOUT } from "../errno";
import {
  clock_time_get,
  CLOCKID_MONOTONIC,
  Event,
  EVENT_BYTES,
  EVENTTYPE_CLOCK,
  EVENTTYPE_FD_READ,
  fd_read,
  Iovec,
  poll_oneoff,
  Subscription,
  SUBSCRIPTION_BYTES,
} from "./preview1";

const STANDARD_INPUT: u32 = 0;
const SUBCLOCKFLAGS_ABSTIME: u16 = 1;
const EVENTRWFLAGS_HANGUP: u16 = 1;

/** `fd_read` of standard input. */
export function parkingFdRead(fd: u32, iovecs: usize, count: u32, bytes: usize): u32 {
  const iovec = fd == STANDARD_INPUT && current() ? findRoom(iovecs, count) : 0;
  if (!iovec) return fd_read(fd, iovecs, count, bytes);
  if (isTurnOver()) suspend();
  if (beginFdRead(iovec)) suspend();
  const result = endOperation();
  if (result < 0) return -result;
  store<u32>(bytes, result);
  return 0;
}

/** The first of them that has room; 0 when none has. A read may bring less than is asked for, so one is enough. */
function findRoom(iovecs: usize, count: u32): usize {
  const end = iovecs + count * offsetof<Iovec>();
  for (let at = iovecs; at < end; at += offsetof<Iovec>()) if (changetype<Iovec>(at).length) return at;
  return 0;
}

function beginFdRead(iovec: usize): bool {
  const into = changetype<Iovec>(iovec);
  prepare(Opcode.READ, STANDARD_INPUT, into.pointer, into.length, 0);
  return beginOperation(Reason.READ, 0, Infinity);
}

/** `poll_oneoff` for clocks and for reading standard input. */
export function parkingPollOneoff(subscriptions: usize, events: usize, count: u32, happened: usize): u32 {
  if (!current() || !canPark(subscriptions, count)) return poll_oneoff(subscriptions, events, count, happened);
  const begin = now();
  const first = firstDeadline(subscriptions, count, begin);
  if (hasInput(subscriptions, count)) {
    if (beginInput(first)) suspend();
    const result = endOperation();
    return answer(subscriptions, events, count, happened, begin, result);
  }
  if (beginClock(first)) suspend();
  return answer(subscriptions, events, count, happened, begin, -ERRNO_TIMEDOUT);
}

// @ts-ignore: decorator
@inline
function subscriptionAt(subscriptions: usize, index: u32): Subscription {
  return changetype<Subscription>(subscriptions + index * SUBSCRIPTION_BYTES);
}

/** Whether all of them are of the kinds that fibers can wait for. The rest is answered, and judged, by the host. */
function canPark(subscriptions: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) {
    const subscription = subscriptionAt(subscriptions, i);
    const isClock = subscription.tag == EVENTTYPE_CLOCK && subscription.subject <= CLOCKID_MONOTONIC;
    const isInput = subscription.tag == EVENTTYPE_FD_READ && subscription.subject == STANDARD_INPUT;
    if (!isClock && !isInput) return false;
  }
  return count > 0;
}

function hasInput(subscriptions: usize, count: u32): bool {
  for (let i: u32 = 0; i < count; i++) if (subscriptionAt(subscriptions, i).tag == EVENTTYPE_FD_READ) return true;
  return false;
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

/** Nothing is read: it ends when a read would not wait, with the number of bytes that are there. */
function beginInput(deadline: f64): bool {
  prepare(Opcode.READ, STANDARD_INPUT, 0, 0, 0);
  return beginOperation(Reason.READ, 0, deadline);
}

function beginClock(deadline: f64): bool {
  startTimer(current(), deadline);
  return beginPark(Reason.SLEEP, 0, indexOf(changetype<usize>(leaveTimer)));
}

/** Writes the events: of the input, when it has answered, and of the clocks that are due. */
function answer(subscriptions: usize, events: usize, count: u32, happened: usize, begin: f64, input: i32): u32 {
  const time = max(now(), input == -ERRNO_TIMEDOUT ? firstDeadline(subscriptions, count, begin) : 0);
  let written: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const subscription = subscriptionAt(subscriptions, i);
    const isClock = subscription.tag == EVENTTYPE_CLOCK;
    if (isClock ? deadlineOf(subscription, begin) > time : input == -ERRNO_TIMEDOUT) continue;
    const event = changetype<Event>(events + written++ * EVENT_BYTES);
    const userdata = subscription.userdata;
    memory.fill(changetype<usize>(event), 0, EVENT_BYTES);
    event.userdata = userdata;
    event.type = isClock ? EVENTTYPE_CLOCK : EVENTTYPE_FD_READ;
    if (isClock) continue;
    if (input < 0) event.error = <u16>-input;
    else event.nbytes = input;
    if (input == 0) event.flags = EVENTRWFLAGS_HANGUP;
  }
  store<u32>(happened, written);
  return 0;
}
