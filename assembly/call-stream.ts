/**
 * `CallStream`: a call from JavaScript whose function returns a channel. It goes on until JavaScript has all values of the channel, or wants
 * no more of them.
 *
 * - The call's fiber is the only one that receives: it takes a value when JavaScript asks for one.
 * - What the function has started, and what that has started, belongs to the call: it is in a scope of the call's fiber, and ends before it.
 * - One of them that fails, and that nobody joins, fails the channel: JavaScript gets the values that were sent before, and then the failure.
 *   Before the function has returned, it may still come to join it: so that is decided when it returns. A task was started to be joined: its
 *   failure is never the channel's by itself.
 * - When the call ends, however it does, its scope is cancelled, and the channel closed when nothing of it is left: so its own senders are
 *   cancelled, and only those of others are told that it is closed.
 */
import { beginAdoption, adoptingOf } from "./adoption";
import { attachmentsOf, callOf } from "./attachments";
import { Channel } from "./channel";
import { channelRecord, failureOf } from "./channel-core";
import { failChannel } from "./channel-wait";
import { defer } from "./cleanup";
import { current, requireFiber, suspend } from "./context";
import { Failure, observeFailure } from "./failure";
import { Flag, indexOf, record, State } from "./record";
import { Scope } from "./scope";
import { beginScopeEnd, cancelScope, ScopeRecord, scopeRecord } from "./scope-core";
import { wakeAll } from "./waiting";
import { link } from "./write-barrier";

class CallStream {
  /** The channel, once the function has returned it. */
  channel: usize = 0;
  /** The first fiber that has failed before. */
  failed: usize = 0;

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    __visit(this.channel, cookie);
    __visit(this.failed, cookie);
  }
}

/** From now on, what the running fiber starts belongs to it. Before the function of the call begins. */
export function beginCallStream(): void {
  const stream = new CallStream();
  const scope = changetype<usize>(new Scope());
  const s = scopeRecord(scope);
  s.first = changetype<usize>(stream);
  link(scope, s.first, false);
  s.isAdopting = true;
  s.onEnd = indexOf(changetype<usize>(noteEnd));
  const attachments = attachmentsOf(current());
  attachments.adopting = scope;
  link(changetype<usize>(attachments), scope, false);
  beginAdoption();
}

/**
 * The running fiber gives the values of this channel to JavaScript from now on. When it ends, the channel is closed.
 * @returns the number of JavaScript's call
 */
export function beginServing<T>(channel: Channel<T>): u32 {
  const fiber = requireFiber();
  defer<Channel<T>>((served: Channel<T>): void => {
    const adopting = adoptingOf(requireFiber());
    if (adopting) endMembers(adopting);
    served.close();
  }, channel);
  const adopting = adoptingOf(fiber);
  if (adopting) serve(changetype<CallStream>(scopeRecord(adopting).first), changetype<usize>(channel));
  return callOf(fiber) - 1;
}

function endMembers(scope: usize): void {
  cancelScope(scope, "the stream that its call has returned has ended");
  while (beginScopeEnd(scope)) suspend();
}

function serve(stream: CallStream, channel: usize): void {
  stream.channel = channel;
  link(changetype<usize>(stream), channel, false);
  const failed = stream.failed;
  if (failed && record(failed).flags & Flag.UNOBSERVED) failChannel(channel, observeFailure(failed)!);
}

/** A fiber of the call has ended. Called by the scheduler, through the index in the scope. */
function noteEnd(fiber: usize): void {
  const scope = record(fiber).owner;
  const s = scopeRecord(scope);
  s.live--;
  if (record(fiber).state == State.FAILED && !record(fiber).joiners && !callOf(fiber)) noteFailure(scope, fiber);
  if (!s.live) wakeAll(scope + offsetof<ScopeRecord>("waiters"));
}

function noteFailure(scope: usize, fiber: usize): void {
  const stream = changetype<CallStream>(scopeRecord(scope).first);
  const channel = stream.channel;
  const failure = changetype<Failure>(record(fiber).failure);
  const isTask = (record(fiber).flags & Flag.TASK) != 0;
  if (channel && channelRecord(channel).isFailed) {
    // A consequence, often: the first one tells why.
    const first = changetype<Failure>(failureOf(channel));
    failure.attached = first.attached;
    first.attached = failure;
    return;
  }
  if (channel && !isTask && !channelRecord(channel).isClosed) {
    failChannel(channel, failure);
    cancelScope(scope, `${failure.who} of the same call has failed: ${failure.quoted}`);
    return;
  }
  // It is like any other fiber that has failed: who joins it looks at it, else it is reported.
  record(fiber).owner = 0;
  if (channel || isTask || stream.failed) return;
  stream.failed = fiber;
  link(changetype<usize>(stream), fiber, false);
}
