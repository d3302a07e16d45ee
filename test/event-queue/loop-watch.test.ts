/** watchLoop: Node's event loop calls back as long as a wait would bring something. */
import { closeSync, openSync, readdirSync } from "node:fs";
import { describe, expect } from "vitest";
import { Events } from "../../host/event-queue/events.ts";
import { BOTH, codeOf, describeEvents, EDGE, LEVEL, ONESHOT, openScene, READABLE } from "./setup.ts";
import { needing, type Scene, worlds } from "./world.ts";

/** Looks whenever it is called back. `next` gives what the next look tells. */
function watch({ selector }: Scene) {
  const events = new Events();
  let tell: (told: string[]) => void = () => {};
  const loop = selector.watchLoop(() => {
    selector.wait(events, -Infinity);
    if (events.length > 0 || selector.wasNotified) tell(selector.wasNotified ? ["notified"] : describeEvents(events));
  });
  return { loop, next: () => new Promise<string[]>((resolve) => (tell = resolve)) };
}

describe.each(worlds)("point 13 on $name", (world) => {
  needing(world, "event loop").each([
    ["oneshot", ONESHOT],
    ["level", LEVEL],
    ["edge", EDGE],
  ] as const)("calls back for what is registered before and after, %s", async (_, mode) => {
    const scene = await openScene(world);
    const [before, beforeWriting] = scene.pipe();
    const [after, afterWriting] = scene.pipe();
    scene.selector.register(before, 1, READABLE, mode);
    const { loop, next } = watch(scene);
    scene.write(beforeWriting);
    expect(await next()).toEqual(["1:r"]);
    scene.drain(before);
    scene.selector.register(after, 2, READABLE, mode);
    scene.write(afterWriting);
    expect(await next()).toEqual(["2:r"]);
    scene.drain(after);
    if (mode === ONESHOT) scene.selector.modify(before, 1, READABLE, mode);
    scene.write(beforeWriting);
    expect(await next()).toEqual(["1:r"]);
    loop.close();
  });

  needing(world, "event loop")("a notification calls back too", async () => {
    const scene = await openScene(world);
    const { next } = watch(scene);
    scene.selector.notify();
    expect(await next()).toEqual(["notified"]);
  });

  needing(world, "event loop")("what was closed is closed at once: the other end is told", async () => {
    const scene = await openScene(world);
    const [near, far] = scene.pair();
    scene.selector.register(near, 1, READABLE, LEVEL);
    watch(scene);
    scene.selector.deregister(near);
    scene.close(near);
    expect(scene.calls.read(far, new Uint8Array(1))).toBe(0); // in the same turn of the event loop
  });

  needing(world, "event loop")("a number that is in use again is watched as what it is now", async () => {
    const scene = await openScene(world);
    const [one] = scene.pair();
    scene.selector.register(one, 1, READABLE, EDGE);
    const { next } = watch(scene);
    scene.selector.deregister(one);
    scene.close(one);
    const [again, other] = scene.pair();
    expect(again).toBe(one);
    scene.selector.register(again, 2, READABLE, EDGE);
    scene.write(other);
    expect(await next()).toEqual(["2:r"]);
  });

  needing(world, "event loop")("a regular file, where it can be registered, calls back", async () => {
    const scene = await openScene(world);
    const file = openSync(new URL(import.meta.url), "r");
    if (world.name === "epoll") expect(codeOf(() => scene.selector.register(file, 1))).toBe("EPERM");
    else {
      const { next } = watch(scene);
      scene.selector.register(file, 1, READABLE, EDGE);
      expect(await next()).toEqual(["1:r"]);
      scene.selector.deregister(file);
    }
    closeSync(file);
  });

  needing(world, "event loop")(
    "a selector that is closed lets go of its numbers: others have them at once",
    async () => {
      for (let i = 0; i < 20; i++) {
        const scene = await openScene(world);
        const { next } = watch(scene);
        scene.selector.notify();
        expect(await next()).toEqual(["notified"]);
        scene.end();
      }
    },
  );

  needing(world, "event loop")(
    "a direction that was told is left alone: it does not call back without end",
    async () => {
      const scene = await openScene(world);
      const [one] = scene.pair();
      const events = new Events();
      let calls = 0;
      scene.selector.register(one, 1, BOTH, EDGE); // writable, and never readable
      const loop = scene.selector.watchLoop(() => {
        calls++;
        scene.selector.wait(events, -Infinity);
      });
      for (let i = 0; i < 50; i++) await new Promise(setImmediate);
      expect(calls).toBeGreaterThan(0);
      expect(calls).toBeLessThan(4);
      loop.close();
    },
  );

  needing(world, "event loop")("closed, also inside its callback, it calls back no more", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, LEVEL);
    let calls = 0;
    const loop = scene.selector.watchLoop(() => {
      calls++;
      loop.close();
    });
    scene.write(writing);
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    expect(calls).toBe(1);
  });

  needing(
    world,
    "event loop",
    "threads",
  )("leaves no descriptor behind, by itself or with its selector", async () => {
    const count = () => readdirSync("/proc/self/fd").length;
    const before = count();
    for (const isAlone of [true, false]) {
      const scene = await openScene(world);
      scene.selector.register(scene.pipe()[0], 1);
      const { loop } = watch(scene);
      await new Promise(setImmediate);
      if (isAlone) loop.close();
      scene.end();
      expect(count()).toBeLessThanOrEqual(before);
      expect(codeOf(() => scene.selector.watchLoop(() => {}))).toBe("E_CLOSED");
    }
  });
});
