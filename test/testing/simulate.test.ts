/** Runs in a simulated world: time, randomness, input and order are what the seed says, and the same again. */
import { BEGINNING, pct, pure, random, simulate, type SimulateOptions } from "as-fibers/testing";
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { placeOf } from "../setup/source.ts";

const { binary, sourceMap } = guest("testing");
const { binary: programs } = guest("programs");
const imports = { app: { twice: (value: number) => value * 2 } };

const run = (entry: string, options: SimulateOptions = {}) =>
  simulate(binary, { entry, imports, sourceMap, ...options });

test("a year of sleeps is exact, and takes no time", async () => {
  const begin = performance.now();
  const { value, time, switches } = await run("year");
  expect({ value, time, switches }).toEqual({ value: 365, time: 365 * 86_400_000, switches: 366 });
  expect(performance.now() - begin).toBeLessThan(5000);
});

test("the clock of Date begins at the same moment each time", async () => {
  expect((await run("times")).value).toBe(`${BEGINNING} ${BEGINNING + 1500}`);
});

test("random numbers come from the seed", async () => {
  const one = await run("dice", { seed: 7 });
  expect(await run("dice", { seed: 7 })).toEqual(one);
  expect((await run("dice", { seed: 8 })).value).not.toBe(one.value);
});

test("input is given, output is kept", async () => {
  const { stdout, failure } = await run("echoInput", { stdin: "one\ntwo\n" });
  expect({ stdout, failure }).toEqual({ stdout: "one\ntwo\n", failure: undefined });
});

test("a failure is part of the result, with its lines", async () => {
  const { failure, time, value } = await run("fails");
  expect(failure).toMatchObject({
    code: "E_ORDER",
    message: "out of order",
    location: placeOf("testing", '|fail("out of order"'),
  });
  expect({ time, value }).toEqual({ time: 1, value: undefined });
});

test("a standstill is a failure that names who waits", async () => {
  const { failure } = await run("standsStill");
  expect(failure).toMatchObject({ code: "E_DEADLOCK" });
  expect(failure?.message).toContain('fiber 1 "standsStill": parked (receive)');
});

test("failures that nobody looks at are told", async () => {
  const { warnings, failure } = await run("failsUnseen");
  expect(failure).toBeUndefined();
  expect(warnings).toEqual(["E_UNSEEN: nobody looks (fiber unseen)"]);
  expect((await run("trapsUnseen")).warnings).toEqual(["E_TRAP: unreachable (fiber trapping)"]);
});

test("leaks are a failure when asked for", async () => {
  expect((await run("fails", { leaks: "error" })).failure).toMatchObject({ code: "E_ORDER" });
  expect((await run("failsUnseen", { leaks: "error" })).failure).toMatchObject({ code: "E_LEAK" });
});

test("what the program imports itself is refused unless it is given", async () => {
  expect((await run("imports")).value).toBe(42);
  const pureImports = { app: { twice: pure((value: number) => value * 2) } };
  expect((await run("imports", { imports: pureImports })).value).toBe(42);
  await expect(simulate(binary, { entry: "imports" })).rejects.toMatchObject({
    code: "E_MISSING_IMPORT",
    message: expect.stringContaining("app.twice"),
  });
});

test("misuse is no result", async () => {
  await expect(run("nothing")).rejects.toMatchObject({ code: "E_NO_EXPORT" });
  await expect(run("lostUpdates", { args: ["two"] })).rejects.toMatchObject({ code: "E_INVALID_ARGUMENT" });
  await expect(run("year", { seed: 0.5 })).rejects.toMatchObject({ code: "E_INVALID_OPTION" });
  await expect(run("year", { policy: "lifo" as "fifo" })).rejects.toMatchObject({ code: "E_INVALID_OPTION" });
});

describe("policies", () => {
  test("fifo is production's order", async () => {
    expect((await run("words")).stdout).toBe("one 0\nother 0\none 1\nother 1\n");
  });

  test("random and pct take others, the same ones for the same seed", async () => {
    for (const policy of [random(), pct({ choices: 6 })]) {
      const outputs = new Set<string>();
      for (let seed = 1; seed <= 15; seed++) {
        const one = await run("words", { policy, seed });
        expect((await run("words", { policy, seed })).hash).toBe(one.hash);
        outputs.add(one.stdout);
      }
      expect(outputs.size, policy.name).toBeGreaterThan(2);
    }
  });

  test("a schedule repeats a run: output, time, hash and events", async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const one = await run("everything", { policy: seed & 1 ? "random" : "pct", seed, traceEvents: 4096 });
      const again = await run("everything", { schedule: one.schedule, traceEvents: 4096 });
      expect(again).toEqual(one);
      expect(one.events.length).toBeGreaterThan(50);
    }
  });

  test("the order of nothing else is touched: fifo with and without being asked is the same run", async () => {
    const one = await run("everything");
    expect(await run("everything", { schedule: one.schedule })).toEqual(one);
  });
});

// They say that nothing of a run depends on the machine, nor on Node; a new version of the library may change them.
test("hashes are the same on every machine", async () => {
  const found = await Promise.all(
    (["fifo", "random", "pct"] as const).map((policy) => run("everything", { policy, seed: 5 })),
  );
  expect(found.map(({ value }) => value)).toEqual(["a0b1a2b3 0101", "a0b1a2a3 0100", "a0b1a2b3 0101"]);
  expect(found.map(({ hash }) => hash)).toEqual(["0f38c674adea32b6", "eec9d35b253e062c", "fed06e6f7e1367f9"]);
});

test("the world around the program is played in JavaScript", async () => {
  const heard: string[] = [];
  const { failure, time } = await run("echo", {
    args: [2],
    latency: 1,
    async during({ network }) {
      for (const word of ["hello", "again"]) {
        const peer = await network.connect(7000);
        await peer.write(word);
        heard.push((await peer.read(5)).toString());
        peer.close();
      }
    },
  });
  expect({ failure, heard, time }).toEqual({ failure: undefined, heard: ["hello", "again"], time: expect.any(Number) });
});

test("another module refuses a schedule, and a text that is none is refused", async () => {
  const { schedule } = await run("words", { policy: "random" });
  await expect(simulate(programs, { schedule, entry: "execute", args: [""] })).rejects.toMatchObject({
    code: "E_OTHER_MODULE",
  });
  for (const wrong of ["", "1", schedule.slice(2), `2${schedule.slice(1)}`, `${schedule}!`]) {
    await expect(run("words", { schedule: wrong })).rejects.toMatchObject({ code: "E_INVALID_SCHEDULE_TEXT" });
  }
});
