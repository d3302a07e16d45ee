/** A simulated world for poll_oneoff: its clocks and descriptors, in which every order and every failure can be had. */
import type { Descriptor } from "../../host/wasi/descriptors.ts";
import { WasiError } from "../../host/wasi/errno.ts";
import { type Event, ProgramMemory } from "../../host/wasi/layout.ts";
import { pollOneoff } from "../../host/wasi/poll-oneoff.ts";
import type { Interest, Waiter } from "../../host/wasi/waiter.ts";

export const REALTIME_OFFSET = 1_700_000_000_000_000_000n;
export const LARGEST = 2n ** 64n - 1n;

/** Time passes only while something is waited for. */
export class World implements Waiter {
  nowNs = 1_000n;
  /** The wall clock minus the monotonic one. */
  offset = REALTIME_OFFSET;
  /** How long each wait was asked to be. */
  readonly waits: number[] = [];
  /** Descriptor → when it is ready, what it is then. */
  readonly schedule = new Map<Descriptor, { atNs: bigint; nbytes: number; isHungUp: boolean; errno: number }>();
  readonly open = new Map<number, Descriptor>();
  /** The waits by number that return at once, with nothing. */
  interrupted = new Set<number>();
  whenWaiting: () => void = () => {};

  readonly descriptors = this.open;
  readonly memory = new ProgramMemory();
  readonly wasm = new WebAssembly.Memory({ initial: 1 });
  readonly waiter = this;
  readonly clocks = {
    now: (clock: number) => (clock === 0 ? this.nowNs + this.offset : this.nowNs),
    resolution: () => 1n,
  };

  constructor() {
    this.memory.bind(this.wasm);
  }

  /** A descriptor that is ready at this time. */
  add(fd: number, atNs: bigint, rest: { nbytes?: number; isHungUp?: boolean; errno?: number } = {}): void {
    const descriptor: Descriptor = { systemFd: fd, flags: 0, probe: () => {}, close: () => {} };
    this.open.set(fd, descriptor);
    this.schedule.set(descriptor, { atNs, nbytes: 0, isHungUp: false, errno: 0, ...rest });
  }

  wait(interests: readonly Interest[], timeoutNs: number): void {
    this.waits.push(timeoutNs);
    this.whenWaiting();
    if (timeoutNs > 0 && this.interrupted.has(this.waits.length)) return;
    const times = interests.flatMap(({ descriptor }) => this.schedule.get(descriptor)?.atNs ?? []);
    if (timeoutNs !== Infinity) times.push(this.nowNs + BigInt(timeoutNs));
    const until = times.reduce((least, time) => (time < least ? time : least));
    if (until > this.nowNs) this.nowNs = until;
    for (const interest of interests) {
      const planned = this.schedule.get(interest.descriptor);
      if (!planned || planned.atNs > this.nowNs) continue;
      interest.isReady = true;
      interest.errno = planned.errno;
      interest.nbytes = planned.nbytes;
      interest.isHungUp = planned.isHungUp;
    }
  }

  put(subscriptions: Partial<Subscribed>[], pointer: number): void {
    subscriptions.forEach(({ userdata = 0n, tag = 0, id = 1, timeoutNs = 0n, flags = 0 }, i) => {
      const view = new DataView(this.wasm.buffer, pointer + i * 48, 48);
      view.setBigUint64(0, userdata, true);
      view.setUint8(8, tag);
      view.setUint32(16, id, true);
      view.setBigUint64(24, timeoutNs, true);
      view.setUint16(40, flags, true);
    });
  }

  /** @returns the errno, or the events */
  poll(subscriptions: Partial<Subscribed>[], events = 16_384): number | Event[] {
    this.put(subscriptions, 0);
    return this.call(0, events, subscriptions.length, 65_000);
  }

  call(pointer: number, events: number, count: number, countPointer: number): number | Event[] {
    try {
      pollOneoff(this, pointer, events, count, countPointer);
    } catch (error) {
      if (error instanceof WasiError) return error.errno;
      throw error;
    }
    const written = this.memory.readU32(countPointer);
    return Array.from({ length: written }, (_, i) => this.memory.readEvent(events + i * 32));
  }
}

export interface Subscribed {
  userdata: bigint;
  tag: number;
  id: number;
  timeoutNs: bigint;
  flags: number;
}
