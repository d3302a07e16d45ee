// Futures, wakers, a reactor, executors and join_all: what async and await are made of, built on fibers and channels.
import { Channel, go, print, run, sleep, spawn } from "as-fibers/assembly";

/** What will be there later. Polled: true, its result stands in `value`; or false, it waits, and the waker tells when to poll it again. */
abstract class Future {
  value: string = "";
  abstract poll(waker: Waker): bool;
}

/** Puts a task back into the ready queue of its executor. */
class Waker {
  isWoken: bool = false;

  constructor(
    private task: i32,
    private ready: Channel<i32>,
  ) {}

  wake(): void {
    if (!this.isWoken) this.ready.send(this.task); // once is enough
    this.isWoken = true;
  }
}

// --- the reactor: who waits for which event ---

const events = new Channel<i32>(); // stands for the event queue of the system
const wakers = new Map<i32, Waker>();

function react(): void {
  while (events.next()) {
    const waker = wakers.get(events.value);
    wakers.delete(events.value);
    waker.wake();
  }
}

/** The world outside: after so many milliseconds, an event of this number. */
function happen(milliseconds: i32): void {
  sleep(milliseconds);
  events.send(milliseconds);
}

// --- an executor: polls each task when it is ready, and only then ---

function execute(futures: Future[]): i32 {
  const ready = new Channel<i32>(futures.length);
  const own = new Array<Waker>();
  for (let task = 0; task < futures.length; task++) {
    own.push(new Waker(task, ready));
    own[task].wake(); // nothing has begun yet
  }
  let polls = 0;
  for (let left = futures.length; left; polls++) {
    const task = ready.receive();
    own[task].isWoken = false;
    if (futures[task].poll(own[task])) left--;
  }
  return polls;
}

// --- futures ---

/** Leaf: waits for the world. Nothing begins before the first poll. */
class Answer extends Future {
  private isAsked: bool = false;

  constructor(private after: i32) {
    super();
    this.value = `answer after ${after}`;
  }

  poll(waker: Waker): bool {
    if (this.isAsked && !wakers.has(this.after)) return true;
    if (!this.isAsked) go(happen, this.after);
    this.isAsked = true;
    wakers.set(this.after, waker); // the latest waker counts
    return false;
  }
}

/** Non-leaf: what a compiler makes of two awaits, one after the other. What lives across a wait is a field. */
class Talk extends Future {
  private step: i32 = 0;
  private answer: Answer;

  constructor(
    private name: string,
    first: i32,
    private second: i32,
  ) {
    super();
    this.answer = new Answer(first);
  }

  poll(waker: Waker): bool {
    while (this.answer.poll(waker)) {
      print(`${this.name}: ${this.answer.value}`);
      if (this.step++) return true;
      this.answer = new Answer(this.second);
    }
    return false;
  }
}

/** Non-leaf: join_all, which waits for several at the same time. */
class JoinAll extends Future {
  constructor(private waiting: Future[]) {
    super();
  }

  poll(waker: Waker): bool {
    const waiting = this.waiting;
    this.waiting = new Array<Future>();
    for (let i = 0; i < waiting.length; i++) {
      if (!waiting[i].poll(waker)) this.waiting.push(waiting[i]);
    }
    return !this.waiting.length;
  }
}

export function main(): void {
  const reactor = run(react, "reactor");
  const first = spawn(execute, <Future[]>[new JoinAll([new Talk("Ada", 10, 40), new Talk("Grace", 20, 50)])]);
  const second = spawn(execute, <Future[]>[new Talk("Edsger", 30, 60)]);
  print(`polled only when something was there: ${first.join() <= 5 && second.join() <= 3}`);
  reactor.cancel();
}
