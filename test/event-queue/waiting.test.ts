/** Waiting, deadlines and interruptions: points 8, 10 and 13 of the selector's contract. */
import { constants } from "node:os";
import { describe, expect, test, vi } from "vitest";
import { Events } from "../../host/event-queue/events.ts";
import { codeOf, describeEvents, LEVEL, look, MS, openScene, READABLE, WRITABLE } from "./setup.ts";
import { needing, worlds } from "./world.ts";

const { EINTR, EIO } = constants.errno;
const events = new Events(8);

describe.each(worlds)("point 8 on $name", (world) => {
  needing(world)("with nothing registered it waits until the deadline, and is never early", async () => {
    const { selector } = await openScene(world);
    for (const ns of [0.4, 1, 999, 123_456, 1.5 * MS, 3 * MS]) {
      const deadline = selector.now() + ns;
      expect(selector.wait(events, deadline)).toBe(0);
      expect(selector.now()).toBeGreaterThanOrEqual(deadline);
      expect(selector.wasNotified).toBe(false);
    }
  });

  needing(world).each([0, -1, -Infinity])("a deadline of %d is past: it only looks", async (deadline) => {
    const asked: number[] = [];
    const scene = await openScene(world, { onWait: (ns) => void asked.push(ns) });
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, LEVEL);
    expect(scene.selector.wait(events, deadline)).toBe(0);
    scene.write(writing);
    expect(scene.selector.wait(events, deadline)).toBe(1);
    expect(asked).toEqual([0, 0]);
  });

  needing(world)("the kernel is asked for the rest, rounded up, and again when it comes back early", async () => {
    let now = 1000;
    const asked: number[] = [];
    const early = [0.25, 700, 1e9];
    const { selector } = await openScene(world, {
      now: () => now,
      onWait: (ns) => {
        asked.push(ns);
        now += early[asked.length - 1] as number;
        return 0;
      },
    });
    expect(selector.wait(events, 3000.5)).toBe(0);
    expect(asked).toEqual([2001, 2001, 1301]);
  });

  needing(world)("a deadline has to be a number", async () => {
    const { selector } = await openScene(world);
    expect(codeOf(() => selector.wait(events, Number.NaN))).toBe("E_INVALID_ARGUMENT");
    expect(selector.wait(events, 0)).toBe(0);
  });

  needing(world)("it ends with what happens meanwhile", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 7);
    await scene.during({ type: "write", fd: writing });
    expect(scene.selector.wait(events)).toBe(1);
    expect(describeEvents(events)).toEqual(["7:r"]);
  });

  needing(world)("what the kernel refuses otherwise is thrown, and the selector lives on", async () => {
    let result: number | undefined = -EIO;
    const { selector } = await openScene(world, { onWait: () => result });
    expect(codeOf(() => selector.wait(events))).toBe("EIO");
    result = undefined;
    expect(selector.wait(events, 0)).toBe(0);
  });
});

describe.each(worlds)("point 10 on $name", (world) => {
  needing(world)("interrupted, it goes on for what remains", async () => {
    let now = 0;
    const asked: number[] = [];
    const { selector } = await openScene(world, {
      now: () => now,
      onWait: (ns) => {
        asked.push(ns);
        now += 40;
        return asked.length < 3 ? -EINTR : 0;
      },
    });
    expect(selector.wait(events, 100)).toBe(0);
    expect(asked).toEqual([100, 60, 20]);
  });

  needing(world)("a look that was interrupted is repeated, and so is one without a deadline", async () => {
    const asked: number[] = [];
    const scene = await openScene(world, {
      onWait: (ns) => {
        asked.push(ns);
        return asked.length % 3 ? -EINTR : undefined;
      },
    });
    const [, writing] = scene.pipe();
    scene.selector.register(writing, 1, WRITABLE, LEVEL);
    expect(look(scene)).toEqual(["1:w"]);
    expect(scene.selector.wait(events)).toBe(1);
    expect(asked).toEqual([0, 0, 0, Infinity, Infinity, Infinity]);
  });
});

describe.each(worlds)("point 13 on $name", (world) => {
  needing(world, "event loop")("JavaScript goes on while it waits", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1);
    const waiting = scene.selector.waitAsync(events);
    const order: string[] = [];
    setImmediate(() => {
      order.push("immediate");
      scene.write(writing);
    });
    expect(await waiting.then((count) => (order.push("event"), count))).toBe(1);
    expect(order).toEqual(["immediate", "event"]);
    expect(describeEvents(events)).toEqual(["1:r"]);
  });

  needing(world, "event loop")("what is there already is brought at once", async () => {
    const scene = await openScene(world);
    scene.selector.register(scene.pipe()[1], 1, WRITABLE);
    expect(await scene.selector.waitAsync(events)).toBe(1);
  });

  needing(world, "event loop").each([false, true])(
    "its deadline is never early, with an alarm or without: %s",
    async (isWithoutAlarm) => {
      const { selector } = await openScene(world, { isWithoutAlarm });
      for (const ns of [-1, 0.5 * MS, 1.2 * MS, 2.7 * MS]) {
        const deadline = selector.now() + ns;
        expect(await selector.waitAsync(events, deadline)).toBe(0);
        expect(selector.now()).toBeGreaterThanOrEqual(deadline);
        expect(selector.count).toBe(0);
      }
    },
  );

  needing(world, "event loop")(
    "an alarm that was set for a wait which ended before disturbs no other one",
    async () => {
      const { selector } = await openScene(world);
      const waiting = selector.waitAsync(events, selector.now() + MS);
      selector.notify();
      expect(await waiting).toBe(0);
      const deadline = selector.now() + 3 * MS;
      expect(selector.wait(events, deadline)).toBe(0);
      expect(selector.now()).toBeGreaterThanOrEqual(deadline);
      expect(selector.wasNotified).toBe(false);
    },
  );

  needing(world, "event loop")("registering, modifying and deregistering count in it", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    const [otherReading, otherWriting] = scene.pipe();
    const waiting = scene.selector.waitAsync(events);
    scene.selector.register(reading, 1);
    scene.selector.register(otherReading, 2);
    scene.selector.modify(reading, 3);
    scene.selector.deregister(otherReading);
    await new Promise(setImmediate);
    scene.write(otherWriting);
    scene.write(writing);
    expect(await waiting).toBe(1);
    expect(describeEvents(events)).toEqual(["3:r"]);
  });

  needing(world, "event loop")("an edge that is exhausted meanwhile is told again", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, 2);
    scene.write(writing);
    expect(await scene.selector.waitAsync(events)).toBe(1);
    const waiting = scene.selector.waitAsync(events);
    scene.drain(reading);
    await new Promise(setImmediate);
    scene.write(writing);
    expect(await waiting).toBe(1);
  });

  needing(world, "event loop")("one wait at a time", async () => {
    const { selector } = await openScene(world);
    const waiting = selector.waitAsync(events);
    expect(codeOf(() => selector.wait(new Events(), 0))).toBe("E_BUSY");
    await expect(selector.waitAsync(new Events())).rejects.toMatchObject({ code: "E_BUSY" });
    selector.notify();
    expect(await waiting).toBe(0);
    expect(selector.wait(events, 0)).toBe(0);
  });

  needing(world, "event loop")("what was closed meanwhile does not disturb it", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    const [other] = scene.pipe();
    scene.selector.register(reading, 1);
    scene.selector.register(other, 2);
    const waiting = scene.selector.waitAsync(events);
    scene.close(other); // before the event loop has looked
    await new Promise(setImmediate);
    scene.write(writing);
    expect(await waiting).toBe(1);
    expect(describeEvents(events)).toEqual(["1:r"]);
  });
});

test("a timer of the event loop that is early does not end a wait", async () => {
  const epoll = worlds.find(({ lacks }) => !lacks.has("koffi") && !lacks.has("event loop"));
  if (!epoll) return;
  let now = 0;
  const { selector } = await openScene(epoll, { now: () => now, isWithoutAlarm: true });
  const timers: number[] = [];
  const real = globalThis.setTimeout;
  const spy = vi.spyOn(globalThis, "setTimeout").mockImplementation(((wake: () => void, ms: number) => {
    timers.push(ms);
    now += 0.9 * ms * MS;
    return real(wake, 0);
  }) as typeof setTimeout);
  await selector.waitAsync(events, 100 * MS);
  spy.mockRestore();
  expect(timers).toEqual([100, 10, 1, 1]);
  expect(now).toBeGreaterThanOrEqual(100 * MS);
});
