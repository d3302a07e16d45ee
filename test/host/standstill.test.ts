/** Deadlocks: all that are planted are reported, with the right fibers, holders and lines; none where a program can go on. */
import { type App, load, virtualDriver } from "as-fibers";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";
import { arbitraryDeadlock, arbitraryProgress, circlesOf, endingOf, type Step, write } from "../setup/standstill.ts";

const debug = guest("standstill", { target: "debug" });
const module = new WebAssembly.Module(debug.binary as BufferSource);

const loadGuest = (): Promise<App> => load(module, { driver: virtualDriver(), sourceMap: debug.sourceMap });

/** Until nothing is left to do but to wait for JavaScript. */
async function rest(app: App): Promise<void> {
  for (let last = -1; last !== app.switches; await new Promise(setImmediate)) {
    last = app.switches;
    await new Promise(setImmediate);
  }
}

const place = (marked: string) => {
  const { file, line, column } = placeOf("standstill", marked);
  return `${file}:${line}:${column}`;
};

/** Where a fiber waits that does this, and what it says there. */
const waits: Record<string, { reason: string; at: string; for: string; made?: string }> = {
  lock: { reason: "lock", at: place("|other.mutex.lock(); // lock"), for: "mutex", made: place("|new Mutex()") },
  readLock: {
    reason: "read lock",
    at: place("|other.written.readLock()"),
    for: "read-write lock",
    made: place("written: RwLock = |new RwLock()"),
  },
  writeLock: {
    reason: "write lock",
    at: place("|other.read.writeLock()"),
    for: "read-write lock",
    made: place("read: RwLock = |new RwLock()"),
  },
  once: { reason: "once", at: place("|other.once.do(wait)"), for: "once", made: place("|new Once()") },
  join: { reason: "join", at: place("|other.fiber!.join()"), for: "" },
  scope: { reason: "scope", at: place("|scope.wait()"), for: "scope", made: place("|new Scope()") },
};

/** What a report must say of the fiber that does this step. */
function expected(steps: Step[], i: number): RegExp {
  const { verb, target } = steps[i] as Step;
  const wait = waits[verb];
  if (!wait) throw new Error(verb);
  const escape = (text: string) => text.replace(/[.()]/g, "\\$&");
  const reason = verb === "join" ? "join of fiber \\d+" : wait.reason;
  const holder = wait.for === "scope" ? "" : `,\\s+held by fiber \\d+ "f${target}"`;
  const line = wait.for ? `\\s+waits for ${wait.for} \\d+\\s+\\(${escape(wait.made ?? "")}\\)${holder}` : "";
  const frames = `\\s+at (?:waitFor|wait) \\(${escape(wait.at)}\\)(?:\\s+at \\w+ \\([^)]*\\))*`;
  return new RegExp(
    `fiber \\d+ "f${i}": parked \\(${reason}\\)${frames}${line}\\s+started at ${escape(place("|go(act"))}\\n`,
  );
}

describe("fibers that wait for each other", () => {
  test("are found in 1,000 programs of 2 to 50 fibers: all circles, and no others; reports are right, and narrow", async () => {
    const app = await loadGuest();
    const property = fc.asyncProperty(arbitraryDeadlock(), async (steps) => {
      await app.exports.plant?.(write(steps));
      const found = app.findDeadlocks();
      const circles = circlesOf(steps);
      expect(found.map(({ fibers }) => fibers.map(({ name }) => name)).toSorted()).toEqual(circles.toSorted());
      for (const { fibers, report } of found) {
        for (const line of report.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
        for (const { name } of fibers) {
          if (name.startsWith("f")) expect(`${report}\n`).toMatch(expected(steps, Number(name.slice(1))));
        }
      }
      // The others go on, and they are still there; until somebody cancels them.
      await app.exports.release?.();
      await rest(app);
      expect(await app.exports.count?.()).toBe(endingOf(steps));
      expect(app.findDeadlocks()).toHaveLength(circles.length);
      await app.exports.clear?.();
      expect(app.fibers()).toEqual([]);
    });
    await fc.assert(property, { numRuns: 1000, seed: 1 });
    await app.close();
  });

  test("are not found where each waits for one that can go on, at once, later, or by a later call", async () => {
    const app = await loadGuest();
    const property = fc.asyncProperty(arbitraryProgress(), async (steps) => {
      await app.exports.plant?.(write(steps));
      expect(app.findDeadlocks()).toEqual([]);
      await rest(app);
      expect(app.findDeadlocks()).toEqual([]);
      await app.exports.release?.();
      await rest(app);
      expect(app.fibers()).toEqual([]);
      expect(await app.exports.count?.()).toBe(steps.length);
    });
    await fc.assert(property, { numRuns: 300, seed: 1 });
    await app.close();
  });

  test("a circle, as it is drawn", async () => {
    const app = await loadGuest();
    await app.exports.plant?.("writeLock:1 scope:2 join:0");
    const [found] = app.findDeadlocks();
    expect(found?.report).toBe(`\
these fibers wait for each other in a circle:
╭─▶ fiber 2 "f0"
│      waits for read-write lock 1, held by
│   fiber 3 "f1"
│      waits for scope 1, in which is
│   fiber 5 "of f1"
│      waits for mutex 1, held by
│   fiber 4 "f2"
│      waits for the end of
╰── fiber 2 "f0"
fiber 2 "f0": parked (write lock)
    at waitFor (${waits.writeLock?.at})
    at wait (${place("|waitFor(verb, actors")})
    at act (${place("|actor.once.do(wait)")})
    waits for read-write lock 1 (${waits.writeLock?.made}), held by fiber 3 "f1"
    started at ${place("|go(act")}
fiber 3 "f1": parked (scope)
    at wait (${waits.scope?.at})
    at act (${place("|actor.once.do(wait)")})
    waits for scope 1 (${waits.scope?.made})
    started at ${place("|go(act")}
  fiber 5 "of f1": parked (lock)
      at lock (${place("|actor.mutex.lock();\n  actor.mutex.unlock();\n}\n\nfunction waitFor")})
      waits for mutex 1 (${waits.lock?.made}), held by fiber 4 "f2"
      started at ${place("|scope.go(lock")}
fiber 4 "f2": parked (join of fiber 2)
    at waitFor (${waits.join?.at})
    at wait (${place("|waitFor(verb, actors")})
    at act (${place("|actor.once.do(wait)")})
    started at ${place("|go(act")}`);
    app.terminate();
  });
});
