/**
 * poll_oneoff of as-fibers/wasi on random memory, called through WebAssembly: random lists, and random images of all that the call reads,
 * with addresses anywhere. The host is real: its clocks, a pipe, files, a listener and connections. What is in memory after the call must be,
 * to the byte, what a model says; and the call must not last longer than the list asks.
 */
import assert from "node:assert/strict";
import { Random } from "../setup/random.ts";
import { type Call, longestWait, momentNow, predict, rightAnswers, writeAnswer } from "../wasi/poll-oneoff-image.ts";
import { PollScene } from "../wasi/poll-oneoff-scene.ts";
import { combinations } from "../wasi/raw.ts";
import type { Workload } from "./workload.ts";

/** One call waits no longer than that for the first event of its list. */
const LONGEST_WAIT_NS = 200_000n;
/** What a call may be late by: this thread may not get the processor for a while. */
const SLACK_NS = 5_000_000_000n;

const LARGEST = 2n ** 64n - 1n;
/** Two whole pages. */
const SIZE = 131_072;

/** How wild the calls are. */
interface Kind {
  /** The lists stand at any address, over the end and over each other. */
  isAnywhere: boolean;
  /** How many of 1000 fields hold whatever the memory holds. */
  wild: number;
}

const LISTS: Kind = { isAnywhere: false, wild: 1 };
const IMAGES: Kind = { isAnywhere: true, wild: 30 };

/** Makes random calls, one after the other, in the same memory. */
class Fuzz {
  readonly #random: Random;
  readonly #memory: Buffer;
  readonly #view: DataView;
  /** The memory as it should be. */
  readonly #mirror = Buffer.alloc(SIZE);
  readonly #mirrorView = new DataView(this.#mirror.buffer, this.#mirror.byteOffset, SIZE);

  constructor(
    readonly scene: PollScene,
    readonly kind: Kind,
    seed: number,
  ) {
    this.#random = new Random(seed);
    this.#memory = Buffer.from(scene.raw.memory.buffer);
    this.#view = scene.raw.view;
    assert.equal(this.#memory.length, SIZE);
    this.#random.fill(this.#memory);
  }

  step(): void {
    const call = this.kind.isAnywhere ? this.#callAnywhere() : this.#callApart();
    this.#fillList(call);
    let expected = predict(this.#view, call, this.scene.behind);
    if (typeof expected !== "number") {
      const wait = longestWait(expected, momentNow());
      if (wait === null || wait > LONGEST_WAIT_NS) {
        this.#writeClock(call.pointer + 48 * this.#random.below(call.count), this.#random.below(100_000));
        expected = predict(this.#view, call, this.scene.behind);
      }
    }
    this.#memory.copy(this.#mirror);
    const before = momentNow();
    const errno = this.scene.raw.call("poll_oneoff", call.pointer, call.events, call.count, call.countPointer);
    const after = momentNow();
    if (typeof expected === "number") {
      assert.equal(errno, expected);
      assert.ok(this.#isAsExpected(), "the memory is not as it was");
      return;
    }
    assert.equal(errno, 0);
    const late = after.monotonic - before.monotonic - (longestWait(expected, before) ?? 0n);
    assert.ok(late < SLACK_NS, `it lasted ${late} ns too long`);
    const written = this.#view.getUint32(call.countPointer, true);
    assert.ok(written > 0, "it has ended without an event");
    for (const answer of rightAnswers(expected, written, before, after)) {
      writeAnswer(this.#mirrorView, call, answer);
      if (this.#isAsExpected()) return;
    }
    assert.fail(`no right answer has these ${written} events: ${describe(expected)}`);
  }

  #isAsExpected(): boolean {
    return this.#memory.equals(this.#mirror);
  }

  #callApart(): Call {
    return { pointer: 1024, events: 16_384, count: 1 + this.#random.below(12), countPointer: 512 };
  }

  #callAnywhere(): Call {
    const random = this.#random;
    const count = random.one(20)
      ? random.pick([2 ** 32 - 1, 2 ** 31, 89_478_486, 2731, 2730, random.word()])
      : random.below(random.one(10) ? 41 : 9);
    const pointer = this.#address(count * 48);
    const events = random.one(4) ? near(pointer, random.below(count * 48 + 128)) : this.#address(count * 32);
    const countPointer = random.one(4)
      ? near(random.pick([pointer, events]), random.below(count * 48 + 128))
      : this.#address(4);
    return { pointer, events, count, countPointer };
  }

  /** Mostly one at which so many bytes fit. */
  #address(length: number): number {
    const random = this.#random;
    const last = SIZE - length;
    if (random.one(10)) return last >>> 0;
    if (random.one(20)) return (last + 1 + random.below(length)) >>> 0;
    if (random.one(30)) return random.pick([2 ** 32 - 1, (2 ** 32 - length) >>> 0, SIZE, 0, random.word()]);
    return last > 0 ? random.below(last) : 0;
  }

  /** Random bytes in and around the list; then in most fields something that makes sense. */
  #fillList({ pointer, count }: Call): void {
    const from = Math.min(Math.max(pointer - 64, 0), SIZE);
    const to = Math.min(pointer + Math.min(count, 40) * 48 + 64, SIZE);
    this.#random.fill(this.#memory.subarray(from, to));
    for (let i = 0; i < Math.min(count, 40); i++) {
      const at = pointer + i * 48;
      if (at + 48 <= SIZE) this.#fillSubscription(at);
    }
  }

  #fillSubscription(at: number): void {
    const random = this.#random;
    const view = this.#view;
    const isTame = () => random.below(1000) >= this.kind.wild;
    const tag = random.below(3);
    if (isTame()) view.setUint8(at + 8, tag);
    if (tag === 0) {
      const id = random.one(10) ? 2 + random.below(2) : random.below(2);
      const flags = random.below(2);
      if (isTame()) view.setUint32(at + 16, id, true);
      if (isTame()) view.setUint16(at + 40, flags, true);
      if (isTame()) view.setBigUint64(at + 24, flags ? this.#absolute(id) : this.#relative(), true);
    } else if (isTame()) {
      view.setUint32(at + 16, random.below(this.scene.behind.size + 2), true);
    }
  }

  #relative(): bigint {
    const random = this.#random;
    if (random.one(8)) return random.pick([0n, 1n, LARGEST, LARGEST - 1n, 2n ** 63n]);
    return BigInt(random.one(2) ? random.below(100_000) : random.word() * 1000);
  }

  /** Beside now by the monotonic clock; clear of it by the wall clock, which is not known that well here. */
  #absolute(id: number): bigint {
    const random = this.#random;
    if (random.one(8)) return random.pick([0n, 1n, LARGEST, 2n ** 63n]);
    if (id !== 0) return process.hrtime.bigint() + BigInt(random.below(200_000) - 100_000);
    const wall = BigInt(Date.now()) * 1_000_000n;
    return random.one(2) ? wall - 10_000_000n - BigInt(random.word()) : wall + 1_000_000_000n + BigInt(random.word());
  }

  #writeClock(at: number, ns: number): void {
    const view = this.#view;
    view.setUint8(at + 8, 0);
    view.setUint32(at + 16, 1, true);
    view.setBigUint64(at + 24, BigInt(ns), true);
    view.setUint16(at + 40, 0, true);
  }
}

/** Somewhere in what stands at this address, or just outside. */
const near = (address: number, offset: number): number => (address + offset - 64) >>> 0;

function describe(list: object[]): string {
  return JSON.stringify(list, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}

async function fuzz(where: (typeof combinations)[number], kind: Kind, count: number, seed: number): Promise<void> {
  const scene = await PollScene.open(where);
  try {
    const calls = new Fuzz(scene, kind, seed);
    for (let i = 1; i <= count; i++) {
      try {
        calls.step();
      } catch (error) {
        throw new Error(`call ${i} with seed ${seed}, ${where.base}, ${where.waiting}`, { cause: error });
      }
    }
  } finally {
    scene.close();
  }
}

/** A quarter on each host in the suite; in a soak a million on the quickest, and 100,000 on each of the others. */
function workloads(what: string, kind: Kind): [Workload, Workload] {
  const [quickest, ...others] = combinations.toSorted((a, b) => Number(isQuickest(b)) - Number(isQuickest(a)));
  return [
    {
      name: `poll_oneoff: ${what}, by poll(2)`,
      unit: what,
      suite: 2_500,
      soak: 1_000_000,
      run: (count, seed) => fuzz(quickest as (typeof combinations)[number], kind, count, seed),
    },
    {
      name: `poll_oneoff: ${what}, on the other hosts`,
      unit: what,
      suite: 7_500,
      soak: 300_000,
      async run(count, seed) {
        for (const where of others) await fuzz(where, kind, Math.ceil(count / others.length), seed);
      },
    },
  ];
}

const isQuickest = ({ base, waiting }: (typeof combinations)[number]) => base === "node:wasi" && waiting === "poll";

export const [lists, listsElsewhere] = workloads("lists", LISTS);
export const [images, imagesElsewhere] = workloads("memory images", IMAGES);
