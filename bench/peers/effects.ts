/** Peer: the fibers of Effect, in JavaScript. */
import { Effect, Fiber, Queue, References } from "effect";
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
