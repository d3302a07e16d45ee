// Three philosophers, three forks between them; who eats needs the two beside the plate.
//
// Wrong: each takes the left fork, then the right one. When all hold their left one, all wait for ever. They seldom do: here each sits
// down when the one before has begun to eat. Fixed: all take the fork of the lower number first, so that no circle can close.
import { go, Mutex, WaitGroup, yieldNow } from "as-fibers/assembly";

const COUNT = 3;

class Table {
  forks: Mutex[] = [];
  done: WaitGroup = new WaitGroup();

  constructor() {
    for (let i = 0; i < COUNT; i++) this.forks.push(new Mutex());
    this.done.add(COUNT);
  }
}

class Philosopher {
  constructor(
    public table: Table,
    public number: i32,
  ) {}
}

function eat(one: Mutex, other: Mutex): void {
  one.lock();
  yieldNow();
  other.lock();
  other.unlock();
  one.unlock();
}

function sitDown(me: Philosopher): void {
  for (let i = 0; i < me.number; i++) yieldNow();
}

function dineLeftFirst(me: Philosopher): void {
  sitDown(me);
  const forks = me.table.forks;
  eat(forks[me.number], forks[(me.number + 1) % COUNT]);
  me.table.done.done();
}

function dineInOrder(me: Philosopher): void {
  sitDown(me);
  const forks = me.table.forks;
  const left = me.number;
  const right = (me.number + 1) % COUNT;
  eat(forks[min(left, right)], forks[max(left, right)]);
  me.table.done.done();
}

export function wrong(): void {
  const table = new Table();
  for (let i = 0; i < COUNT; i++) go(dineLeftFirst, new Philosopher(table, i), `philosopher ${i}`);
  table.done.wait();
}

export function fixed(): void {
  const table = new Table();
  for (let i = 0; i < COUNT; i++) go(dineInOrder, new Philosopher(table, i), `philosopher ${i}`);
  table.done.wait();
}

export function main(wrongly: bool = false): void {
  const version = wrongly ? wrong : fixed;
  version();
}
