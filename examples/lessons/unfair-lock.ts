// A counter at which people wait; who has waited must not be overtaken again and again.
//
// Wrong: a lock that one takes when it happens to be free. Who comes later takes it as well as who has waited, as often as luck will have
// it. Fixed: a `Mutex` is handed to the one who has waited longest.
import { go, Mutex, WaitGroup, yieldNow } from "as-fibers/assembly";

/** How many may be served while one waits. There are two others. */
const PATIENCE = 2;

class Counter {
  isTaken: bool = false;
  mutex: Mutex = new Mutex();
  served: i32 = 0;
  done: WaitGroup = new WaitGroup();
}

function serve(counter: Counter, servedBefore: i32): void {
  assert(counter.served - servedBefore <= PATIENCE, "somebody was overtaken too often");
  counter.served++;
  yieldNow();
}

function visit(counter: Counter): void {
  for (let i = 0; i < 2; i++) {
    const before = counter.served;
    while (counter.isTaken) yieldNow();
    counter.isTaken = true;
    serve(counter, before);
    counter.isTaken = false;
    yieldNow();
  }
  counter.done.done();
}

function visitInTurn(counter: Counter): void {
  for (let i = 0; i < 2; i++) {
    const before = counter.served;
    counter.mutex.lock();
    serve(counter, before);
    counter.mutex.unlock();
    yieldNow();
  }
  counter.done.done();
}

export function wrong(): void {
  const counter = new Counter();
  counter.done.add(3);
  for (let i = 0; i < 3; i++) go(visit, counter, `visitor ${i}`);
  counter.done.wait();
}

export function fixed(): void {
  const counter = new Counter();
  counter.done.add(3);
  for (let i = 0; i < 3; i++) go(visitInTurn, counter, `visitor ${i}`);
  counter.done.wait();
}

export function main(wrongly: bool = false): void {
  const version = wrongly ? wrong : fixed;
  version();
}
