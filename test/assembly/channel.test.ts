/** `Channel`: order, ends, cancellation, misuse. Programs: see test/setup/channel-programs.ts. */
import { describe, expect, test } from "vitest";
import { modelChannels } from "../setup/channel-model.ts";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";
import * as workloads from "../workloads/channels.ts";
import { runInSuite } from "../workloads/workload.ts";

const lines = (...list: string[]) => list.join("\n");
const start = () => loadWatched(guest("channel").binary);

const SEND_ON_CLOSED =
  "E_CLOSED: cannot send: the channel is closed, and its values go to nobody new; close it when all senders have ended";
const RECEIVE_FROM_CLOSED =
  "E_CLOSED: cannot receive: the channel is closed and drained; next() tells the end instead of failing";
const NO_VALUE =
  "E_NO_VALUE: the channel has no value for this fiber: value gives what its own last next(), tryNext() or select took, until it waits";

/** `Overflow` */
const BLOCK = 0;
const DROP_OLDEST = 1;
const DROP_NEWEST = 2;
const KEEP_LATEST = 3;

/** What a program logs until its standstill, on channel 0; and how its fibers have ended. */
async function run(capacity: number, ...scripts: string[]): Promise<{ log: string[]; ends: string[] }> {
  const app = await loadWatched(guest("channel-programs").binary);
  const program = [`${capacity} 0 0`, ...scripts].join(" | ");
  const log = (await app.exports["execute"]?.(program)) as string;
  // What is said here by hand, the model must know as well.
  expect(modelChannels(program)).toBe(log);
  const all = log.split("\n");
  const ends = all.filter((line) => / ended: /.test(line)).map((line) => line.replace(/^\d+ ended: /, ""));
  return {
    log: all.slice(
      0,
      all.findIndex((line) => line.startsWith("end")),
    ),
    ends,
  };
}

const logOf = async (capacity: number, ...scripts: string[]) => (await run(capacity, ...scripts)).log;

describe("without a buffer", () => {
  test("a send waits until its value is received", async () => {
    expect(await logOf(0, "send 0, send 0", "yield, receive 0, look 0", "look 0")).toEqual([
      "3 look 0: 0 of 0, open",
      "3 returns",
      "2 yielded",
      "2 receive 0: 1.0",
      "2 look 0: 0 of 0, open",
      "2 returns",
      "1 send 0: 1.0",
    ]);
  });

  test("a send to a fiber that waits for it does not wait", async () => {
    expect(await logOf(0, "receive 0, next 0", "send 0, trySend 0, trySend 0")).toEqual([
      "2 send 0: 2.0",
      "2 trySend 0: 2.1 false",
      "2 trySend 0: 2.2 false",
      "2 returns",
      "1 receive 0: 2.0",
    ]);
  });
});

describe("with a buffer", () => {
  test("a send waits only when the buffer is full, and goes on when there is room", async () => {
    expect(await logOf(2, "times 4 send 0", "look 0, receive 0, look 0, yield, look 0")).toEqual([
      "1 send 0: 1.0",
      "1 send 0: 1.1",
      "2 look 0: 2 of 2, open",
      "2 receive 0: 1.0",
      "2 look 0: 2 of 2, open",
      "1 send 0: 1.2",
      "2 yielded",
      "2 look 0: 2 of 2, open",
      "2 returns",
    ]);
  });

  test("values stay in the order of their sends, whoever sent them", async () => {
    expect(await logOf(3, "send 0, trySend 0", "times 3 send 0", "yield, times 5 receive 0")).toEqual([
      "1 send 0: 1.0",
      "1 trySend 0: 1.1 true",
      "1 returns",
      "2 send 0: 2.0",
      "3 yielded",
      ...["1.0", "1.1", "2.0", "2.1"].map((value) => `3 receive 0: ${value}`),
      "2 send 0: 2.1",
      "2 send 0: 2.2",
      "2 returns",
      "3 receive 0: 2.2",
      "3 returns",
    ]);
  });
});

describe("nobody overtakes", () => {
  test("waiting senders, not even by trySend", async () => {
    expect(await logOf(0, "send 0", "send 0", "trySend 0, times 3 tryNext 0, yield, yield, trySend 0, look 0")).toEqual(
      [
        "3 trySend 0: 3.0 false",
        "3 tryNext 0: 1.0",
        "3 tryNext 0: 2.0",
        "3 tryNext 0: nothing",
        "1 send 0: 1.0",
        "1 returns",
        "2 send 0: 2.0",
        "2 returns",
        "3 yielded",
        "3 yielded",
        "3 trySend 0: 3.1 false",
        "3 look 0: 0 of 0, open",
        "3 returns",
      ],
    );
  });

  test("waiting receivers, not even by tryNext of one that runs before they do", async () => {
    expect(await logOf(5, "receive 0", "receive 0", "send 0, tryNext 0, send 0, tryNext 0, send 0, tryNext 0")).toEqual(
      [
        "3 send 0: 3.0",
        "3 tryNext 0: nothing",
        "3 send 0: 3.1",
        "3 tryNext 0: nothing",
        "3 send 0: 3.2",
        "3 tryNext 0: 3.2",
        "3 returns",
        "1 receive 0: 3.0",
        "1 returns",
        "2 receive 0: 3.1",
        "2 returns",
      ],
    );
  });

  test.each([
    [0, true],
    [7, true],
    [0, false],
    [7, false],
  ])("10,000 that wait, capacity %d, senders: %s", async (capacity, areSending) => {
    expect(await (await start()).exports["serveInTurn"]?.(10_000, capacity, areSending)).toBe(10_000);
  });
});

describe("value", () => {
  test("is what this fiber's last next or tryNext took", async () => {
    expect(await logOf(2, "send 0, send 0", "next 0, value 0, value 0, tryNext 0, value 0")).toEqual([
      "1 send 0: 1.0",
      "1 send 0: 1.1",
      "1 returns",
      "2 next 0: 1.0",
      "2 value 0: 1.0",
      "2 value 0: 1.0",
      "2 tryNext 0: 1.1",
      "2 value 0: 1.1",
      "2 returns",
    ]);
  });

  test.each([
    ["before it has taken one", ["value 0", "yield"]],
    ["of another fiber", ["yield, value 0", "trySend 0, tryNext 0, yield"]],
    ["after another fiber has taken one", ["trySend 0, tryNext 0, trySend 0, yield, value 0", "tryNext 0"]],
    ["after receive alone", ["trySend 0, receive 0, value 0", "yield"]],
    ["after a tryNext that took nothing", ["trySend 0, tryNext 0, tryNext 0, value 0", "yield"]],
    ["after the end", ["trySend 0, next 0, close 0, next 0, value 0", "yield"]],
  ])("fails with E_NO_VALUE %s", async (_when, scripts) => {
    expect((await run(1, ...scripts)).ends).toEqual([NO_VALUE, "done"]);
  });
});

describe("close", () => {
  test("wakes all who wait to receive: next tells the end, receive fails", async () => {
    const { log, ends } = await run(0, "next 0, next 0", "receive 0", "next 0", "close 0, look 0");
    expect(log).toEqual([
      "4 close 0",
      "4 look 0: 0 of 0, closed",
      "4 returns",
      "1 next 0: closed",
      "1 next 0: closed",
      "1 returns",
      "3 next 0: closed",
      "3 returns",
    ]);
    expect(ends).toEqual(["done", RECEIVE_FROM_CLOSED, "done", "done"]);
  });

  test("fails all who wait to send; what is in the buffer stays to be received", async () => {
    const { log, ends } = await run(1, "times 2 send 0", "send 0", "close 0, yield, next 0, next 0, receive 0");
    expect(log).toEqual(["1 send 0: 1.0", "3 close 0", "3 yielded", "3 next 0: 1.0", "3 next 0: closed"]);
    expect(ends).toEqual([SEND_ON_CLOSED, SEND_ON_CLOSED, RECEIVE_FROM_CLOSED]);
  });

  test("makes later sends fail, also those that would not wait; closing again does nothing", async () => {
    const { log, ends } = await run(2, "times 2 close 0, send 0", "trySend 0", "close 0, tryNext 0, look 0");
    expect(log).toEqual([
      "1 close 0",
      "1 close 0",
      "3 close 0",
      "3 tryNext 0: nothing",
      "3 look 0: 0 of 2, closed",
      "3 returns",
    ]);
    expect(ends).toEqual([SEND_ON_CLOSED, SEND_ON_CLOSED, "done"]);
  });

  test("does not take back what was given to a receiver before", async () => {
    expect(await logOf(0, "receive 0, next 0", "send 0, close 0")).toEqual([
      "2 send 0: 2.0",
      "2 close 0",
      "2 returns",
      "1 receive 0: 2.0",
      "1 next 0: closed",
      "1 returns",
    ]);
  });

  test("by a cleanup ends who waits, when the sender is cancelled", async () => {
    const { log, ends } = await run(0, "defer close 0, send 0, yield, yield", "times 2 next 0", "yield, cancel 1");
    expect(log).toEqual([
      "2 next 0: 1.0",
      "1 send 0: 1.0",
      "3 yielded",
      "3 cancel 1",
      "3 returns",
      "1 close 0",
      "2 next 0: closed",
      "2 returns",
    ]);
    expect(ends).toEqual(["cancelled E_CANCELLED: by 3", "done", "done"]);
  });
});

describe("a cancelled fiber", () => {
  test("takes the value that it waited to send with it; the others keep their order", async () => {
    const { log, ends } = await run(0, "send 0", "send 0", "send 0", "cancel 2, times 2 receive 0, tryNext 0");
    expect(log).toEqual([
      "4 cancel 2",
      "4 receive 0: 1.0",
      "4 receive 0: 3.0",
      "4 tryNext 0: nothing",
      "4 returns",
      "1 send 0: 1.0",
      "1 returns",
      "3 send 0: 3.0",
      "3 returns",
    ]);
    expect(ends[1]).toBe("cancelled E_CANCELLED: by 4");
  });

  test("that waited to receive gets nothing; the others keep their order", async () => {
    const { log, ends } = await run(0, "receive 0", "next 0", "next 0", "cancel 2, times 2 send 0");
    expect(log).toEqual([
      "4 cancel 2",
      "4 send 0: 4.0",
      "4 send 0: 4.1",
      "4 returns",
      "1 receive 0: 4.0",
      "1 returns",
      "3 next 0: 4.1",
      "3 returns",
    ]);
    expect(ends[1]).toBe("cancelled E_CANCELLED: by 4");
  });

  test("that was given a value before it has run goes on with it, until its next wait", async () => {
    const script = "next 0, trySend 0, look 0, yield, look 0";
    const { log, ends } = await run(1, script, "send 0, cancel 1, yield");
    expect(log).toEqual([
      "2 send 0: 2.0",
      "2 cancel 1",
      "1 next 0: 2.0",
      "1 trySend 0: 1.0 true",
      "1 look 0: 1 of 1, open",
      "2 yielded",
      "2 returns",
    ]);
    expect(ends).toEqual(["cancelled E_CANCELLED: by 2", "done"]);
  });

  test("with such a value that does not wait again ends as if nothing had been", async () => {
    expect((await run(0, "receive 0", "send 0, cancel 1")).ends).toEqual(["done", "done"]);
  });

  test("with such a value that waits at a channel next leaves no trace there", async () => {
    const { log, ends } = await run(0, "receive 0, send 0", "send 0, cancel 1, yield, tryNext 0, look 0");
    expect(log.slice(2)).toEqual([
      "1 receive 0: 2.0",
      "2 yielded",
      "2 tryNext 0: nothing",
      "2 look 0: 0 of 0, open",
      "2 returns",
    ]);
    expect(ends).toEqual(["cancelled E_CANCELLED: by 2", "done"]);
  });

  test("whose value was received already is cancelled at once", async () => {
    const { log, ends } = await run(0, "send 0, look 0", "receive 0, cancel 1");
    expect(log).toEqual(["2 receive 0: 1.0", "2 cancel 1", "2 returns"]);
    expect(ends).toEqual(["cancelled E_CANCELLED: by 2", "done"]);
  });
});

describe("misuse", () => {
  test.each([
    [-1, BLOCK, "0 or more"],
    [-2147483648, BLOCK, "0 or more"],
    [0, DROP_OLDEST, "1 or more, to drop what does not fit"],
    [-1, DROP_OLDEST, "1 or more, to drop what does not fit"],
    [0, DROP_NEWEST, "1 or more, to drop what does not fit"],
    [2, KEEP_LATEST, "1, to keep the latest"],
    [-1, KEEP_LATEST, "1, to keep the latest"],
  ])(
    "a channel of capacity %d, overflow %d, fails its maker with E_INVALID_CAPACITY",
    async (capacity, overflow, limits) => {
      const app = await start();
      await expect(app.exports["make"]?.(capacity, overflow)).rejects.toMatchObject({
        code: "E_INVALID_CAPACITY",
        message: `a channel cannot hold ${capacity} values: its capacity is ${limits}`,
      });
      expect(await app.exports["make"]?.(2147483647, BLOCK)).toBe(2147483647);
      expect(await app.exports["make"]?.(2147483647, DROP_OLDEST)).toBe(2147483647);
      expect(await app.exports["make"]?.(0, KEEP_LATEST)).toBe(1);
    },
  );

  test("fails the fiber that does it, and nobody else: no value is lost", async () => {
    expect(await (await start()).exports["misuseBeside"]?.()).toBe(
      lines("x0 x1 x2", "false E_INVALID_CAPACITY false E_CLOSED 0"),
    );
  });
});

describe("programs", () => {
  test("a chain of 10,000 fibers", async () => {
    expect(await (await start()).exports["chain"]?.(10_000)).toBe(20_000);
  });

  test("a sieve of primes", async () => {
    const primes: number[] = [];
    for (let n = 2; primes.length < 100; n++) if (primes.every((prime) => n % prime)) primes.push(n);
    expect(await (await start()).exports["sieve"]?.(100)).toBe(primes.join(" "));
  });

  test("power series that feed on themselves", async () => {
    expect(await (await start()).exports["powerSeries"]?.(8)).toBe(
      lines(
        "1 0 1",
        "1 1 0",
        "1/2 0 -1/2",
        "1/6 -1/6 0",
        "1/24 0 1/24",
        "1/120 1/120 0",
        "1/720 0 -1/720",
        "1/5040 -1/5040 0",
      ),
    );
  });
});

test("channels can be global, and be used without waiting in top-level statements", async () => {
  expect(await (await start()).exports["afterStart"]?.()).toBe(
    lines("true true false 2", "true a", "true 1", "false false", "a fiber finds b"),
  );
});

describe("random programs do what the model does, and leave nothing behind", () => {
  test("turns of many switches", () => runInSuite(workloads.inTurns));
  test("with a full collection at every switch", () => runInSuite(workloads.collectedAtEverySwitch));
  test("with a switch between any two steps of the collector", () => runInSuite(workloads.collectedInSmallSteps));
  test("with the runtime minimal", () => runInSuite(workloads.collectedInMinimal));
  test("in a debug build", () => runInSuite(workloads.inDebug));
});
