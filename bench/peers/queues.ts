/** Peer: a minimal channel for JavaScript's async functions, with the semantics of `Channel`: a send waits when there is no room. */
import { checkEqual } from "../check.ts";
import { nowNs } from "../clock.ts";

interface Sender<T> {
  value: T;
  resume: () => void;
}

/** First in, first out; waits only where it must, so that no promise is made for nothing. */
class AsyncQueue<T> {
  readonly #capacity: number;
  // Rings would not be faster here: these arrays stay short, and the engine moves their beginning instead of their elements.
  #values: T[] = [];
  #senders: Sender<T>[] = [];
  #receivers: ((value: T) => void)[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Undefined: it has happened. Else to be awaited. */
  send(value: T): Promise<void> | undefined {
    const receiver = this.#receivers.shift();
    if (receiver) {
      receiver(value);
      return undefined;
    }
    if (this.#values.length < this.#capacity) {
      this.#values.push(value);
      return undefined;
    }
    return new Promise((resolve) => this.#senders.push({ value, resume: resolve }));
  }

  /** The value, or what is to be awaited for it. */
  receive(): T | Promise<T> {
    const sender = this.#senders.shift();
    if (sender) {
      sender.resume();
      if (this.#capacity === 0) return sender.value;
      this.#values.push(sender.value);
    }
    const value = this.#values.shift();
    return value ?? new Promise((resolve) => this.#receivers.push(resolve));
  }
}

/** Nanoseconds per message from one async function to another, in order. */
export async function passing(capacity: number, count: number): Promise<number> {
  const queue = new AsyncQueue<number>(capacity);
  const produce = async (): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const wait = queue.send(i);
      if (wait) await wait;
    }
  };
  const producer = produce();
  let misplaced = 0;
  const begin = nowNs();
  for (let i = 0; i < count; i++) {
    const received = queue.receive();
    const value = typeof received === "number" ? received : await received;
    if (value !== i) misplaced++;
  }
  const end = nowNs();
  await producer;
  checkEqual("messages out of order in the queue of promises", misplaced, 0);
  return (end - begin) / count;
}

async function grow(parent: AsyncQueue<number>, first: number, leaves: number): Promise<void> {
  if (leaves === 1) {
    await parent.send(first);
    return;
  }
  const children = new AsyncQueue<number>(0);
  const each = leaves / 10;
  for (let i = 0; i < 10; i++) void grow(children, first + i * each, each);
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += await children.receive();
  await parent.send(sum);
}

/** Nanoseconds for a tree of async functions with so many leaves, a power of ten. */
export async function skynet(leaves: number): Promise<number> {
  const begin = nowNs();
  const root = new AsyncQueue<number>(0);
  void grow(root, 0, leaves);
  const sum = await root.receive();
  const end = nowNs();
  checkEqual("sum of the async tree", sum, (leaves * (leaves - 1)) / 2);
  return end - begin;
}

async function add(first: number, leaves: number): Promise<number> {
  if (leaves === 1) return first;
  const each = leaves / 10;
  const children: Promise<number>[] = [];
  for (let i = 0; i < 10; i++) children.push(add(first + i * each, each));
  let sum = 0;
  for (const child of children) sum += await child;
  return sum;
}

/** The same without channels: every async function returns its sum, and is awaited. */
export async function skynetByReturn(leaves: number): Promise<number> {
  const begin = nowNs();
  const sum = await add(0, leaves);
  const end = nowNs();
  checkEqual("sum of the tree of promises", sum, (leaves * (leaves - 1)) / 2);
  return end - begin;
}

/** Nanoseconds for a number that goes to another async function over one queue and comes back over another. */
export async function pingPong(count: number): Promise<number> {
  const there = new AsyncQueue<number>(0);
  const back = new AsyncQueue<number>(0);
  const answer = async (): Promise<void> => {
    for (let i = 0; i < count; i++) await back.send(await there.receive());
  };
  const answering = answer();
  let misplaced = 0;
  const begin = nowNs();
  for (let i = 0; i < count; i++) {
    await there.send(i);
    if ((await back.receive()) !== i) misplaced++;
  }
  const end = nowNs();
  await answering;
  checkEqual("numbers that did not come back over queues of promises", misplaced, 0);
  return (end - begin) / count;
}
