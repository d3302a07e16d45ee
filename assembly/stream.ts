/**
 * Streams: values that come from JavaScript through a channel, and values of a channel that go to JavaScript.
 *
 * The transform writes, for each type of a channel that crosses the border, a function that JavaScript gives a value by, one that gives
 * JavaScript a value, and those that call the functions below with that type.
 *
 * - What comes from JavaScript has a fiber, the pump. It asks for a value, sends it into the channel, and asks for the next one when that
 *   was received or is in the channel's buffer: so nothing is asked for that has no room.
 * - When the channel is closed, or the stream is left otherwise, the pump lets JavaScript know, and ends when that has let go.
 * - What goes to JavaScript is received when JavaScript wants it, not before.
 */
import { Opcode } from "./abi";
import { startVoidCall } from "./calls";
import { Channel } from "./channel";
import { closeChannel, deliver, failChannel } from "./channel-wait";
import { defer } from "./cleanup";
import { current, requireFiber, suspend } from "./context";
import { beginOperation, endOperation, prepare } from "./event-queue";
import { Failure } from "./failure";
import { awaitEnd, Fiber, prepareGo } from "./fiber";
import { endHostCall, HostCall, resultOf } from "./host-call";
import { Reason, record } from "./record";
import { cancelOther, isTurnOver, makeReady } from "./scheduler";
import { toBits } from "./value";

/** A channel whose values come from JavaScript. */
export class StreamChannel<T> extends Channel<T> {
  private pump: Fiber | null = null;

  /** Closes it, and leaves the stream. */
  close(): void {
    closeChannel(changetype<usize>(this));
    // Only others than the pump call this. Its own cancellation would wait, and so would every function that closes a channel.
    const pump = changetype<usize>(this.pump);
    if (pump) cancelOther(pump, "the channel of its stream was closed");
  }

  /** Opens the stream of JavaScript that has this number. */
  open(stream: u32, name: string): void {
    const pump = new Pump<T>(stream, this);
    const fiber = prepareGo<Pump<T>>((pump: Pump<T>): void => pump.run(), pump, name, 0);
    this.pump = changetype<Fiber>(fiber);
    makeReady(fiber);
  }

  /** Leaves the stream, and waits until JavaScript has let go of it. */
  leave(): void {
    this.close();
    const pump = this.pump;
    if (pump) awaitEnd(changetype<usize>(pump));
  }

  // Called by the collector after the channel's own.
  protected __visit(cookie: u32): void {
    __visit(changetype<usize>(this.pump), cookie);
  }
}

/** What the fiber does that fills such a channel. */
class Pump<T> {
  constructor(
    private stream: u32,
    private channel: StreamChannel<T>,
  ) {}

  run(): void {
    const channel = changetype<usize>(this.channel);
    const leaving = defer<u32>(leaveStream, this.stream);
    const call = new HostCall();
    do {
      if (beginStreamCall(Opcode.PULL, this.stream, call)) suspend();
      if (endPull(call, channel)) {
        // It has ended by itself: there is nothing to leave.
        leaving.forget();
        return;
      }
    } while (deliver(channel, toBits<T>(resultOf<T>(call))));
  }
}

function beginStreamCall(opcode: Opcode, stream: u32, call: HostCall): bool {
  prepare(opcode, stream, changetype<usize>(call), 0, <u32>record(requireFiber()).id);
  return beginOperation(Reason.IMPORT, changetype<usize>(call), Infinity);
}

/** True: there was no value, and the channel says so. */
function endPull(call: HostCall, channel: usize): bool {
  const result = endOperation();
  if (result == 0) return false;
  if (result > 0) closeChannel(channel);
  else failChannel(channel, new Failure(current(), call.code, call.message));
  return true;
}

function leaveStream(stream: u32): void {
  const call = new HostCall();
  if (beginStreamCall(Opcode.LEAVE, stream, call)) suspend();
  if (endHostCall(call)) suspend();
}

/** The channel of a stream that JavaScript has given; null when it has given null. Whoever has it closes it, or takes all of it. */
export function openStream<T>(stream: u32, name: string): StreamChannel<T> | null {
  if (!stream) return null;
  const channel = new StreamChannel<T>();
  channel.open(stream, name);
  return channel;
}

/** The same, of a stream that the running fiber leaves when it ends. */
export function borrowStream<T>(stream: u32, name: string): StreamChannel<T> | null {
  const channel = openStream<T>(stream, name);
  if (channel) defer<StreamChannel<T>>((borrowed: StreamChannel<T>): void => borrowed.leave(), channel);
  return channel;
}

/** Waits until JavaScript wants the next value of the stream that this call of it has. False: it has none, and never will. */
export function awaitDemand(call: u32): bool {
  // Values may be wanted that were asked for before, one after the other.
  if (isTurnOver()) suspend();
  prepare(Opcode.DEMAND, call, 0, 0, 0);
  if (beginOperation(Reason.DEMAND, 0, Infinity)) suspend();
  return endOperation() == 0;
}

/** Has a fiber give the values of a channel to JavaScript, as for a call of it. The number of that call + 1; 0: there is no channel. */
export function lendChannel<T>(channel: Channel<T> | null, serve: (channel: Channel<T>) => void, name: string): u32 {
  return channel ? startVoidCall<Channel<T>>(serve, channel, name) + 1 : 0;
}
