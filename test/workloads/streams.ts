/**
 * Many streams at once through one program, of all kinds, with consumers that stop early, sources that reject, fibers that fail, and calls
 * that are aborted: what arrives is a beginning of what should, in order; it ends as it must, and nothing is left. Garbage is collected in
 * the smallest steps.
 */
import assert from "node:assert/strict";
import { setImmediate as turn } from "node:timers/promises";
import path from "node:path";
import { ReadableStream } from "node:stream/web";
import { type App, type StreamInput, type StreamOutput, virtualDriver } from "as-fibers";
import * as fc from "fast-check";
import { buildHere, type BuiltModule } from "../bindings/built.ts";
import { root } from "../setup/command.ts";
import { smallSteps } from "../setup/guests.ts";
import type { Workload } from "./workload.ts";

interface Scene {
  name: "same" | "transform";
  kind: "generator" | "iterator" | "web";
  /** What is sent; with "bad" in it, the fiber fails that transforms it. */
  words: string[];
  /** The source rejects before this one. */
  tornAt: number;
  /** How many are asked for at a time, and when that stops. */
  ahead: number;
  stopAt: number;
  /** How it is stopped. */
  stop: "return" | "abort" | "end";
}

const scene: fc.Arbitrary<Scene> = fc.record({
  name: fc.constantFrom("same", "transform"),
  kind: fc.constantFrom("generator", "iterator", "web"),
  words: fc.array(fc.oneof({ weight: 15, arbitrary: fc.string({ maxLength: 3 }) }, fc.constant("bad")), {
    maxLength: 12,
  }),
  tornAt: fc.oneof(fc.constant(Infinity), fc.nat({ max: 12 })),
  ahead: fc.integer({ min: 1, max: 3 }),
  stopAt: fc.nat({ max: 14 }),
  stop: fc.constantFrom("return", "abort", "end"),
});

/** What is given, and what became of it. */
class Source {
  /** How often it was left. */
  left = 0;
  /** It has ended by itself. */
  isOver = false;
  readonly values: StreamInput<string>;
  readonly #words: string[];
  #next = 0;
  readonly #tornAt: number;

  constructor({ kind, words, tornAt }: Scene) {
    this.#words = words;
    this.#tornAt = tornAt;
    const next = () => this.#take();
    const leave = () => void this.left++;
    if (kind === "web") {
      const pull = (controller: { enqueue(value: string): void; close(): void }) => {
        const { done, value } = next();
        if (done) controller.close();
        else controller.enqueue(value);
      };
      this.values = new ReadableStream<string>({ pull, cancel: leave }, { highWaterMark: 0 });
    } else if (kind === "generator") this.values = this.#generate();
    else {
      const end = async () => (leave(), await turn(), { done: true as const, value: undefined });
      this.values = { [Symbol.asyncIterator]: () => ({ next: async () => next(), return: end }) };
    }
  }

  get wasAsked(): boolean {
    return this.#next > 0;
  }

  #take(): IteratorResult<string, undefined> {
    const at = this.#next++;
    const value = this.#words[at];
    this.isOver = at === this.#tornAt || value === undefined;
    if (at === this.#tornAt) throw Object.assign(new Error("torn"), { code: "E_TORN" });
    return value === undefined ? { done: true, value } : { done: false, value };
  }

  *#generate(): Generator<string> {
    try {
      for (let one = this.#take(); !one.done; one = this.#take()) yield one.value;
    } finally {
      if (!this.isOver) this.left++;
    }
  }
}

/** What comes out, and how it may end when nobody stops it. */
function expected({ name, words, tornAt }: Scene): { values: string[]; code: string } {
  const badAt = name === "transform" ? words.indexOf("bad") : -1;
  const end = Math.min(words.length, tornAt, badAt < 0 ? Infinity : badAt);
  const values = words.slice(0, end).map((word) => (name === "same" ? word : `<${word.toUpperCase()}>`));
  if (end === badAt && end < tornAt) return { values, code: "E_BAD" };
  return { values, code: tornAt <= words.length ? "E_TORN" : "end" };
}

async function play(app: App<Streams>, one: Scene): Promise<void> {
  const source = new Source(one);
  const controller = new AbortController();
  const stream = app.exports[one.name](source.values, { signal: controller.signal });
  const wanted = expected(one);
  const taken: string[] = [];
  const ends: string[] = [];
  while (!ends.length && (one.stop === "end" || taken.length < one.stopAt)) {
    for (const answer of await Promise.allSettled(Array.from({ length: one.ahead }, () => stream.next()))) {
      if (answer.status === "rejected") ends.push((answer.reason as { code: string }).code);
      else if (answer.value.done) ends.push("end");
      else taken.push(answer.value.value);
    }
  }
  if (one.stop === "abort") {
    controller.abort();
    const last = await stream.next().catch((error: { code: string }) => error.code);
    assert(last === "E_CANCELLED" || ends.length, `it was aborted, and answers ${JSON.stringify(last)}`);
  }
  assert.deepEqual(await stream.return(), { done: true, value: undefined });
  assert.deepEqual(taken, wanted.values.slice(0, taken.length));
  assert.deepEqual(ends.slice(1), ends.slice(1).fill("end"));
  if (ends.length) assert.equal(ends[0], wanted.code);
  if (ends[0] === "end" || (one.name === "same" && ends.length)) assert.deepEqual(taken, wanted.values);
  assert(source.left <= 1, "it was left once");
  // One that was never asked holds nothing, but a web stream.
  if (source.wasAsked || one.kind === "web") assert(source.left || source.isOver, "it was left");
}

type Stage = (values: StreamInput<string>, options: { signal: AbortSignal }) => StreamOutput<string>;
type Streams = Record<"same" | "transform", Stage>;

/** Where the program is, without ending. */
export const streamsBase = path.join(root, ".cache/bindings/streams");

let built: Promise<BuiltModule> | undefined;

/** The program, built once. */
export function openStreams(): Promise<BuiltModule> {
  const program = () => buildHere("test/guests/bindings/streams.ts", streamsBase, { flags: smallSteps });
  return (built ??= program().then(({ open }) => open()));
}

export const streams: Workload = {
  name: "streams: any values, any consumer",
  unit: "scenes",
  suite: 25,
  soak: 20_000,
  async run(count, seed) {
    const module = await openStreams();
    const unseen: Error[] = [];
    const imports = { streams: {}, "streams-inner": {} } as Record<string, Record<string, unknown>>;
    for (const name of ["note", "write", "read", "swap"]) {
      for (const given of Object.values(imports)) given[name] = () => undefined;
    }
    const driver = virtualDriver();
    const options = { imports: imports as never, driver, onUnobserved: (error: Error) => void unseen.push(error) };
    const app = (await module.instantiate(options)) as unknown as App<Streams>;
    const batch = async (scenes: Scene[]) => {
      await Promise.all(scenes.map((one) => play(app, one)));
      assert.deepEqual([app.fibers(), app.pendingCalls, unseen], [[], 0, []]);
    };
    const first: Scene = { name: "transform", kind: "web", words: ["a"], tornAt: 9, ahead: 1, stopAt: 9, stop: "end" };
    await batch([first, first, first, first]);
    app.collect();
    const before = app.liveBytes;
    await fc.assert(fc.asyncProperty(fc.array(scene, { minLength: 1, maxLength: 4 }), batch), { numRuns: count, seed });
    app.collect();
    assert.equal(app.liveBytes, before);
    await app.close();
  },
};
