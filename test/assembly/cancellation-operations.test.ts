/** Cancelling what waits for the host: the operation is gone from the driver at once, and whatever still comes of it is not taken. */
import { type App, type Driver, type DriverSink, load, virtualDriver } from "as-fibers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { DATAGRAM_HEADER, Opcode, type Operation, PENDING } from "../../host/abi.ts";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";

type Outcome = Parameters<DriverSink["complete"]>[1];

const HELD: readonly number[] = [
  Opcode.LISTEN,
  Opcode.ACCEPT,
  Opcode.CONNECT,
  Opcode.READ,
  Opcode.WRITE,
  Opcode.LOOKUP,
  Opcode.BIND,
  Opcode.RECEIVE,
  Opcode.SEND,
  Opcode.LISTEN_UNIX,
  Opcode.CONNECT_UNIX,
];

/** A virtual driver whose operations, output apart, end when the test says so. */
class HeldOperations {
  readonly driver: Driver = virtualDriver();
  /** Those that are under way. */
  held: Operation[] = [];
  readonly cancelled: Operation[] = [];
  #sink: DriverSink | undefined;

  constructor() {
    const { driver } = this;
    const open = driver.open.bind(driver);
    const submit = driver.submit.bind(driver);
    driver.open = (sink) => {
      this.#sink = sink;
      open(sink);
    };
    driver.submit = (operation, bytes) => {
      if (!HELD.includes(operation.opcode)) return submit(operation, bytes);
      this.held.push(operation);
      return PENDING;
    };
    driver.cancel = (operation) => {
      this.held = this.held.filter((other) => other !== operation);
      this.cancelled.push(operation);
    };
  }

  /** Ends an operation, whether it is still under way or not. Delivered with the next turn. */
  end(operation: Operation, outcome: Outcome, detail = 0): void {
    this.held = this.held.filter((other) => other !== operation);
    this.#sink?.complete(operation, outcome, detail);
    this.driver.soon();
  }
}

/** An outcome that brings a text; `take` knows whether it was asked for it. */
function bringing(text: string) {
  const bytes = new TextEncoder().encode(text);
  const take = vi.fn((into: Uint8Array) => {
    into.set(bytes);
    return bytes.length;
  });
  return { take };
}

/** A datagram of five bytes, from port 9. */
function datagram(): Outcome {
  return {
    take: (into) => {
      into.fill(0, 0, DATAGRAM_HEADER);
      into[0] = 9;
      into.set(Buffer.from("hello"), DATAGRAM_HEADER);
      return 5;
    },
  };
}

interface Kind {
  /** What the fiber waits for, when that is not the verb. */
  reason?: string;
  /** What must have come to its end before. */
  first?: string;
  /** What brings its operation to its end. */
  outcome: () => Outcome;
  detail?: number;
  /** What the fiber says then. */
  says: string;
}

const kinds: Record<string, Kind> = {
  listen: { outcome: () => 5, detail: 8080, says: "listens on 8080" },
  accept: { outcome: () => 6, says: "has accepted", first: "listen" },
  connect: { outcome: () => 7, says: "has connected" },
  read: { outcome: () => bringing("hello"), says: "has read 5 bytes" },
  write: { outcome: () => 16, says: "has written" },
  lookup: { outcome: () => bringing("127.0.0.1"), says: "has found 127.0.0.1" },
  stdin: { outcome: () => bringing("a line\n"), says: "has read a line", reason: "read" },
  bind: { outcome: () => 5, detail: 8080, says: "is bound to 8080", reason: "listen" },
  receive: { outcome: datagram, says: "has received 5 bytes from 9", reason: "read", first: "bind" },
  send: { outcome: () => 16, says: "has sent", reason: "write", first: "bind" },
  "listen unix": { outcome: () => 5, says: "listens on /path", reason: "listen" },
  "accept unix": { outcome: () => 6, says: "has accepted on /path", reason: "accept", first: "listen unix" },
  "connect unix": { outcome: () => 7, says: "has connected to /path", reason: "connect" },
};

const apps: App[] = [];

afterEach(() => {
  for (const app of apps.splice(0)) app.terminate();
});

async function start(verb: string) {
  const operations = new HeldOperations();
  const app = await load(guest("cancellation-operations").binary, { driver: operations.driver });
  apps.push(app);
  const call = async (name: string, ...values: (number | string)[]) => app.exports[name]?.(...values);
  /** Starts a fiber that waits: its number, and its operation. */
  const begin = async (what = verb) => {
    const number = (await call("begin", what)) as number;
    return { number, operation: operations.held.at(-1) as Operation };
  };
  const first = kinds[verb]?.first;
  if (first !== undefined) {
    const { number, operation } = await begin(first);
    operations.end(operation, 5, 8080);
    await call("end", number);
    await call("reset");
  }
  return { app, operations, call, begin };
}

const lines = (...list: string[]) => list.join("\n");
const CLEANUPS = ["first cleanup", "second cleanup"];
const CANCELLED = lines(...CLEANUPS, "E_CANCELLED: enough");

describe.each(Object.entries(kinds))("%s", (verb, { outcome, detail, says, reason = verb }) => {
  test("is cancelled at the driver, once; what comes late is not taken; the next one has its slot, and is served", async () => {
    const { app, operations, call, begin } = await start(verb);
    const first = await begin();
    expect(app.fibers().map((fiber) => fiber.reason)).toEqual([reason]);
    await call("cancel", first.number);
    await call("cancel", first.number);
    expect(operations.cancelled).toEqual([first.operation]);
    expect(operations.held).toEqual([]);
    expect(await call("end", first.number)).toBe(CANCELLED);
    expect(await call("timers")).toBe(0);

    const second = await begin();
    expect(second.operation).toMatchObject({
      slot: first.operation.slot,
      generation: first.operation.generation + 1,
    });
    const late = bringing("late");
    operations.end(first.operation, late);
    expect(await call("changedBytes", first.number)).toBe(0);
    expect(late.take).not.toHaveBeenCalled();
    operations.end(second.operation, outcome(), detail);
    expect(await call("end", second.number)).toBe(lines(`2 ${says}`, "2 goes on", ...CLEANUPS, "done"));
    expect(operations.cancelled).toHaveLength(1);
    expect(await call("timers")).toBe(0);
  });

  test("completed in the same batch as what cancels it: goes on with what has come, and is cancelled where it next waits", async () => {
    const { operations, call, begin } = await start(verb);
    const victim = await begin();
    await call("beginCanceller");
    operations.end(operations.held.at(-1) as Operation, bringing("now"));
    operations.end(victim.operation, outcome(), detail);
    expect(await call("end", victim.number)).toBe(lines(`1 ${says}`, CANCELLED));
    expect(operations.cancelled).toEqual([]);
    expect(operations.held).toEqual([]);
  });

  test.skipIf(verb === "stdin")(
    "gives up when its time is up, not before, and its operation is cancelled",
    async () => {
      const { operations, call, begin } = await start(verb);
      const begun = operations.driver.now();
      const { number, operation } = await begin();
      expect(await call("end", number)).toMatch(/^first cleanup\nsecond cleanup\nETIMEDOUT: cannot .*: timed out$/);
      expect(operations.driver.now() - begun).toBe(1e9);
      expect(operations.cancelled).toEqual([operation]);
      expect(operations.held).toEqual([]);
      expect(await call("timers")).toBe(0);
    },
  );

  test("leaves nothing in memory", async () => {
    const { app, operations, call, begin } = await start(verb);
    const use = async () => {
      for (let i = 0; i < 20; i++) {
        const { number } = await begin();
        await call("cancel", number);
        await call("end", number);
      }
      await call("reset");
      app.collect();
      return readHeap(app);
    };
    const before = await use();
    expect(await use()).toEqual(before);
    expect(operations.held).toEqual([]);
    expect(operations.cancelled).toHaveLength(40);
  });
});

test("closing the app cancels what waits, and lets it clean up", async () => {
  const { app, operations, begin } = await start("read");
  const { operation } = await begin();
  await app.close();
  expect(operations.cancelled).toEqual([operation]);
  expect(operations.held).toEqual([]);
});
