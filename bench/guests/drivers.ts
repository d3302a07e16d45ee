/** What every driver runs: a server that sends back what comes, sleeps of a millisecond, and a rest. */
import { go, monotonicNow, sleep, TcpListener, TcpStream } from "as-fibers/assembly";

const MILLISECOND: i64 = 1_000_000;

let listener: TcpListener | null = null;

/** @returns the port */
export function listen(): i32 {
  const listening = TcpListener.bind("127.0.0.1", 0);
  listener = listening;
  return listening.port;
}

export function serve(): void {
  const listening = listener as TcpListener;
  while (true) go(converse, listening.accept(), "connection");
}

function converse(stream: TcpStream): void {
  const buffer = new Uint8Array(4096);
  let count = stream.readOrError(buffer);
  while (count > 0 && stream.writeOrError(buffer.subarray(0, count))) count = stream.readOrError(buffer);
  stream.close();
}

/** Sleeps for a millisecond, so many times. @returns by how many nanoseconds each was late */
export function naps(count: i32): string {
  const late = new Array<i64>(count);
  for (let i = 0; i < count; i++) {
    const begun = monotonicNow();
    sleep(1);
    late[i] = monotonicNow() - begun - MILLISECOND;
  }
  return late.join(" ");
}

export function rest(milliseconds: f64): void {
  sleep(milliseconds);
}
