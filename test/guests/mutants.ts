// What must hold of the primitives in every schedule, in programs so small that all schedules are run. A mutant of the library fails here.
import {
  Barrier,
  Channel,
  Condition,
  defer,
  Event,
  Fiber,
  Future,
  go,
  monotonicNow,
  Mutex,
  Once,
  run,
  RwLock,
  Scope,
  Select,
  Semaphore,
  sleep,
  spawn,
  State,
  WaitGroup,
  yieldNow,
} from "as-fibers/assembly";
import { timerCount } from "as-fibers/assembly/timers";

let log: i32[] = [];
let tickets: i32 = 0;
let served: i32 = 0;
let inside: i32 = 0;

function begin(): void {
  log = [];
  tickets = 0;
  served = 0;
  inside = 0;
}

// --- channels ---

function produce(channel: Channel<i32>): void {
  for (let i = 1; i <= 3; i++) channel.send(i);
  channel.close();
}

function inOrder(capacity: i32): void {
  begin();
  const channel = new Channel<i32>(capacity);
  go(produce, channel);
  let last = 0;
  while (channel.next()) {
    assert(channel.value == last + 1, "values come in the order in which they were sent");
    last = channel.value;
  }
  assert(last == 3, "no value is lost");
}

export function channelUnbuffered(): void {
  inOrder(0);
}

export function channelBuffered(): void {
  inOrder(2);
}

function drain(channel: Channel<i32>): void {
  while (channel.next()) served++;
  inside--;
}

/** Closing ends all that wait to receive. */
export function channelClose(): void {
  begin();
  const channel = new Channel<i32>();
  inside = 2;
  const one = go(drain, channel);
  const other = go(drain, channel);
  channel.send(1);
  channel.close();
  one.join();
  other.join();
  assert(!inside && served == 1, "both have ended");
}

function receiveInTurn(channel: Channel<i32>): void {
  const ticket = tickets++;
  assert(channel.receive() == ticket, "who has waited longest gets the first value");
}

export function channelFairness(): void {
  begin();
  const channel = new Channel<i32>();
  const one = go(receiveInTurn, channel);
  const other = go(receiveInTurn, channel);
  while (tickets < 2) yieldNow();
  channel.send(0);
  channel.send(1);
  one.join();
  other.join();
}

function sendThenNote(channel: Channel<i32>): void {
  channel.send(tickets++);
  served++;
}

/** Each value that is taken lets one sender go on. */
export function channelSenders(): void {
  begin();
  const channel = new Channel<i32>(1);
  for (let i = 0; i < 3; i++) go(sendThenNote, channel);
  for (let i = 0; i < 3; i++) assert(channel.receive() == i, "senders are served in the order in which they came");
  while (served < 3) yieldNow();
}

/** Room in the buffer is for the one who waits. */
export function channelRoom(): void {
  begin();
  const channel = new Channel<i32>(1);
  const one = go(sendThenNote, channel);
  const other = go(sendThenNote, channel);
  yieldNow();
  channel.receive();
  one.join();
  other.join();
  assert(served == 2 && channel.length == 1, "both have sent");
}

// --- selects ---

class Pair {
  one: Channel<i32> = new Channel<i32>();
  other: Channel<i32> = new Channel<i32>();

  constructor(public expected: i32) {}
}

function selectOne(pair: Pair): void {
  const select = new Select();
  select.receive(pair.one);
  select.receive(pair.other);
  assert(select.wait() == pair.expected, "the case that has won is told");
  served++;
}

function sendOther(pair: Pair): void {
  pair.other.send(2);
}

/** The cases that have not won wait no more: what comes there is for others. */
export function selectLosers(): void {
  begin();
  const pair = new Pair(0);
  const selecting = go(selectOne, pair);
  yieldNow();
  pair.one.send(1);
  selecting.join();
  const sender = go(sendOther, pair);
  assert(pair.other.receive() == 2, "the value is not lost");
  sender.join();
  assert(served == 1, "it was chosen once");
}

export function selectWinner(): void {
  begin();
  const pair = new Pair(1);
  const selecting = go(selectOne, pair);
  yieldNow();
  pair.other.send(2);
  selecting.join();
}

function sendLater(channel: Channel<i32>): void {
  sleep(1);
  channel.send(1);
}

/** A timeout that has not come does not come later. */
export function selectDraw(): void {
  begin();
  const select = new Select();
  for (let i = 0; i < 3; i++) {
    const channel = new Channel<i32>(1);
    if (i) channel.send(i);
    select.receive(channel);
  }
  const one = select.wait();
  assert(one == 1 || one == 2, "a case that is ready is chosen");
  assert(one + select.wait() == 3, "and then the other one");
}

export function selectTimeout(): void {
  const channel = new Channel<i32>();
  go(sendLater, channel);
  const select = new Select();
  const received = select.receive(channel);
  select.timeout(3);
  assert(select.wait() == received, "the value comes first");
  assert(timerCount() == 0, "no timer is left");
  sleep(5);
  assert(monotonicNow() == 6_000_000, "a sleep lasts as long as it should");
}

// --- locks ---

function critical(mutex: Mutex): void {
  const ticket = tickets++;
  mutex.lock();
  assert(served++ == ticket, "who has waited longest has it next");
  assert(++inside == 1, "one at a time");
  yieldNow();
  inside--;
  mutex.unlock();
}

export function mutex(): void {
  begin();
  const mutex = new Mutex();
  const fibers = [go(critical, mutex), go(critical, mutex), go(critical, mutex)];
  for (let i = 0; i < 3; i++) fibers[i].join();
  assert(!mutex.isLocked, "nobody owns it");
}

function keep(mutex: Mutex): void {
  mutex.lock();
  yieldNow();
}

/** Who ends as its owner leaves it released, and marked. */
export function mutexAbandoned(): void {
  const mutex = new Mutex();
  const owner = go(keep, mutex);
  yieldNow();
  mutex.lock();
  if (owner.state == State.DONE) assert(mutex.isAbandoned, "it is marked");
  mutex.unlock();
  owner.join();
}

function lockAndUnlock(mutex: Mutex): void {
  mutex.lock();
  yieldNow();
  mutex.unlock();
}

/** A fiber that is cancelled while it waits takes nothing with it. */
export function mutexCancelled(): void {
  const mutex = new Mutex();
  mutex.lock();
  const one = go(lockAndUnlock, mutex);
  const other = go(lockAndUnlock, mutex);
  yieldNow();
  one.cancel();
  mutex.unlock();
  one.tryJoin();
  other.join();
  mutex.lock();
  mutex.unlock();
}

let limit: Semaphore = new Semaphore(2);

function takePermits(count: i32): void {
  limit.acquire(count);
  inside += count;
  assert(inside <= 2, "there are two permits");
  yieldNow();
  inside -= count;
  limit.release(count);
}

export function semaphore(): void {
  begin();
  limit = new Semaphore(2);
  const fibers = [go(takePermits, 1), go(takePermits, 2), go(takePermits, 1)];
  for (let i = 0; i < 3; i++) fibers[i].join();
  assert(limit.available == 2, "all permits are back");
}

/** When the one in front does not wait any more, those behind it are served. */
export function semaphoreCancelled(): void {
  begin();
  limit = new Semaphore(1);
  const large = go(takePermits, 2);
  const small = go(takePermits, 1);
  yieldNow();
  large.cancel();
  large.tryJoin();
  small.join();
  assert(limit.available == 1, "the permit is back");
}

let book: RwLock = new RwLock();
let readers: i32 = 0;

function readBook(_: i32): void {
  book.readLock();
  readers++;
  assert(!inside, "nobody writes while somebody reads");
  yieldNow();
  readers--;
  book.readUnlock();
}

function writeBook(_: i32): void {
  book.writeLock();
  assert(++inside == 1 && !readers, "who writes is alone");
  yieldNow();
  inside--;
  book.writeUnlock();
}

export function rwlock(): void {
  begin();
  book = new RwLock();
  const fibers = [go(readBook, 0), go(writeBook, 0), go(readBook, 0)];
  for (let i = 0; i < 3; i++) fibers[i].join();
}

// --- signals ---

class Box {
  mutex: Mutex = new Mutex();
  changed: Condition = new Condition();
  letters: i32 = 0;
}

function takeLetter(box: Box): void {
  box.mutex.lock();
  while (!box.letters) box.changed.wait(box.mutex);
  box.letters--;
  box.mutex.unlock();
}

export function conditionSignal(): void {
  const box = new Box();
  const one = go(takeLetter, box);
  const other = go(takeLetter, box);
  for (let i = 0; i < 2; i++) {
    box.mutex.lock();
    box.letters++;
    box.changed.signal();
    box.mutex.unlock();
  }
  one.join();
  other.join();
  assert(!box.letters, "both have one");
}

export function conditionBroadcast(): void {
  const box = new Box();
  const one = go(takeLetter, box);
  const other = go(takeLetter, box);
  yieldNow();
  box.mutex.lock();
  box.letters = 2;
  box.changed.broadcast();
  box.mutex.unlock();
  one.join();
  other.join();
}

function finish(group: WaitGroup): void {
  yieldNow();
  served++;
  group.done();
}

function waitFor(group: WaitGroup): void {
  group.wait();
  assert(served == 2, "all are done");
}

export function waitGroup(): void {
  begin();
  const group = new WaitGroup();
  group.add(2);
  const one = go(waitFor, group);
  const other = go(waitFor, group);
  go(finish, group);
  go(finish, group);
  one.join();
  other.join();
}

function meet(barrier: Barrier): void {
  for (let round = 1; round <= 2; round++) {
    tickets++;
    if (barrier.wait()) served++;
    assert(tickets >= 2 * round, "nobody goes on before all have come");
  }
}

export function barrier(): void {
  begin();
  const barrier = new Barrier(2);
  const one = go(meet, barrier);
  const other = go(meet, barrier);
  one.join();
  other.join();
  assert(served == 2, "one is the last of each round");
}

function awaitEvent(event: Event): void {
  event.wait();
  assert(event.isSet, "it was set");
}

export function event(): void {
  const event = new Event();
  const one = go(awaitEvent, event);
  const other = go(awaitEvent, event);
  yieldNow();
  event.set();
  one.join();
  other.join();
}

let setUp: Once = new Once();

function prepare(): void {
  inside++;
  yieldNow();
  served++;
}

function useOnce(_: i32): void {
  setUp.do(() => prepare());
  assert(inside == 1 && served == 1, "it was done once, and is done");
}

export function once(): void {
  begin();
  setUp = new Once();
  const one = go(useOnce, 0);
  const other = go(useOnce, 0);
  one.join();
  other.join();
}

function prepareWell(): void {
  yieldNow();
  if (!tickets++) Fiber.current().cancel();
  served++;
}

function useOnceAgain(_: i32): void {
  setUp.do(() => prepareWell());
}

/** Who does it and is cancelled passes it on. */
export function oncePassedOn(): void {
  begin();
  setUp = new Once();
  const fibers = [go(useOnceAgain, 0), go(useOnceAgain, 0), go(useOnceAgain, 0)];
  for (let i = 0; i < 3; i++) fibers[i].tryJoin();
  assert(served == 1 && setUp.isDone, "another one has done it");
}

function awaitAnswer(future: Future<i32>): void {
  assert(future.wait() == 42, "the answer");
}

export function future(): void {
  const future = new Future<i32>();
  const one = go(awaitAnswer, future);
  const other = go(awaitAnswer, future);
  yieldNow();
  future.set(42);
  one.join();
  other.join();
}

// --- lives ---

function rest(_: i32): void {
  yieldNow();
}

function joinIt(fiber: Fiber): void {
  fiber.join();
  served++;
}

export function join(): void {
  begin();
  const joined = go(rest, 0);
  const one = go(joinIt, joined);
  const other = go(joinIt, joined);
  one.join();
  other.join();
  assert(served == 2, "all who join go on");
}

function owe(_: i32): void {
  for (let i = 0; i < 2; i++) {
    defer((number: i32): void => {
      yieldNow();
      log.push(number);
    }, i);
  }
  tickets++;
  yieldNow();
}

/** Cleanups run once, last first; however it ends. */
export function cleanups(): void {
  begin();
  const fiber = go(owe, 0);
  yieldNow();
  fiber.cancel();
  fiber.tryJoin();
  if (tickets) assert(log.length == 2 && log[0] == 1 && log[1] == 0, "both, the last one first");
  else assert(!log.length, "it had not begun");
}

function receiveOne(channel: Channel<i32>): void {
  served = channel.receive();
}

/** Who was given a value keeps it, and is cancelled at its next wait. */
export function cancelGiven(): void {
  begin();
  const channel = new Channel<i32>();
  const fiber = go(receiveOne, channel);
  yieldNow();
  const isGiven = channel.trySend(7);
  fiber.cancel();
  fiber.tryJoin();
  assert(served == (isGiven ? 7 : 0), "what was given is not lost");
}

function sleepLong(_: i32): void {
  sleep(100);
}

export function cancelSleep(): void {
  const fiber = go(sleepLong, 0);
  sleep(1);
  fiber.cancel();
  fiber.tryJoin();
  assert(timerCount() == 0 && monotonicNow() == 1_000_000, "no timer is left");
}

function sleepFor(milliseconds: i32): void {
  sleep(milliseconds);
  log.push(milliseconds);
}

export function sleepers(): void {
  begin();
  const fibers = [go(sleepFor, 3), go(sleepFor, 1), go(sleepFor, 2)];
  for (let i = 0; i < 3; i++) fibers[i].join();
  assert(log[0] == 1 && log[1] == 2 && log[2] == 3, "in the order of their times");
}

function neverReady(event: Event): void {
  defer((_: i32): void => {
    inside++;
  }, 0);
  event.wait();
}

function goWrong(_: i32): void {
  yieldNow();
  assert(false, "it goes wrong");
}

/** A scope ends when all its fibers have ended, and the first failure cancels the others. */
export function scope(): void {
  begin();
  const scope = new Scope();
  const waiting = scope.go(neverReady, new Event());
  scope.go(goWrong, 0);
  assert(!scope.waitOrError(), "it has failed");
  assert(waiting.state == State.CANCELLED, "the other one was cancelled");
}

function count(rounds: i32): i32 {
  for (let i = 0; i < rounds; i++) yieldNow();
  return rounds;
}

export function tasks(): void {
  const one = spawn(count, 2);
  const other = spawn(count, 1);
  assert(one.join() + other.join() == 3, "results belong to their tasks");
}

/** No ready fiber is overtaken by one that became ready later: in production's order. */
export function fifo(): void {
  begin();
  for (let i = 0; i < 3; i++) {
    go((number: i32): void => {
      log.push(number);
      yieldNow();
      log.push(number);
    }, i);
  }
  while (log.length < 6) yieldNow();
  for (let i = 0; i < 6; i++) assert(log[i] == i % 3, "first in, first out");
}

let ended: i32 = 0;

export function plainRun(): void {
  ended = 0;
  const fiber = run(() => {
    ended++;
  });
  fiber.join();
  assert(ended == 1, "it has run once");
}
