/** How the calls are chosen and prepared: nanoseconds where the kernel has them; and what happens without koffi. */
import { constants } from "node:os";
import { describe, expect, test } from "vitest";
import { pickWait } from "../../host/event-queue/epoll-calls.ts";
import { pickPoll } from "../../host/event-queue/poll-calls.ts";
import { Timespec, toMilliseconds } from "../../host/event-queue/timespec.ts";
import { root, runNode } from "../setup/command.ts";
import { worlds } from "./world.ts";

const { ENOSYS } = constants.errno;

test.each([
  [0.1, [0, 0, 1]],
  [999_999_999.5, [1, 0, 0]],
  [1e9, [1, 0, 0]],
  [2_500_000_001, [2, 0, 500_000_001]],
  [2 ** 53, [9_007_199, 0, 254_740_992]],
  [1e30, [2 ** 31, 0]],
])("%d ns as timespec is rounded up", (ns, expected) => {
  expect([...new Timespec().set(ns)].slice(0, expected.length)).toEqual(expected);
});

test("milliseconds are rounded up too, and cut when they are too many", () => {
  expect([0, 1, 1e6, 1e6 + 1, 1e30, Infinity].map(toMilliseconds)).toEqual([0, 1, 1, 2, 2 ** 31 - 1, -1]);
});

describe.each([
  {
    name: "epoll_pwait2",
    make: (coarse: () => number, fine: (() => number) | null) => {
      const wait = pickWait(coarse as never, fine as never);
      return (ns: number) => wait(3, new Uint32Array(3), 1, ns);
    },
  },
  {
    name: "ppoll",
    make: (coarse: () => number, fine: (() => number) | null) => {
      const poll = pickPoll(coarse as never, fine as never);
      return (ns: number) => poll(new Int16Array(4), 1, ns);
    },
  },
])("$name", ({ make }) => {
  function record(result: number) {
    const calls: string[] = [];
    const coarse = (...values: unknown[]) => (calls.push(`coarse ${String(values.at(-1))}`), 0);
    const fine = (...values: unknown[]) => {
      const timespec = values.find((value) => value instanceof Uint32Array && value.length === 4) as Uint32Array;
      calls.push(`fine ${timespec[0]} s ${timespec[2]} ns`);
      return result;
    };
    return { calls, coarse, fine };
  }

  test("is asked for times between never and for ever", () => {
    const { calls, coarse, fine } = record(0);
    const wait = make(coarse, fine);
    for (const ns of [0, 1_500_000, Infinity]) wait(ns);
    expect(calls).toEqual(["coarse 0", "fine 0 s 1500000 ns", "coarse -1"]);
  });

  test("is not asked again by a kernel that does not have it", () => {
    const { calls, coarse, fine } = record(-ENOSYS);
    const wait = make(coarse, fine);
    for (const ns of [1_500_000, 1]) expect(wait(ns)).toBe(0);
    expect(calls).toEqual(["fine 0 s 1500000 ns", "coarse 2", "coarse 1"]);
  });

  test("is not needed", () => {
    const { calls, coarse } = record(0);
    make(coarse, null)(1_500_000);
    expect(calls).toEqual(["coarse 2"]);
  });
});

test("without koffi the module loads, and what needs it says what to install", async () => {
  const hook = `export async function resolve(specifier, context, next) {
    if (specifier === "koffi") throw Object.assign(new Error("none"), { code: "ERR_MODULE_NOT_FOUND" });
    return next(specifier, context);
  }`;
  const script = `import { register } from "node:module";
    register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hook)}));
    const { EventQueue, openSelector, attachNotifier } = await import("as-fibers/event-queue");
    const handle = { fd: 1, words: new Int32Array(new SharedArrayBuffer(12)) };
    for (const open of [() => EventQueue.open(), () => openSelector({ backEnd: "poll" }), () => attachNotifier(handle)]) {
      await open().catch(({ name, code, message }) => console.log(name, code, message));
    }
    await openSelector({ backEnd: "kqueue" }).catch(({ code, message }) => console.log(code, message));`;
  const { stdout, stderr } = await runNode(["--input-type=module", "--eval", script], { cwd: root });
  const lines = stdout.trimEnd().split("\n");
  expect(lines.length, stderr).toBe(4);
  for (const line of lines.slice(0, 3)) expect(line).toMatch(/^FibersError E_NO_KOFFI .*npm install koffi$/);
  if (process.platform === "linux") {
    expect(lines[3]).toBe("E_NO_BACK_END kqueue is not to be had on linux: there is epoll and poll");
  }
});

test("what is skipped is said", () => {
  const missing = worlds.filter(({ lacks }) => lacks.has("koffi")).map(({ name }) => name);
  if (missing.length > 0)
    console.info(`event queue: skipped on ${missing.join(" and ")}, ${missing.length} back ends: no koffi`);
  expect(worlds.length - missing.length).toBeGreaterThan(0);
});
