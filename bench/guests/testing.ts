// What the search through schedules and the simulated network are measured with.
import { go, TcpListener, TcpStream, WaitGroup, yieldNow } from "as-fibers/assembly";

let done: WaitGroup = new WaitGroup();

function step(count: i32): void {
  for (let i = 1; i < count; i++) yieldNow();
  done.done();
}

/** Fibers of so many steps each. */
export function steps(fibers: i32, count: i32): void {
  done.add(fibers);
  for (let i = 0; i < fibers; i++) go(step, count);
  done.wait();
}

let answers: i32 = 0;

function serve(stream: TcpStream): void {
  const buffer = new Uint8Array(64);
  for (let n = stream.read(buffer); n > 0; n = stream.read(buffer)) {
    stream.write(buffer.subarray(0, n));
    answers++;
  }
  stream.close();
  done.done();
}

/** Answers so many connections until they end. @returns how many answers there were */
export function server(connections: i32): i32 {
  answers = 0;
  done.add(connections);
  const listener = TcpListener.bind("127.0.0.1", 7000);
  for (let i = 0; i < connections; i++) go(serve, listener.accept());
  listener.close();
  done.wait();
  return answers;
}
