/** Calls of WASI preview 1 as a program makes them that knows nothing of fibers; beside them runs a fiber that counts milliseconds. */
import { go, sleep } from "as-fibers/assembly";

@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: u32, iovecs: usize, count: u32, bytes: usize): u32;
@external("wasi_snapshot_preview1", "poll_oneoff")
declare function poll_oneoff(subscriptions: usize, events: usize, count: u32, happened: usize): u32;
@external("wasi_snapshot_preview1", "clock_time_get")
declare function clock_time_get(clock: u32, precision: u64, time: usize): u32;

let ticks = 0;

function tick(count: i32): void {
  for (let i = 0; i < count; i++) {
    sleep(1);
    ticks++;
  }
}

const subscriptions = memory.data(144, 8);
const events = memory.data(96, 8);
const happened = memory.data(4, 4);
const iovecs = memory.data(16, 4);
const bytes = memory.data(64, 8);

function subscribeClock(at: usize, userdata: u64, clock: u32, timeout: u64, isAbsolute: bool): void {
  memory.fill(at, 0, 48);
  store<u64>(at, userdata);
  store<u32>(at, clock, 16);
  store<u64>(at, timeout, 24);
  store<u16>(at, isAbsolute, 40);
}

function subscribeDescriptor(at: usize, userdata: u64, type: u8, fd: u32): void {
  memory.fill(at, 0, 48);
  store<u64>(at, userdata);
  store<u8>(at, type, 8);
  store<u32>(at, fd, 16);
}

/** Polls, and tells the errno, the events as "userdata:type:error:nbytes:flags", and the milliseconds that the other fiber has counted. */
function poll(count: u32): string {
  const errno = poll_oneoff(subscriptions, events, count, happened);
  let text = `${errno}`;
  for (let i: usize = 0; i < load<u32>(happened); i++) {
    const at = events + i * 32;
    text += ` ${load<u64>(at)}:${load<u8>(at, 10)}:${load<u16>(at, 8)}:${load<u64>(at, 16)}:${load<u16>(at, 24)}`;
  }
  return `${text}, ${ticks} ticks`;
}

/** A relative clock, and a later one on another clock. */
export function pollClocks(milliseconds: i32): string {
  go(tick, 5);
  subscribeClock(subscriptions, 7, 1, <u64>milliseconds * 1_000_000, false);
  subscribeClock(subscriptions + 48, 8, 0, <u64>milliseconds * 1_000_000_000, false);
  return poll(2);
}

/** An absolute time, on the clock that is asked for. */
export function pollAbsolute(clock: u32, milliseconds: i32): string {
  go(tick, 5);
  clock_time_get(clock, 0, bytes);
  subscribeClock(subscriptions, u64.MAX_VALUE, clock, load<u64>(bytes) + <u64>milliseconds * 1_000_000, true);
  return poll(1);
}

/** Standard input, with a time limit. */
export function pollInput(milliseconds: i32): string {
  go(tick, 5);
  subscribeDescriptor(subscriptions, 1, 1, 0);
  subscribeClock(subscriptions + 48, 2, 1, <u64>milliseconds * 1_000_000, false);
  return poll(2);
}

/** What fibers cannot wait for: the host answers. */
export function pollOutput(): string {
  subscribeDescriptor(subscriptions, 3, 2, 1);
  return poll(1);
}

export function pollNothing(): string {
  return poll(0);
}

/** Reads into two pieces of memory, of which the first is empty. */
export function readInput(): string {
  go(tick, 5);
  store<usize>(iovecs, bytes);
  store<u32>(iovecs, 0, 4);
  store<usize>(iovecs, bytes, 8);
  store<u32>(iovecs, 64, 12);
  const errno = fd_read(0, iovecs, 2, happened);
  return `${errno} ${String.UTF8.decodeUnsafe(bytes, load<u32>(happened))}, ${ticks} ticks`;
}

export function readOther(fd: u32): u32 {
  store<usize>(iovecs, bytes);
  store<u32>(iovecs, 64, 4);
  return fd_read(fd, iovecs, 1, happened);
}

// Outside of fibers nothing can park: the host is asked.
const startErrno = readOther(99);

export function readAtStart(): u32 {
  return startErrno;
}

export * from "./support/wasi-sockets";
