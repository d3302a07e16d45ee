// Every kind of wait, with one object each: waits of several fibers, one of which is cancelled.
import {
  Barrier,
  Broadcast,
  Channel,
  Condition,
  defer,
  Event,
  Fiber,
  Future,
  go,
  Mutex,
  Once,
  print,
  RwLock,
  Scope,
  Select,
  Semaphore,
  shield,
  sleep,
  State,
  Ticker,
  Timer,
  WaitGroup,
  Watch,
  yieldNow,
} from "as-fibers/assembly";
import { record } from "as-fibers/assembly/record";
import { timerCount } from "as-fibers/assembly/timers";
import { log, takeLog } from "./support/log";

export { heapBase } from "./support/heap";

const PERIOD: f64 = 10;

/** A kind of wait, and the object that it is for. */
abstract class Kind {
  /** Makes that whoever waits now has to. */
  open(): void {}

  /** Waits; what that has brought. */
  abstract wait(number: i32): string;

  /** Gives those who wait, and have these numbers, what they wait for; the time gives it to those that wait for the time. */
  serve(_numbers: i32[]): void {}

  /** Starts a fiber that waits. */
  start(seat: Seat): Fiber {
    return go(sit, seat, `${seat.number}`);
  }

  /** The last cleanup of the fiber that is cancelled. */
  clean(): void {}

  /** What is taken, or still waits; nothing, when all is as it was at first. */
  get left(): string {
    return "";
  }
}

/** One fiber, which waits. */
class Seat {
  constructor(
    public kind: Kind,
    public number: i32,
  ) {}
}

const VICTIM: i32 = 2;

function sit(seat: Seat): void {
  if (seat.number == VICTIM) oweTwo(seat);
  log(`${seat.number} ${seat.kind.wait(seat.number)}`);
  if (seat.number != VICTIM) return;
  yieldNow();
  log("never");
}

function oweTwo(seat: Seat): void {
  defer<Seat>((own: Seat): void => {
    own.kind.clean();
    log("second cleanup");
  }, seat);
  defer<i32>((_: i32): void => {
    yieldNow();
    log("first cleanup");
  }, 0);
}

class Sending extends Kind {
  channel: Channel<i32> = new Channel<i32>();

  wait(number: i32): string {
    this.channel.send(number);
    return "has sent";
  }

  serve(numbers: i32[]): void {
    for (let i = 0; i < numbers.length; i++) log(`received ${this.channel.receive()}`);
  }

  get left(): string {
    return this.channel.tryNext() || this.channel.trySend(0) ? "somebody waits" : "";
  }
}

class Receiving extends Sending {
  wait(_number: i32): string {
    return `has received ${this.channel.receive()}`;
  }

  serve(numbers: i32[]): void {
    for (let i = 0; i < numbers.length; i++) this.channel.send(numbers[i] * 10);
  }
}

/** A channel, a lock that is held, and a deadline that does not come. */
class Selecting extends Receiving {
  mutex: Mutex = new Mutex();

  open(): void {
    this.mutex.lock();
  }

  wait(_number: i32): string {
    const select = new Select();
    select.lock(this.mutex);
    select.timeout(1000);
    const receive = select.receive(this.channel);
    return select.wait() == receive ? `has received ${this.channel.value}` : "another case";
  }

  serve(numbers: i32[]): void {
    super.serve(numbers);
    // Nobody waits for it any more: that shows in `left`.
    this.mutex.unlock();
  }

  get left(): string {
    return this.mutex.isLocked ? "locked" : super.left;
  }
}

class Locking extends Kind {
  mutex: Mutex = new Mutex();

  open(): void {
    this.mutex.lock();
  }

  wait(_number: i32): string {
    this.mutex.lock();
    this.mutex.unlock();
    return "has locked";
  }

  serve(_numbers: i32[]): void {
    this.mutex.unlock();
  }

  get left(): string {
    return this.mutex.isLocked ? "locked" : this.mutex.isAbandoned ? "abandoned" : "";
  }
}

class ReadLocking extends Kind {
  lock: RwLock = new RwLock();

  open(): void {
    this.lock.writeLock();
  }

  wait(_number: i32): string {
    this.lock.readLock();
    this.lock.readUnlock();
    return "has read";
  }

  serve(_numbers: i32[]): void {
    this.lock.writeUnlock();
  }

  get left(): string {
    if (!this.lock.tryWriteLock()) return "locked";
    this.lock.writeUnlock();
    return this.lock.isAbandoned ? "abandoned" : "";
  }
}

class WriteLocking extends ReadLocking {
  open(): void {
    this.lock.readLock();
  }

  wait(_number: i32): string {
    this.lock.writeLock();
    this.lock.writeUnlock();
    return "has written";
  }

  serve(_numbers: i32[]): void {
    this.lock.readUnlock();
  }
}

class Acquiring extends Kind {
  semaphore: Semaphore = new Semaphore(0);

  wait(_number: i32): string {
    this.semaphore.acquire(2);
    return "has 2 permits";
  }

  serve(numbers: i32[]): void {
    this.semaphore.release(2 * numbers.length);
  }

  get left(): string {
    return this.semaphore.available ? `${this.semaphore.available} permits` : "";
  }
}

class AwaitingCondition extends Locking {
  condition: Condition = new Condition();

  open(): void {}

  wait(_number: i32): string {
    this.mutex.lock();
    const isSignalled = this.condition.wait(this.mutex);
    this.mutex.unlock();
    return isSignalled ? "was signalled" : "was late";
  }

  serve(numbers: i32[]): void {
    this.mutex.lock();
    for (let i = 0; i < numbers.length; i++) this.condition.signal();
    this.mutex.unlock();
  }

  /** Whatever ends in `wait`, owns the mutex. */
  clean(): void {
    if (this.mutex.isLocked) this.mutex.unlock();
  }

  get left(): string {
    return load<usize>(changetype<usize>(this.condition)) ? "somebody waits" : super.left;
  }
}

class Meeting extends Kind {
  barrier: Barrier = new Barrier(4);

  wait(_number: i32): string {
    this.barrier.wait();
    return "has met";
  }

  serve(numbers: i32[]): void {
    for (let i = numbers.length; i < 4; i++) go<Barrier>(meet, this.barrier);
    yieldNow();
  }

  get left(): string {
    return this.barrier.waiting ? `${this.barrier.waiting} wait` : "";
  }
}

function meet(barrier: Barrier): void {
  barrier.wait();
}

class AwaitingGroup extends Kind {
  group: WaitGroup = new WaitGroup();

  open(): void {
    this.group.add();
  }

  wait(_number: i32): string {
    this.group.wait();
    return "has waited";
  }

  serve(_numbers: i32[]): void {
    this.group.done();
  }

  get left(): string {
    return load<usize>(changetype<usize>(this.group)) ? "somebody waits" : "";
  }
}

class AwaitingEvent extends Kind {
  event: Event = new Event();

  open(): void {
    this.event.reset();
  }

  wait(_number: i32): string {
    this.event.wait();
    return "has waited";
  }

  serve(_numbers: i32[]): void {
    this.event.set();
  }

  get left(): string {
    return load<usize>(changetype<usize>(this.event)) ? "somebody waits" : "";
  }
}

let once: Once = new Once();
let gate: Event = new Event();

/** Somebody does it, until the gate opens. */
class AwaitingOnce extends Kind {
  open(): void {
    once = new Once();
    gate = new Event();
    go<i32>((_: i32): void => once.do((): void => gate.wait()), 0);
    yieldNow();
  }

  wait(_number: i32): string {
    once.do((): void => log("never"));
    return "has waited";
  }

  serve(_numbers: i32[]): void {
    gate.set();
    yieldNow();
  }

  get left(): string {
    return once.isDone ? "" : "not done";
  }
}

class AwaitingFuture extends Kind {
  future: Future<i32> = new Future<i32>();

  open(): void {
    this.future = new Future<i32>();
  }

  wait(_number: i32): string {
    return `has ${this.future.wait()}`;
  }

  serve(_numbers: i32[]): void {
    this.future.set(7);
  }

  get left(): string {
    return this.future.value == 7 ? "" : "lost";
  }
}

class AwaitingBroadcast extends Kind {
  broadcast: Broadcast<i32> = new Broadcast<i32>();

  wait(_number: i32): string {
    const receiver = this.broadcast.subscribe();
    return receiver.next() ? `has ${receiver.value}` : "has the end";
  }

  serve(_numbers: i32[]): void {
    this.broadcast.send(7);
  }

  get left(): string {
    return load<usize>(changetype<usize>(this.broadcast)) ? "somebody waits" : "";
  }
}

class Watching extends Kind {
  watch: Watch<i32> = new Watch<i32>(0);

  wait(_number: i32): string {
    const observer = this.watch.observe();
    // What was there before.
    observer.tryNext();
    return observer.next() ? `has ${observer.value}` : "has the end";
  }

  serve(_numbers: i32[]): void {
    this.watch.set(7);
  }

  get left(): string {
    return load<usize>(changetype<usize>(this.watch)) ? "somebody waits" : "";
  }
}

class Sleeping extends Kind {
  wait(_number: i32): string {
    sleep(PERIOD);
    return "has slept";
  }
}

class AwaitingTimer extends Kind {
  timer: Timer = new Timer(Infinity);

  open(): void {
    this.timer.reset(PERIOD);
  }

  wait(_number: i32): string {
    return this.timer.wait() ? "has waited" : "was stopped";
  }

  get left(): string {
    return load<usize>(changetype<usize>(this.timer)) ? "somebody waits" : "";
  }
}

class Ticking extends Kind {
  ticker: Ticker = new Ticker(PERIOD);

  wait(_number: i32): string {
    return this.ticker.next() < 0 ? "was stopped" : "has a tick";
  }

  get left(): string {
    return load<usize>(changetype<usize>(this.ticker)) ? "somebody waits" : "";
  }
}

class Joining extends Kind {
  target: Fiber | null = null;

  open(): void {
    this.target = go<f64>((milliseconds: f64): void => sleep(milliseconds), PERIOD, "target");
  }

  wait(_number: i32): string {
    this.target!.join();
    return "has joined";
  }

  get left(): string {
    const target = changetype<usize>(this.target!);
    return record(target).joiners || this.target!.state != State.DONE ? "still there" : "";
  }
}

/** Each has a scope of its own, since only its owner may wait. */
class AwaitingScope extends Kind {
  wait(number: i32): string {
    const scope = new Scope();
    scope.go<i32>((own: i32): void => {
      defer<i32>((n: i32): void => {
        if (n == VICTIM) log("cleanup of its child");
      }, own);
      sleep(PERIOD);
    }, number);
    scope.wait();
    return "has waited";
  }
}

/** In a scope that lets one run: it waits for the gate. */
class Starting extends Kind {
  scope: Scope | null = null;

  open(): void {
    gate = new Event();
    this.scope = new Scope(1);
    this.scope!.run((): void => gate.wait());
    yieldNow();
  }

  start(seat: Seat): Fiber {
    return this.scope!.go(sit, seat, `${seat.number}`);
  }

  wait(_number: i32): string {
    return "has begun";
  }

  serve(_numbers: i32[]): void {
    gate.set();
  }

  get left(): string {
    this.scope!.wait();
    return this.scope!.size ? `${this.scope!.size} still there` : "";
  }
}

/** What is unsent after the first of them makes all wait. */
class Printing extends Kind {
  wait(_number: i32): string {
    print("x".repeat(70_000));
    return "has printed";
  }
}

function makeKind(name: string): Kind {
  if (name == "send") return new Sending();
  if (name == "receive") return new Receiving();
  if (name == "select") return new Selecting();
  if (name == "lock") return new Locking();
  if (name == "read lock") return new ReadLocking();
  if (name == "write lock") return new WriteLocking();
  if (name == "acquire") return new Acquiring();
  if (name == "condition") return new AwaitingCondition();
  if (name == "barrier") return new Meeting();
  if (name == "wait group") return new AwaitingGroup();
  if (name == "event") return new AwaitingEvent();
  if (name == "once") return new AwaitingOnce();
  if (name == "future") return new AwaitingFuture();
  if (name == "broadcast") return new AwaitingBroadcast();
  if (name == "watch") return new Watching();
  if (name == "sleep") return new Sleeping();
  if (name == "timer") return new AwaitingTimer();
  if (name == "ticker") return new Ticking();
  if (name == "join") return new Joining();
  if (name == "scope") return new AwaitingScope();
  if (name == "start") return new Starting();
  if (name == "output") return new Printing();
  throw new Error(`there is no kind ${name}`);
}

/** What it waits for, as the number of `Reason`; -1 when it does not wait. */
function reasonOf(fiber: Fiber): i32 {
  return fiber.state == State.PARKED ? <i32>record(changetype<usize>(fiber)).reason : -1;
}

function tellEnd(fiber: Fiber): void {
  const error = fiber.error;
  log(error ? `${error.toString()}, asked by "${error.askedByName}"` : "done");
}

/** Three wait, the second is cancelled, twice; then the others are served, and later a fourth one. */
export function cancelWaiting(name: string): string {
  go<string>(cancelOneOfThree, name, "canceller").join();
  return takeLog();
}

function cancelOneOfThree(name: string): void {
  const kind = makeKind(name);
  kind.open();
  const first = kind.start(new Seat(kind, 1));
  const victim = kind.start(new Seat(kind, VICTIM));
  const third = kind.start(new Seat(kind, 3));
  yieldNow();
  log(`${reasonOf(first)} ${reasonOf(victim)} ${reasonOf(third)}`);
  const timers = timerCount();
  victim.cancel("enough");
  victim.cancel("enough of that");
  log(`${timers - timerCount()} timers gone`);
  kind.serve([1, 3]);
  victim.tryJoin();
  first.join();
  third.join();
  tellEnd(victim);
  serveFourth(kind);
  log(`left: ${kind.left}, ${timerCount()} timers`);
}

function serveFourth(kind: Kind): void {
  kind.open();
  const fourth = kind.start(new Seat(kind, 4));
  yieldNow();
  if (reasonOf(fourth) < 0) log("the fourth did not wait");
  kind.serve([4]);
  fourth.join();
}

/** One waits; it is served, and cancelled before it runs. */
export function cancelServed(name: string): string {
  const kind = makeKind(name);
  kind.open();
  const victim = kind.start(new Seat(kind, VICTIM));
  yieldNow();
  kind.serve([VICTIM]);
  log(reasonOf(victim) < 0 ? "served" : "still waits");
  victim.cancel("enough");
  victim.tryJoin();
  tellEnd(victim);
  serveFourth(kind);
  log(`left: ${kind.left}, ${timerCount()} timers`);
  return takeLog();
}

/** One waits behind a shield, and is cancelled; it goes on waiting, and is served. */
export function cancelShielded(name: string): string {
  const kind = makeKind(name);
  kind.open();
  const victim = go<Seat>(
    (seat: Seat): void => {
      oweTwo(seat);
      shield<Seat>((own: Seat): void => log(own.kind.wait(own.number)), seat);
      log("never");
    },
    new Seat(kind, VICTIM),
  );
  yieldNow();
  const reason = reasonOf(victim);
  victim.cancel("enough");
  log(reason == reasonOf(victim) ? "still waits" : "was interrupted");
  kind.serve([VICTIM]);
  victim.tryJoin();
  tellEnd(victim);
  log(`left: ${kind.left}, ${timerCount()} timers`);
  return takeLog();
}
