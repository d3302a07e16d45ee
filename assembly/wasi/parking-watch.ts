/**
 * Waiting for several descriptors at once. A fiber waits for one operation, so each descriptor has a fiber of its own that waits for it,
 * a watcher; the first that ends wakes the fiber that asked. By then, and when that fiber is cancelled, no watcher waits any more.
 */
import { Opcode } from "../abi";
import { current, suspend } from "../context";
import { ERRNO_BADF, ERRNO_TIMEDOUT } from "../errno";
import { beginOperation, endOperation, prepare } from "../event-queue";
import { Fiber, go } from "../fiber";
import { indexOf, Reason, record, State } from "../record";
import { beginPark, wake } from "../scheduler";
import { reserveTimer, startTimer, stopTimer } from "../timers";
import { findSocket, keepAccepted } from "./parking-sockets";

/** Waits until a read or an accept would not wait; a connection is accepted ahead. The deadline as for `beginOperation`. @returns a negative errno when it failed */
export function waitUntilReadable(descriptor: u32, deadline: f64): i32 {
  const socket = findSocket(descriptor);
  if (!socket && descriptor) return -ERRNO_BADF;
  const handle = socket ? socket.handle : 0;
  const isListener = socket ? socket.isListener : false;
  if (beginReadable(handle, isListener, deadline)) suspend();
  const result = endOperation();
  if (isListener && result >= 0) keepAccepted(descriptor, handle, result);
  return result;
}

function beginReadable(handle: u32, isListener: bool, deadline: f64): bool {
  prepare(isListener ? Opcode.ACCEPT : Opcode.READ, handle, 0, 0, 0);
  return beginOperation(isListener ? Reason.ACCEPT : Reason.READ, 0, deadline);
}

/** One wait for several descriptors. */
export class Watch {
  private watchers: Fiber[] = [];
  private isOver: bool = false;

  constructor(private readonly fiber: Fiber) {}

  add(descriptor: u32): void {
    this.watchers.push(go(watch, new Watcher(this, descriptor), "poll_oneoff"));
  }

  /** Waits until one is readable, or the deadline has come. @returns -ERRNO_TIMEDOUT then */
  wait(deadline: f64): i32 {
    if (beginWatch(this, deadline)) suspend();
    return endOperation();
  }

  /** One is readable. */
  wake(): void {
    if (this.isOver) return;
    this.stop();
    const fiber = changetype<usize>(this.fiber);
    stopTimer(fiber);
    wake(fiber);
  }

  /** Ends the waits of the watchers; they leave nothing behind. Does not allocate. */
  stop(): void {
    this.isOver = true;
    for (let i = 0; i < this.watchers.length; i++) {
      const watcher = changetype<usize>(unchecked(this.watchers[i]));
      const f = record(watcher);
      if (f.state != State.PARKED) continue;
      call_indirect<void>(f.leave, watcher);
      f.value = <u64>(<u32>-ERRNO_TIMEDOUT);
      wake(watcher);
    }
  }

  get hasEnded(): bool {
    return this.isOver;
  }
}

class Watcher {
  constructor(
    readonly watch: Watch,
    readonly descriptor: u32,
  ) {}
}

function watch(watcher: Watcher): void {
  if (watcher.watch.hasEnded) return;
  waitUntilReadable(watcher.descriptor, Infinity);
  watcher.watch.wake();
}

function beginWatch(watch: Watch, deadline: f64): bool {
  const fiber = current();
  record(fiber).value = 0;
  if (deadline != Infinity) {
    reserveTimer();
    startTimer(fiber, deadline);
  }
  return beginPark(Reason.READ, changetype<usize>(watch), indexOf(changetype<usize>(leaveWatch)));
}

function leaveWatch(fiber: usize): void {
  stopTimer(fiber);
  changetype<Watch>(record(fiber).object).stop();
}
