/** Peer: the fibers of Effect, in JavaScript. */
import { Deferred, Effect, Fiber, Queue, References, Semaphore } from "effect";
import { checkEqual, TurnOrder } from "../check.ts";
import { nowNs } from "../clock.ts";

let begin = 0;
let end = 0;
let yields = 0;

const spin = (left: number) =>
  Effect.gen(function* () {
    let made = 0;
    yield* Effect.yieldNow;
    begin ||= nowNs();
    while (left-- > 0) {
      made++;
      yield* Effect.yieldNow;
    }
    end ||= nowNs();
    yields += made;
  });

/** Starts `count` fibers and waits for all of them. Effect's own yields, after 2,048 operations, would mix the starts with the rounds. */
const runAll = (count: number, body: (index: number) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    const fibers: Fiber.Fiber<void>[] = [];
    for (let index = 0; index < count; index++) fibers.push(yield* Effect.forkChild(body(index)));
    for (const fiber of fibers) yield* Fiber.join(fiber);
  }).pipe(Effect.provideService(References.PreventSchedulerYield, true), Effect.runPromise);

/** Nanoseconds per switch of `count` fibers that yield `rounds` times each while the clock runs. */
export async function switching(count: number, rounds: number): Promise<number> {
  begin = 0;
  end = 0;
  yields = 0;
  await runAll(count, () => spin(rounds));
  checkEqual("yields of Effect's fibers", yields, count * rounds);
  return (end - begin) / count / rounds;
}

/** Proves the interleaving of `count` fibers. */
export async function checkTurns(count: number): Promise<void> {
  const order = new TurnOrder("Effect's fibers", count);
  await runAll(count, (index) =>
    Effect.gen(function* () {
      for (let round = 0; round < TurnOrder.rounds; round++) {
        order.note(index, round);
        yield* Effect.yieldNow;
      }
    }),
  );
  order.verify();
}

/** Nanoseconds per fiber that is forked, run and joined. */
export async function forkJoin(count: number): Promise<number> {
  let sum = 0;
  const started = nowNs();
  await Effect.runPromise(
    Effect.gen(function* () {
      for (let i = 0; i < count; i++) sum += yield* Fiber.join(yield* Effect.forkChild(Effect.sync(() => i)));
    }),
  );
  const ended = nowNs();
  checkEqual("sum of joined fibers", sum, (count * (count - 1)) / 2);
  return (ended - started) / count;
}

/** Nanoseconds per message through Effect's bounded queue, from one fiber to another, in order. It has none without a buffer. */
export async function passing(capacity: number, count: number): Promise<number> {
  let misplaced = 0;
  let time = 0;
  await Effect.gen(function* () {
    const queue = yield* Queue.bounded<number>(capacity);
    const produce = Effect.gen(function* () {
      for (let i = 0; i < count; i++) yield* Queue.offer(queue, i);
    });
    const producer = yield* Effect.forkChild(produce);
    const started = nowNs();
    for (let i = 0; i < count; i++) if ((yield* Queue.take(queue)) !== i) misplaced++;
    time = nowNs() - started;
    yield* Fiber.join(producer);
  }).pipe(Effect.provideService(References.PreventSchedulerYield, true), Effect.runPromise);
  checkEqual("messages out of order in Effect's queue", misplaced, 0);
  return time / count;
}

/** Nanoseconds for a number that goes to another fiber over one queue and comes back over another. Effect has no queue without a buffer. */
export async function pingPong(count: number): Promise<number> {
  let misplaced = 0;
  let time = 0;
  await Effect.gen(function* () {
    const there = yield* Queue.bounded<number>(1);
    const back = yield* Queue.bounded<number>(1);
    const answer = Effect.gen(function* () {
      for (let i = 0; i < count; i++) yield* Queue.offer(back, yield* Queue.take(there));
    });
    const answering = yield* Effect.forkChild(answer);
    const started = nowNs();
    for (let i = 0; i < count; i++) {
      yield* Queue.offer(there, i);
      if ((yield* Queue.take(back)) !== i) misplaced++;
    }
    time = nowNs() - started;
    yield* Fiber.join(answering);
  }).pipe(Effect.provideService(References.PreventSchedulerYield, true), Effect.runPromise);
  checkEqual("numbers that did not come back over Effect's queues", misplaced, 0);
  return time / count;
}

/** Nanoseconds per permit of a semaphore of one that is taken and released, by a fiber that nobody disturbs. */
export async function locking(count: number): Promise<number> {
  let held = 0;
  let time = 0;
  await Effect.gen(function* () {
    const semaphore = yield* Semaphore.make(1);
    const hold = Effect.sync(() => held++);
    const started = nowNs();
    for (let i = 0; i < count; i++) yield* semaphore.withPermits(1)(hold);
    time = nowNs() - started;
  }).pipe(Effect.provideService(References.PreventSchedulerYield, true), Effect.runPromise);
  checkEqual("permits held of Effect's semaphore", held, count);
  return time / count;
}

/** Nanoseconds per permit that two fibers, which both want it always, take from each other. */
export async function handingOff(count: number): Promise<number> {
  let held = 0;
  let time = 0;
  await Effect.gen(function* () {
    const semaphore = yield* Semaphore.make(1);
    // Whoever holds it lets the other one come and wait.
    const hold = Effect.flatMap(
      Effect.sync(() => held++),
      () => Effect.yieldNow,
    );
    const contend = Effect.gen(function* () {
      for (let i = 0; i < count; i++) yield* semaphore.withPermits(1)(hold);
    });
    const started = nowNs();
    const one = yield* Effect.forkChild(contend);
    const other = yield* Effect.forkChild(contend);
    yield* Fiber.join(one);
    yield* Fiber.join(other);
    time = nowNs() - started;
  }).pipe(Effect.provideService(References.PreventSchedulerYield, true), Effect.runPromise);
  checkEqual("permits held of Effect's semaphore", held, 2 * count);
  return time / count / 2;
}

/** Nanoseconds per fiber that waits and owes a finalizer, from its interruption until all have run it and ended. */
export async function interrupting(count: number): Promise<number> {
  let waited = 0;
  let cleaned = 0;
  let time = 0;
  const wait = Effect.sync(() => waited++).pipe(
    Effect.andThen(Deferred.await(Deferred.makeUnsafe<never>())),
    Effect.ensuring(Effect.sync(() => cleaned++)),
  );
  await Effect.gen(function* () {
    const fibers: Fiber.Fiber<never>[] = [];
    for (let i = 0; i < count; i++) fibers.push(yield* Effect.forkChild(wait));
    yield* Effect.yieldNow;
    checkEqual("fibers of Effect's that wait", waited, count);
    const started = nowNs();
    yield* Fiber.interruptAll(fibers);
    time = nowNs() - started;
  }).pipe(Effect.provideService(References.PreventSchedulerYield, true), Effect.runPromise);
  checkEqual("finalizers of Effect's fibers", cleaned, count);
  return time / count;
}

/** Nanoseconds per `forEach` over so many, each in a fiber of its own. */
export async function forking(size: number, count: number): Promise<number> {
  let ran = 0;
  let time = 0;
  const items = Array.from({ length: size }, (_, i) => i);
  await Effect.gen(function* () {
    const started = nowNs();
    for (let i = 0; i < count; i++)
      yield* Effect.forEach(items, () => Effect.sync(() => ran++), { concurrency: "unbounded", discard: true });
    time = nowNs() - started;
  }).pipe(Effect.provideService(References.PreventSchedulerYield, true), Effect.runPromise);
  checkEqual("fibers of Effect's that ran", ran, size * count);
  return time / count;
}

/** Nanoseconds per race of two, whose loser waits and is interrupted. */
export async function racing(count: number): Promise<number> {
  let waited = 0;
  let sum = 0;
  let time = 0;
  const loser = Effect.andThen(
    Effect.sync(() => waited++),
    Deferred.await(Deferred.makeUnsafe<never>()),
  );
  const winner = Effect.sync(() => 1);
  await Effect.gen(function* () {
    const started = nowNs();
    for (let i = 0; i < count; i++) sum += yield* Effect.race(loser, winner);
    time = nowNs() - started;
  }).pipe(Effect.provideService(References.PreventSchedulerYield, true), Effect.runPromise);
  checkEqual("races that Effect's winner has won", sum, count);
  checkEqual("losers that have waited", waited, count);
  return time / count;
}
