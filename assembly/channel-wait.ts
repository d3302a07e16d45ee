/**
 * The verbs of a channel that wait, in their halves, and its cases of a `Select`.
 *
 * Where the second half may suspend as well, to fail, the verb is a loop: with one place to suspend, a waiting fiber saves four bytes less.
 */
import {
  ChannelRecord,
  channelRecord,
  currentId,
  failureOf,
  fetch,
  keepFailure,
  keepTaken,
  NOBODY,
  offer,
  Overflow,
  pull,
  takeGiven,
} from "./channel-core";
import { current, requireFiber, suspend } from "./context";
import { beginFail, fail, Failure, failWith } from "./failure";
import { Flag, indexOf, Reason, Record, record } from "./record";
import { beginPark, wake } from "./scheduler";
import { caseAt, claim, setCase } from "./select-case";
import { pushWaiter, removeWaiter, shiftWaiter } from "./wait-queue";
import { link } from "./write-barrier";

export function beginSend(channel: usize, bits: u64): bool {
  const fiber = requireFiber();
  const c = channelRecord(channel);
  if (c.isClosed) return refuseSend();
  if (offer(channel, bits)) return false;
  const f = record(fiber);
  f.value = bits;
  if (c.isManaged) {
    f.flags |= Flag.VALUE_MANAGED;
    link(fiber, <usize>bits, false);
  }
  pushWaiter(channel + offsetof<ChannelRecord>("senders"), fiber);
  return beginPark(Reason.SEND, channel, indexOf(changetype<usize>(leaveSend)));
}

/** True: the channel was closed meanwhile, and the fiber fails. */
// @ts-ignore: decorator
@inline
export function endSend(): bool {
  return !record(current()).object && refuseSend();
}

function leaveSend(fiber: usize): void {
  const f = record(fiber);
  f.flags &= ~Flag.VALUE_MANAGED;
  removeWaiter(f.object + offsetof<ChannelRecord>("senders"), fiber);
}

export function beginReceive(channel: usize): bool {
  const fiber = requireFiber();
  if (fetch(channel, fiber + offsetof<Record>("value"))) return false;
  if (channelRecord(channel).isClosed) {
    noteClosed(channel, fiber);
    return refuseReceive();
  }
  return waitForValue(channel, fiber);
}

/** A receiver gets no value: its record says why, since its frame does not keep the channel. */
function noteClosed(channel: usize, fiber: usize): void {
  record(fiber).object = 0;
  record(fiber).value = channelRecord(channel).isFailed ? <u64>channel : 0;
}

/** True: the channel was closed meanwhile, and the fiber fails. */
// @ts-ignore: decorator
@inline
export function endReceive(): bool {
  return !record(current()).object && refuseReceive();
}

export function beginNext(channel: usize): bool {
  const fiber = requireFiber();
  const f = record(fiber);
  if (fetch(channel, fiber + offsetof<Record>("value"))) {
    f.object = channel;
    return false;
  }
  if (channelRecord(channel).isClosed) {
    noteClosed(channel, fiber);
    return refuseFailed();
  }
  return waitForValue(channel, fiber);
}

function waitForValue(channel: usize, fiber: usize): bool {
  pushWaiter(channel + offsetof<ChannelRecord>("receivers"), fiber);
  return beginPark(Reason.RECEIVE, channel, indexOf(changetype<usize>(leaveReceive)));
}

function leaveReceive(fiber: usize): void {
  removeWaiter(record(fiber).object + offsetof<ChannelRecord>("receivers"), fiber);
}

/** True: the channel has failed meanwhile, and so does the fiber. */
// @ts-ignore: decorator
@inline
export function failsNext(): bool {
  return !record(current()).object && refuseFailed();
}

export function endNext(channel: usize): bool {
  if (!record(current()).object) {
    keepTaken(channel, 0, NOBODY);
    return false;
  }
  keepTaken(channel, takeGiven(), record(current()).id);
  return true;
}

export function closeChannel(channel: usize): void {
  const c = channelRecord(channel);
  if (c.isClosed) return;
  c.isClosed = true;
  while (c.receivers) {
    const receiver = claim(shiftWaiter(channel + offsetof<ChannelRecord>("receivers")));
    noteClosed(channel, receiver);
    wake(receiver);
  }
  while (c.senders) {
    const sender = claim(shiftWaiter(channel + offsetof<ChannelRecord>("senders")));
    record(sender).object = 0;
    record(sender).flags &= ~Flag.VALUE_MANAGED;
    wake(sender);
  }
}

/** No more values, because of a failure: receivers take what is left, and then fail like it. Does nothing when the channel is closed. */
export function failChannel(channel: usize, failure: Failure): void {
  if (channelRecord(channel).isClosed) return;
  keepFailure(channel, changetype<usize>(failure));
  closeChannel(channel);
}

/** Sends like `send`. False: the channel is closed, or is closed meanwhile. */
export function deliver(channel: usize, bits: u64): bool {
  if (channelRecord(channel).isClosed) return false;
  if (!beginSend(channel, bits)) return true;
  suspend();
  return record(current()).object != 0;
}

// --- cases of a `Select` ---

/** Makes a case of receiving. A channel of 0 is never ready. */
export function selectReceive(at: usize, channel: usize): usize {
  if (!channel) return at;
  const isReady = indexOf(changetype<usize>(canReceive));
  const run = indexOf(changetype<usize>(receiveAtOnce));
  const end = indexOf(changetype<usize>(endReceiveCase));
  return setCase(at, Reason.RECEIVE, channel, channel + offsetof<ChannelRecord>("receivers"), isReady, run, end);
}

/** Makes a case of sending. */
export function selectSend(at: usize, channel: usize, bits: u64): usize {
  if (!channel) return at;
  caseAt(at).value = bits;
  if (channelRecord(channel).isManaged) caseAt(at).flags |= Flag.VALUE_MANAGED;
  const isReady = indexOf(changetype<usize>(canSend));
  const run = indexOf(changetype<usize>(sendAtOnce));
  const end = indexOf(changetype<usize>(endSendCase));
  return setCase(at, Reason.SEND, channel, channel + offsetof<ChannelRecord>("senders"), isReady, run, end);
}

function canReceive(at: usize): bool {
  const c = channelRecord(caseAt(at).object);
  return c.length != 0 || c.senders != 0 || c.isClosed;
}

function receiveAtOnce(at: usize): bool {
  const channel = caseAt(at).object;
  return !pull(channel) && channelRecord(channel).isFailed && refuseLike(channel);
}

function endReceiveCase(at: usize): bool {
  return !endNext(caseAt(at).object) && refuseFailed();
}

function canSend(at: usize): bool {
  const c = channelRecord(caseAt(at).object);
  return c.length < c.capacity || c.receivers != 0 || c.isClosed || c.overflow != Overflow.BLOCK;
}

function sendAtOnce(at: usize): bool {
  const channel = caseAt(at).object;
  if (channelRecord(channel).isClosed) return refuseSend();
  offer(channel, caseAt(at).value);
  return false;
}

function endSendCase(_at: usize): bool {
  return endSend();
}

// --- misuse ---

const SEND_ON_CLOSED =
  "cannot send: the channel is closed, and its values go to nobody new; close it when all senders have ended";

function refuseSend(): bool {
  return beginFail(SEND_ON_CLOSED, "E_CLOSED", null);
}

export function failSend(): void {
  fail(SEND_ON_CLOSED, "E_CLOSED");
}

/** The running fiber has got no value: when the channel has failed, it fails too. */
function refuseFailed(): bool {
  const channel = <usize>record(current()).value;
  return channel != 0 && refuseLike(channel);
}

function refuseLike(channel: usize): bool {
  const failure = changetype<Failure>(failureOf(channel));
  return beginFail(failure.message, failure.code, failure);
}

/** The same for what does not wait, and may be outside of a fiber. */
export function failLike(channel: usize): void {
  const failure = changetype<Failure>(failureOf(channel));
  failWith(failure.message, failure.code, failure);
}

function refuseReceive(): bool {
  if (refuseFailed()) return true;
  return beginFail(
    "cannot receive: the channel is closed and drained; next() tells the end instead of failing",
    "E_CLOSED",
    null,
  );
}

export function failValue(): void {
  fail(
    "the channel has no value for this fiber: value gives what its own last next(), tryNext() or select took, until it waits",
    "E_NO_VALUE",
  );
}

export function checkCapacity(capacity: i32, overflow: Overflow): void {
  let limits = "0 or more";
  if (overflow == Overflow.KEEP_LATEST) limits = "1, to keep the latest";
  else if (overflow != Overflow.BLOCK) limits = "1 or more, to drop what does not fit";
  const least = overflow == Overflow.BLOCK ? 0 : 1;
  const most = overflow == Overflow.KEEP_LATEST ? 1 : i32.MAX_VALUE;
  if (capacity >= least && capacity <= most) return;
  fail(`a channel cannot hold ${capacity} values: its capacity is ${limits}`, "E_INVALID_CAPACITY");
}
