/**
 * Cancelling in every kind of wait: the fiber leaves it at once, cleans up once, last first; the others get what they wait for, and nothing
 * is left in queues, timers and memory. What waits for the host: see cancellation-operations.test.ts.
 */
import { describe, expect, test } from "vitest";
import { REASONS } from "../../host/fiber-records.ts";
import { guest } from "../setup/guests.ts";
import { readHeap } from "../setup/heap.ts";
import { loadWatched } from "../setup/watched.ts";

interface Expected {
  /** What a fiber of this number says after its wait. */
  says: string | ((number: number) => string);
  /** What whoever serves it says. */
  serves?: (number: number) => string;
  /** Timers that it leaves. */
  timers?: number;
  /** The others are served when the cancelled one has cleaned up: they wait for the time, or each in turn for a lock. */
  isLate?: boolean;
  /** Woken with something, it goes on with it, and is cancelled where it next waits; woken without, at once. None: only the time wakes it. */
  isGiven?: boolean;
  /** What its own fibers do when they are cancelled with it. */
  children?: string[];
  /** It has not begun, so it owes nothing. */
  isUnbegun?: boolean;
}

const CLEANUPS = ["first cleanup", "second cleanup"];
const received = (number: number) => `has received ${number}0`;

const kinds: Record<string, Expected> = {
  send: { says: "has sent", serves: (number) => `received ${number}`, isGiven: false },
  receive: { says: received, isGiven: true },
  select: { says: received, timers: 1, isGiven: true },
  lock: { says: "has locked", isGiven: true },
  "read lock": { says: "has read", isGiven: true },
  "write lock": { says: "has written", isGiven: true },
  acquire: { says: "has 2 permits", isGiven: true },
  condition: { says: "was signalled", isLate: true, isGiven: true },
  barrier: { says: "has met", isGiven: false },
  "wait group": { says: "has waited", isGiven: false },
  event: { says: "has waited", isGiven: false },
  once: { says: "has waited", isGiven: false },
  future: { says: "has 7", isGiven: false },
  broadcast: { says: "has 7", isGiven: true },
  watch: { says: "has 7", isGiven: false },
  sleep: { says: "has slept", timers: 1, isLate: true },
  timer: { says: "has waited", timers: 1, isLate: true },
  ticker: { says: "has a tick", timers: 1, isLate: true },
  join: { says: "has joined", isLate: true },
  scope: { says: "has waited", isLate: true, children: ["cleanup of its child"] },
  start: { says: "has begun", isUnbegun: true },
  output: { says: "has printed", isLate: true },
};

const names = Object.keys(kinds);

/** What waits for an operation of the host. */
const operations = ["listen", "accept", "connect", "read", "write", "lookup", "import", "demand"];

test("these are all kinds", () => {
  expect([...names, ...operations].toSorted()).toEqual(REASONS.filter((reason) => reason).toSorted());
});

const collecting = { isCollecting: true };
const worlds = [
  ["", {}],
  [", with a collection at every switch", collecting],
] as const;

async function call(verb: string, name: string, { isCollecting = false } = {}): Promise<unknown> {
  const app = await loadWatched(
    guest("cancellation-waits").binary,
    isCollecting ? { turnSwitches: 1, afterTurn: (own) => own.collect() } : {},
  );
  const result = await app.exports[verb]?.(name);
  expect(app.fibers()).toEqual([]);
  return result;
}

function expectedOf(name: string) {
  const { says, serves, timers = 0, isLate = false, isGiven, children = [], isUnbegun } = kinds[name] as Expected;
  const cleanups = isUnbegun ? [] : [...children, ...CLEANUPS];
  const said = (number: number) => (typeof says === "string" ? says : says(number));
  const served = (...numbers: number[]) => (serves ? numbers.map(serves) : []);
  const fourth = [...served(4), `4 ${said(4)}`];
  return { said, served, timers, isLate, isGiven, children, cleanups, fourth };
}

const NOTHING_LEFT = "left: , 0 timers";
const cancelledBy = (who: string) => `E_CANCELLED: enough, asked by "${who}"`;

describe.each(worlds)(
  "cancelled before it is served%s, the others are served in order, and who comes later",
  (_, world) => {
    // Between any two turns output is written: then nobody waits for it.
    const own = names.filter((name) => name !== "output" || world !== collecting);

    test.each(own)("%s", async (name) => {
      const { said, served, timers, isLate, cleanups, fourth } = expectedOf(name);
      const reason = REASONS.indexOf(name as (typeof REASONS)[number]);
      const others = [`1 ${said(1)}`, `3 ${said(3)}`];
      const log = [
        `${reason} ${reason} ${reason}`,
        `${timers} timers gone`,
        ...served(1, 3),
        ...(isLate ? [...cleanups, ...others] : [...others, ...cleanups]),
        cancelledBy("canceller"),
        ...fourth,
        NOTHING_LEFT,
      ];
      expect(await call("cancelWaiting", name, world)).toBe(log.join("\n"));
    });
  },
);

describe("cancelled after it was served, before it has run: goes on with what it was given, and nothing is lost", () => {
  test.each(names.filter((name) => kinds[name]?.isGiven !== undefined))("%s", async (name) => {
    const { said, served, isGiven, fourth } = expectedOf(name);
    const log = [
      ...served(2),
      "served",
      ...(isGiven ? [`2 ${said(2)}`] : []),
      ...CLEANUPS,
      cancelledBy("cancelServed"),
      ...fourth,
      NOTHING_LEFT,
    ];
    expect(await call("cancelServed", name)).toBe(log.join("\n"));
  });
});

describe("cancelled behind a shield: waits on, is served, and is cancelled when it leaves the shield", () => {
  // A fiber that has not begun cannot be behind a shield.
  test.each(names.filter((name) => !kinds[name]?.isUnbegun))("%s", async (name) => {
    const { said, served, children } = expectedOf(name);
    const log = [
      "still waits",
      ...served(2),
      ...children,
      said(2),
      ...CLEANUPS,
      cancelledBy("cancelShielded"),
      NOTHING_LEFT,
    ];
    expect(await call("cancelShielded", name)).toBe(log.join("\n"));
  });
});

test("nothing is left in memory of any of them", async () => {
  const app = await loadWatched(guest("cancellation-waits").binary);
  const use = async () => {
    for (const name of names) {
      for (const verb of ["cancelWaiting", "cancelServed"]) await app.exports[verb]?.(name);
      if (!kinds[name]?.isUnbegun) await app.exports["cancelShielded"]?.(name);
    }
    app.collect();
    return readHeap(app);
  };
  const before = await use();
  expect(await use()).toEqual(before);
  expect(app.fibers()).toEqual([]);
});
