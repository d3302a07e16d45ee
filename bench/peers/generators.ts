/** Peer: JavaScript's generators, resumed in turn by a loop. */
import { checkEqual, TurnOrder } from "../check.ts";
import { nowNs } from "../clock.ts";

let yields = 0;

/** Two live numbers, like the guest's fibers. */
function* spin(left: number): Generator<void, void, void> {
  let made = 0;
  while (left-- > 0) {
    made++;
    yield;
  }
  yields += made;
}

/** Nanoseconds per switch of `count` generators that make `rounds` yields each while the clock runs. */
export function switching(count: number, rounds: number): number {
  yields = 0;
  const generators = Array.from({ length: count }, () => spin(rounds + 1));
  for (const generator of generators) generator.next();
  const begin = nowNs();
  if (count === 2) alternate(generators as [Generator, Generator], rounds);
  else inTurn(generators, rounds);
  const end = nowNs();
  for (const generator of generators) generator.next();
  checkEqual("yields of generators", yields, count * (rounds + 1));
  return (end - begin) / count / rounds;
}

function alternate([a, b]: [Generator, Generator], rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    a.next();
    b.next();
  }
}

function inTurn(generators: Generator[], rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    for (let i = 0; i < generators.length; i++) (generators[i] as Generator).next();
  }
}

function* takeTickets(order: TurnOrder, index: number): Generator<void, void, void> {
  for (let round = 0; round < TurnOrder.rounds; round++) {
    order.note(index, round);
    yield;
  }
}

/** Proves the interleaving of `count` generators. */
export function checkTurns(count: number): void {
  const order = new TurnOrder("generators", count);
  inTurn(
    Array.from({ length: count }, (_, index) => takeTickets(order, index)),
    TurnOrder.rounds,
  );
  order.verify();
}

/** A chain of `level` generators, each delegating to the next by yield*. */
function* descend(level: number, left: number): Generator<void, void, void> {
  if (level > 1) yield* descend(level - 1, left);
  else yield* spinOnce(left);
}

function* spinOnce(left: number): Generator<void, void, void> {
  for (; left > 0; left--) {
    yields++;
    yield;
  }
}

/** Nanoseconds per switch of two chains of `depth` generators. */
export function deep(depth: number, rounds: number): number {
  yields = 0;
  const pair: [Generator, Generator] = [chain(depth, rounds + 1), chain(depth, rounds + 1)];
  for (const generator of pair) generator.next();
  const begin = nowNs();
  alternate(pair, rounds);
  const end = nowNs();
  for (const generator of pair) generator.next();
  checkEqual("yields of chained generators", yields, 2 * (rounds + 1));
  return (end - begin) / 2 / rounds;
}

/** `depth` generators down to the yield, the innermost included. */
function chain(depth: number, left: number): Generator<void, void, void> {
  return depth > 1 ? descend(depth - 1, left) : spinOnce(left);
}
