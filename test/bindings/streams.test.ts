/** Streams: channels of the program as async iterators, and iterables of JavaScript as channels. */
import { readFileSync, writeFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ReadableStream } from "node:stream/web";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type App, FiberError, selectorDriver, type StreamInput, type StreamOutput, virtualDriver } from "as-fibers";
import { compile } from "as-fibers/compiler";
import * as fc from "fast-check";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isHere } from "../setup/real-drivers.ts";
import { root } from "../setup/command.ts";
import { openStreams, streams as anyStreams, streamsBase } from "../workloads/streams.ts";
import { runInSuite } from "../workloads/workload.ts";
import type { BuiltModule } from "./built.ts";

type Stream = StreamOutput<unknown>;
type Exports = Record<string, (...values: unknown[]) => Promise<unknown> & Stream>;

let built: BuiltModule;
beforeAll(async () => {
  built = await openStreams();
});

let app: App<Exports>;
let exported: Exports;
let noted: string[];
let unseen: string[];
let imports: Record<string, (...values: never[]) => unknown>;

beforeEach(async () => {
  noted = [];
  unseen = [];
  imports = { write: unused, read: unused, readOrError: unused };
  const given = Object.fromEntries(
    ["write", "read"].map((name) => [name, (...values: never[]) => imports[name]?.(...values)]),
  );
  app = (await built.instantiate({
    imports: {
      streams: { ...given, note: (text: string) => noted.push(text) } as never,
      "streams-inner": { swap: (...values: never[]) => imports["swap"]?.(...values) },
    },
    driver: virtualDriver(),
    onUnobserved: (error) => unseen.push(error.message),
  })) as unknown as App<Exports>;
  exported = app.exports;
});

/** Nothing is left, whatever the test has done. */
afterEach(async () => {
  expect(app.fibers()).toEqual([]);
  expect(app.pendingCalls).toBe(0);
  expect(unseen).toEqual([]);
  await app.close();
});

const unused = () => undefined;
const call = (name: string, ...values: unknown[]) => exported[name]?.(...values) as Promise<unknown> & Stream;
const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    (value) => expect.unreachable(`got ${String(value)}`),
    (error: unknown) => error as FiberError,
  );
const rest = async (stream: Stream) => {
  const values: unknown[] = [];
  for await (const value of stream) values.push(value);
  return values;
};

/** An asynchronous iterable that tells what was asked of it. */
class Values<T> implements AsyncIterator<T> {
  readonly log: string[] = [];
  readonly #values: T[];
  /** What is in place of an end. */
  readonly #end: () => Promise<IteratorResult<T>>;

  constructor(values: T[], end: () => Promise<IteratorResult<T>> = async () => ({ done: true, value: undefined })) {
    this.#values = [...values];
    this.#end = end;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T>> {
    this.log.push("next");
    const value = this.#values.shift();
    return value === undefined ? this.#end() : Promise.resolve({ done: false, value });
  }

  async return(): Promise<IteratorResult<T>> {
    this.log.push("return");
    await turn();
    this.log.push("returned");
    return { done: true, value: undefined };
  }
}

/** Until all that can go on has gone on. */
const settled = async () => {
  for (let i = 0; i < 5; i++) await turn();
};

const never = () => new Promise<never>(() => {});

describe("a parameter", () => {
  const kinds: [string, () => StreamInput<unknown>][] = [
    ["an array", () => ["a", "b", "c"]],
    ["a generator", () => ["a", "b", "c"].values()],
    ["an asynchronous iterator", () => new Values(["a", "b", "c"])],
    ["a stream of Node", () => Readable.from(["a", "b", "c"])],
    ["a web stream", () => ReadableStream.from(["a", "b", "c"])],
  ];
  test.each(kinds)("takes %s", async (_name, make) => {
    expect(await call("collect", make())).toBe("a,b,c,");
  });

  test("is asked for a value when there is room for it, and not left when it has ended", async () => {
    const values = new Values(["a", "b"]);
    expect(await call("collect", values)).toBe("a,b,");
    expect(values.log).toEqual(["next", "next", "next"]);
  });

  test("that is not read to its end is left before the call ends", async () => {
    const values = new Values(["a", "b", "c"]);
    expect(await call("first", values)).toBe("a");
    expect(values.log.slice(-2)).toEqual(["return", "returned"]);
    // One is read ahead.
    expect(values.log.filter((what) => what === "next").length).toBeLessThanOrEqual(2);
  });

  test("that nobody reads, too, and one whose call never began", async () => {
    const values = new Values(["a"]);
    expect(await call("unread", values)).toBe("nothing");
    expect(values.log.slice(-1)).toEqual(["returned"]);
    const late = new Values(["a"]);
    const signal = AbortSignal.abort(new Error("too late"));
    expect(await failureOf(call("collect", late, { signal }))).toMatchObject({ code: "E_CANCELLED" });
    expect(late.log).toEqual([]);
    const controller = new AbortController();
    const stream = Readable.from(["a"]);
    const pending = failureOf(call("collect", stream, { signal: controller.signal }));
    controller.abort();
    expect(await pending).toMatchObject({ code: "E_CANCELLED" });
    expect(stream.destroyed).toBe(true);
  });

  test("that the program closes is left while the call goes on", async () => {
    const values = new Values(["a", "b"]);
    const done = call("firstAndMore", values).then((value) => noted.push(String(value)));
    await done;
    expect(values.log.slice(-2)).toEqual(["return", "returned"]);
    expect(noted).toEqual(["goes on", "a"]);
  });

  test("whose return() rejects: that is reported, and the call ends", async () => {
    const values = new Values(["a", "b"]);
    values.return = () => Promise.reject(new Error("it cannot let go"));
    expect(await call("first", values)).toBe("a");
    expect(unseen.splice(0)).toEqual(["first: its argument values rejected: Error: it cannot let go"]);
  });

  test("that does not answer is left without waiting for it", async () => {
    const values = new Values<string>([], never);
    expect(await call("closing", values)).toBeUndefined();
    expect(noted).toEqual(["closed"]);
    expect(values.log.slice(0, 2)).toEqual(["next", "return"]);
    const node = new Readable({ read() {} });
    await call("closing", node);
    expect(node.destroyed).toBe(true);
    let reason: unknown = "not cancelled";
    const web = new ReadableStream({ cancel: (why) => void (reason = why) });
    await call("closing", web);
    expect([reason, web.locked]).toEqual([undefined, false]);
  });

  test("may be null or left out", async () => {
    expect(await call("either", null)).toBe(0);
    expect(await call("either", [1, 2])).toBe(3);
    expect(await call("either", null, [1, 2])).toBe(300);
    expect(await call("either", [1], undefined)).toBe(1);
  });

  const wrong: [string, unknown][] = [
    ["a text", "abc"],
    ["a number", 5],
    ["an object", {}],
    ["null", null],
  ];
  test.each(wrong)("%s is none: E_INVALID_ARGUMENT", async (_name, value) => {
    const error = await failureOf(call("collect", value));
    expect(error).toMatchObject({
      code: "E_INVALID_ARGUMENT",
      message: expect.stringContaining("collect: the argument values is of type Channel<string>, and got") as string,
    });
    // Where a stream is returned, the first `next()` says so.
    expect(await failureOf(call("same", value).next())).toMatchObject({ code: "E_INVALID_ARGUMENT" });
  });

  test("with a value of another type: E_INVALID_ARGUMENT after those before, and it is left", async () => {
    const values = new Values<unknown>(["a", 5, "c"]);
    const error = await failureOf(call("collect", values));
    expect(error).toBeInstanceOf(FiberError);
    expect(error).toMatchObject({
      code: "E_INVALID_ARGUMENT",
      message: "collect: its argument values: a value of it is of type string, and got number 5",
    });
    expect(values.log).toContain("return");
    const stream = call("points", [
      { x: 1, tags: [] },
      { x: 1, tags: [2] },
    ]);
    expect(await stream.next()).toEqual({ done: false, value: { x: 1, tags: [] } });
    const inner = await failureOf(stream.next());
    expect(inner.message).toBe(
      "points: its argument values: a value of it.tags[0] is of type string, and got number 2",
    );
  });

  const ways = ["receive", "next", "tryNext", "select", "poll"];
  test.each(ways)("that rejects fails whoever receives, by %s", async (way) => {
    const cause = new RangeError("torn");
    const values = new Values<string>([], () => Promise.reject(cause));
    const error = await failureOf(call("waiting", values, way));
    expect(error).toBeInstanceOf(FiberError);
    expect(error).toMatchObject({
      code: "E_STREAM_FAILED",
      message: "waiting: its argument values rejected: RangeError: torn",
      location: { file: "streams.ts" },
    });
    expect(error.cause).toBe(cause);
    expect(values.log).toEqual(["next"]);
  });

  test("that rejects with a code fails with it, after the values before", async () => {
    const cause = Object.assign(new Error("gone"), { code: "ENOENT" });
    const stream = call("transform", new Values(["a"], () => Promise.reject(cause)));
    expect(await stream.next()).toEqual({ done: false, value: "<A>" });
    const error = await failureOf(stream.next());
    expect(error).toMatchObject({ code: "ENOENT", location: { file: "streams.ts" }, cause });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe("a result", () => {
  test("is there at once, and is asked for one value at a time", async () => {
    const stream = call("numbers", 1, 4);
    expect(await stream.next()).toEqual({ done: false, value: 1 });
    await turn();
    await turn();
    expect(noted).toEqual(["sends 1", "sends 2"]);
    expect(await rest(stream)).toEqual([2, 3]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(noted).toEqual(["sends 1", "sends 2", "sends 3", "1 has ended"]);
  });

  test("nothing is sent before the first is asked for", async () => {
    const stream = call("numbers", 1, 4);
    await turn();
    await turn();
    expect(noted).toEqual(["sends 1"]);
    await stream.return();
    expect(noted).toEqual(["sends 1", "1 has ended"]);
  });

  test("answers in the order in which it was asked", async () => {
    const stream = call("numbers", 0, 3);
    const answers = await Promise.all(Array.from({ length: 5 }, () => stream.next()));
    expect(answers.map(({ done, value }) => (done ? "end" : value))).toEqual([0, 1, 2, "end", "end"]);
  });

  test("may be awaited; defaults and options stand where they always do", async () => {
    const stream = (await call("numbers", 3)) as Stream;
    expect(await rest(stream)).toEqual([3, 4]);
    const controller = new AbortController();
    const cancelled = call("numbers", 3, { signal: controller.signal });
    await cancelled.next();
    const reason = new Error("enough");
    const pending = failureOf(call("silent", { signal: controller.signal }).next());
    controller.abort(reason);
    expect(await failureOf(cancelled.next())).toMatchObject({ code: "E_CANCELLED", message: "enough", cause: reason });
    expect(await pending).toMatchObject({ code: "E_CANCELLED", cause: reason });
  });

  test("null is an empty one; a buffer is emptied first", async () => {
    expect(await rest(call("nothing"))).toEqual([]);
    expect(await rest(call("buffered", 3))).toEqual([0, 1, 2]);
  });

  test("break ends its senders, with their cleanups, before the loop is left", async () => {
    for await (const value of call("numbers", 1, 100)) if (value === 2) break;
    expect(noted.at(-1)).toBe("1 has ended");
    expect(app.fibers()).toEqual([]);
  });

  test("return() while a value is waited for", async () => {
    const stream = call("silent");
    const pending = stream.next();
    await turn();
    const left = stream.return();
    const late = stream.next();
    expect(await left).toEqual({ done: true, value: undefined });
    const end = { done: true, value: undefined };
    expect([await pending, await late]).toEqual([end, end]);
    expect(noted).toEqual(["silent has ended"]);
    expect(await stream.return()).toEqual({ done: true, value: undefined });
  });

  test("return() in the moment in which a value comes: its fibers are cancelled, and not told that it is closed", async () => {
    let come: (result: IteratorResult<string>) => void = () => {};
    const values = new Values(["a"], () => new Promise((resolve) => (come = resolve)));
    const stream = call("shouted", values);
    expect(await stream.next()).toEqual({ done: false, value: "A" });
    await settled();
    come({ done: false, value: "b" });
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    expect(values.log).toContain("returned");
  });

  test("await using", async () => {
    const stream = call("silent");
    await stream[Symbol.asyncDispose]();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test("that JavaScript has lost is left once it is collected", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const lose = async () => void (await call("numbers", 0, 100).next());
    await lose();
    expect(app.fibers().length).toBe(2);
    for (let i = 0; i < 50 && app.fibers().length; i++) {
      collectGarbage();
      await settled();
    }
    expect(noted.at(-1)).toBe("0 has ended");
  });

  test("to whose channel others send: they are told when it is closed", async () => {
    const stream = call("subscribe");
    const values = [call("publish", 1), call("publish", 2)];
    expect([await stream.next(), await stream.next()].map(({ value }) => value)).toEqual([1, 2]);
    await Promise.all(values);
    await stream.return();
    expect(await failureOf(call("publish", 3))).toMatchObject({ code: "E_CLOSED" });
  });

  test("close() of the instance, and terminate()", async () => {
    const streams = [call("silent"), call("silent")];
    const pending = streams.map((stream) => failureOf(stream.next()));
    const values = new Values<string>([], never);
    const collecting = failureOf(call("collect", values));
    await turn();
    await app.close();
    for (const error of await Promise.all([...pending, collecting])) {
      expect(error).toMatchObject({ code: "E_INSTANCE_CLOSED" });
    }
    expect(values.log).toContain("return");
    expect(await failureOf(call("silent").next())).toMatchObject({ code: "E_INSTANCE_CLOSED" });
  });

  test("nothing can wake its senders: E_DEADLOCK, when somebody waits for a value", async () => {
    const quiet = call("silent");
    const waiting = call("silent");
    let outcome: unknown = "waits";
    void failureOf(waiting.next()).then((error) => (outcome = error));
    await settled();
    // JavaScript may ask the other one for a value yet.
    app.assertIdle();
    await settled();
    expect(outcome).toBe("waits");
    await quiet.return();
    app.assertIdle();
    await settled();
    expect(outcome).toMatchObject({ code: "E_DEADLOCK", message: expect.stringContaining("silent") as string });
    app.cancelAll();
    await settled();
  });

  test.skipIf(!isHere("epoll"))("runSync refuses, on epoll", async () => {
    const streams = { note: unused, write: unused, read: unused };
    const given = { streams, "streams-inner": { swap: unused } } as never;
    const blocking = await built.instantiate({ imports: given, driver: await selectorDriver({ backEnd: "epoll" }) });
    const refused = expect.objectContaining({ code: "E_UNSUPPORTED_TYPE" }) as Error;
    expect(() => blocking.runSync("silent")).toThrow(refused);
    expect(blocking.runSync("either", null)).toBe(0);
    await blocking.close();
  });
});

describe("a fiber that the call has started", () => {
  test("fails: the values before arrive, then its failure, and the others are cancelled", async () => {
    const stream = call("failingLate");
    expect([await stream.next(), await stream.next()].map(({ value }) => value)).toEqual([1, 2]);
    const error = await failureOf(stream.next());
    expect(error).toMatchObject({ code: "E_LATE", message: "it cannot go on", fiber: "worker" });
    expect(error.location).toMatchObject({ file: "streams.ts" });
    expect(noted).toEqual(["the other has ended"]);
  });

  test("fails before the function has returned", async () => {
    expect(await failureOf(call("failingEarly").next())).toMatchObject({ code: "E_EARLY" });
  });

  test("fails, and somebody looks at that: the stream goes on", async () => {
    expect(await rest(call("failingSeen"))).toEqual([1]);
  });

  test("and one that this one has started", async () => {
    const values = new Values(["a", "bad", "c"]);
    const stream = call("transform", values);
    expect(await stream.next()).toEqual({ done: false, value: "<A>" });
    expect(await failureOf(stream.next())).toMatchObject({ code: "E_BAD", message: "a bad word" });
    expect(values.log.slice(-2)).toEqual(["return", "returned"]);
  });
});

describe("values of all types", () => {
  const point = fc.record({ x: fc.double(), tags: fc.array(fc.string()) });
  const cases: [string, fc.Arbitrary<unknown>][] = [
    ["points", point],
    ["chunks", fc.uint8Array({ maxLength: 1000 })],
    ["longs", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
    ["flags", fc.boolean()],
    ["optional", fc.option(fc.string({ unit: "binary" }))],
  ];
  test.each(cases)("%s", async (name, value) => {
    const there = fc.asyncProperty(fc.array(value, { maxLength: 8 }), async (values) => {
      expect(await rest(call(name, values))).toEqual(values);
    });
    await fc.assert(there, { numRuns: 10, seed: 1 });
  });

  test("Node's buffers", async () => {
    const [chunk] = await rest(call("chunks", [Buffer.from("abc")]));
    expect(chunk).toEqual(new Uint8Array([97, 98, 99]));
  });
});

test("the types of imports say which way the values go", () => {
  const text = readFileSync(`${streamsBase}.d.ts`, "utf8");
  expect(text).toContain('"write"?(name: string, values: StreamOutput<string>): number | Promise<number>;');
  expect(text).toContain('"read"?(name: string): StreamInput<string> | Promise<StreamInput<string>>;');
  expect(text).toContain("export declare function nothing(options?: CallOptions): StreamOutput<number>;");
});

test("a channel by a name that the build does not see through: E_UNSEEN_CHANNEL", async () => {
  const file = path.join(root, ".cache/bindings/unseen.ts");
  const lines = [
    `import * as fibers from "as-fibers/assembly";`,
    `export function f(values: fibers.Channel<i32>): void { values.close(); }`,
  ];
  writeFileSync(file, lines.join("\n"));
  const error = await compile(file, { bindings: true, target: "debug" }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    code: "E_COMPILE",
    message: expect.stringContaining("E_UNSEEN_CHANNEL: f takes or returns Channel<i32> by a name") as string,
  });
});

test("any values, any consumer: what arrives is right, it ends as it must, and nothing is left", () =>
  runInSuite(anyStreams));

describe("an import", () => {
  test("is given the values of a channel", async () => {
    imports["write"] = async (_name: string, values: Stream) => (await rest(values)).length;
    expect(await call("writing", ["a", "b", "c"])).toBe(3);
    expect(noted).toEqual([]);
  });

  test("that stops early closes it, and the sender is told", async () => {
    imports["write"] = async (_name: string, values: Stream) => {
      for await (const value of values) return String(value).length;
      return 0;
    };
    expect(await call("writing", ["ab", "b", "c"])).toBe(2);
    expect(noted).toEqual(["E_CLOSED"]);
  });

  test("that is given a channel that fails gets its failure", async () => {
    const cause = new Error("torn");
    let seen: unknown;
    imports["read"] = () => new Values(["a"], () => Promise.reject(cause));
    imports["write"] = async (_name: string, values: Stream) => {
      expect(await values.next()).toEqual({ done: false, value: "a" });
      seen = await failureOf(values.next());
      return 7;
    };
    expect(await call("failingWriting")).toBe(7);
    expect(seen).toMatchObject({ code: "E_STREAM_FAILED", cause });
  });

  test("answers with a stream", async () => {
    imports["read"] = async (name: string) => Readable.from([name, "b"]);
    expect(await call("reading", "a")).toBe("a,b,");
    expect(await rest(call("passing", "c"))).toEqual(["c", "b"]);
    expect(await call("readingOrError", "d")).toBe("d,b,");
    imports["read"] = () => null;
    expect(await call("readingOrError", "d")).toBe("null");
    expect(await failureOf(call("reading", "a"))).toMatchObject({
      code: "E_IMPORT_RESULT",
      message: "the import streams.read: its result is of type Channel<string>, and got null",
    });
  });

  test("that rejects has left what it was given", async () => {
    const source = new Values(["a", "b"]);
    imports["read"] = () => source;
    imports["write"] = async (_name: string, values: Stream) => {
      await values.next();
      throw new Error("the disk is full");
    };
    expect(await failureOf(call("failingWriting"))).toMatchObject({ code: "E_IMPORT_REJECTED" });
    await settled();
    expect(source.log.slice(-2)).toEqual(["return", "returned"]);
  });

  test("of another file, with types that only that one knows", async () => {
    imports["swap"] = async function* (pairs: AsyncIterable<{ left: number; right: number }>) {
      for await (const { left, right } of pairs) yield { left: right, right: left };
    };
    const pairs = [
      { left: 1, right: 2 },
      { left: 3, right: 4 },
    ];
    const swapped = call("swapped", pairs);
    expect(await rest(swapped)).toEqual([
      { left: 2, right: 1 },
      { left: 4, right: 3 },
    ]);
    expect(await call("lefts", pairs)).toBe(4);
    expect(await call("lefts")).toBe(0);
  });

  test("whose stream the program closes: it is left", async () => {
    const values = new Values(["a", "b"]);
    imports["read"] = () => values;
    expect(await call("readingFirst", "x")).toBe("a");
    await settled();
    expect(values.log.slice(-2)).toEqual(["return", "returned"]);
  });
});

test("Node's streams and web streams, by their own doors", async () => {
  const lines = Readable.from(["one", "two"]);
  const texts: string[] = [];
  const stage = (source: AsyncIterable<string>) => call("transform", source);
  const collect = async (source: AsyncIterable<string>) => {
    for await (const text of source) texts.push(text);
  };
  await pipeline([lines, stage, collect] as never);
  expect(texts).toEqual(["<ONE>", "<TWO>"]);
  expect(await Readable.from(call("numbers", 0, 3)).toArray()).toEqual([0, 1, 2]);
  const readable = Readable.from(call("numbers", 0, 100));
  const [first] = await readable.take(1).toArray();
  expect([first, readable.destroyed]).toEqual([0, true]);
  const web = ReadableStream.from(call("numbers", 0, 100) as AsyncIterable<unknown>);
  const reader = web.getReader();
  expect(await reader.read()).toEqual({ done: false, value: 0 });
  await reader.cancel();
  await settled();
});

test("hundreds at once", async () => {
  const counts = Array.from({ length: 300 }, async (_, i) => {
    let count = 0;
    for await (const _value of call("transform", ["a", "b", "c", "d"])) if (++count === 1 + (i % 5)) break;
    return count;
  });
  const expected = Array.from({ length: 300 }, (_, i) => Math.min(1 + (i % 5), 4));
  expect(await Promise.all(counts)).toEqual(expected);
});
