/** Notifying from any thread, and closing: points 11 and 14 of the selector's contract. */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Events } from "../../host/event-queue/events.ts";
import { attachNotifier, Notifier } from "../../host/event-queue/notifier.ts";
import { codeOf, describeEvents, look, openScene, WRITABLE } from "./setup.ts";
import { needing, worlds } from "./world.ts";

const events = new Events(8);

describe.each(worlds)("point 11 on $name", (world) => {
  needing(world)("before the wait: it ends at once, and the next one does not", async () => {
    const { selector } = await openScene(world);
    selector.notify();
    expect(selector.wait(events)).toBe(0);
    expect(selector.wasNotified).toBe(true);
    expect(selector.wait(events, 0)).toBe(0);
    expect(selector.wasNotified).toBe(false);
  });

  needing(world)("any number before the wait is one", async () => {
    const { selector } = await openScene(world);
    for (let i = 0; i < 100_000; i++) selector.notify();
    selector.wait(events);
    expect(selector.wasNotified).toBe(true);
    selector.wait(events, 0);
    expect(selector.wasNotified).toBe(false);
  });

  needing(world, "threads")("during the wait, from another thread", async () => {
    const { selector, during } = await bound(world);
    await during({ type: "notify", handle: selector.notifier() });
    expect(selector.wait(events)).toBe(0);
    expect(selector.wasNotified).toBe(true);
  });

  needing(world, "threads")("from another thread before the wait", async () => {
    const { selector, elsewhere } = await bound(world);
    await elsewhere({ type: "notify", handle: selector.notifier(), times: 1000 });
    expect(selector.wait(events)).toBe(0);
    expect(selector.wasNotified).toBe(true);
    expect(selector.wait(events, 0)).toBe(0);
    expect(selector.wasNotified).toBe(false);
  });

  needing(world, "threads")("one for each of many waits: none is lost", async () => {
    const { selector, during } = await bound(world);
    for (let i = 0; i < 20; i++) {
      await during({ type: "notify", handle: selector.notifier() });
      expect(selector.wait(events)).toBe(0);
      expect(selector.wasNotified).toBe(true);
    }
  });

  needing(world)("while it sleeps", async () => {
    const { selector, during } = await bound(world);
    await during({ type: "notify", handle: selector.notifier(), times: 3 });
    expect(selector.wait(events)).toBe(0);
    expect(selector.wasNotified).toBe(true);
  });

  needing(world)("events come with it", async () => {
    const scene = await openScene(world);
    scene.selector.register(scene.pipe()[1], 1, WRITABLE);
    scene.selector.notify();
    expect(scene.selector.wait(events)).toBe(1);
    expect(describeEvents(events)).toEqual(["1:w"]);
    expect(scene.selector.wasNotified).toBe(true);
  });

  needing(world)("when there is no room for all events it is not lost", async () => {
    const scene = await openScene(world);
    for (let token = 0; token < 5; token++) scene.selector.register(scene.pipe()[1], token, WRITABLE);
    scene.selector.notify();
    let notified = 0;
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) {
      seen.push(...look(scene, 1));
      if (scene.selector.wasNotified) notified++;
    }
    expect(notified).toBe(1);
    expect(seen.toSorted()).toEqual(["0:w", "1:w", "2:w", "3:w", "4:w"]);
  });

  needing(world, "event loop")("ends a waitAsync, from this thread and from another one", async () => {
    const { selector, elsewhere } = await bound(world);
    let waiting = selector.waitAsync(events);
    selector.notify();
    expect(await waiting).toBe(0);
    expect(selector.wasNotified).toBe(true);
    waiting = selector.waitAsync(events);
    await elsewhere({ type: "notify", handle: selector.notifier() });
    expect(await waiting).toBe(0);
    expect(selector.wasNotified).toBe(true);
  });
});

async function bound(world: (typeof worlds)[number]) {
  const scene = await openScene(world);
  return {
    selector: scene.selector,
    during: scene.during.bind(scene),
    elsewhere: scene.elsewhere.bind(scene),
  };
}

describe.each(worlds)("point 14 on $name", (world) => {
  needing(world)("afterwards everything is E_CLOSED, but closing", async () => {
    const scene = await openScene(world);
    const [reading] = scene.pipe();
    const { selector } = scene;
    selector.register(reading, 1);
    selector.close();
    selector.close();
    expect(selector.isClosed).toBe(true);
    for (const call of [
      () => selector.register(reading, 1),
      () => selector.modify(reading, 1),
      () => selector.deregister(reading),
      () => selector.wait(events, 0),
      () => selector.notifier(),
    ]) {
      expect(codeOf(call)).toBe("E_CLOSED");
    }
    selector.notify();
    selector.exhausted(reading, 1);
    expect(scene.calls.read(reading, new Uint8Array(1))).toBeLessThan(0); // open still, and empty
  });

  needing(world)("a notifier of a closed one writes nowhere, even when its number is in use again", async () => {
    const scene = await openScene(world);
    const handle = scene.selector.notifier();
    const written: number[] = [];
    const notifier = new Notifier(handle, { write: (fd) => written.push(fd) });
    expect(notifier.notify()).toBe(true);
    scene.selector.close();
    expect(notifier.notify()).toBe(false);
    expect(written).toEqual([handle.fd]);
  });

  needing(world, "event loop")("ends a waitAsync with E_CLOSED", async () => {
    const { selector } = await openScene(world);
    const waiting = selector.waitAsync(events);
    selector.close();
    await expect(waiting).rejects.toMatchObject({ code: "E_CLOSED" });
    await expect(selector.waitAsync(events)).rejects.toMatchObject({ code: "E_CLOSED" });
  });

  needing(world, "threads")("leaves no descriptor behind", async () => {
    (await openScene(world)).end(); // what is opened once for all
    const count = () => readdirSync("/proc/self/fd").length;
    const before = count();
    for (let i = 0; i < 10; i++) {
      const scene = await openScene(world);
      const [reading] = scene.pipe();
      scene.selector.register(reading, 1);
      const waiting = world.lacks.has("event loop") ? null : scene.selector.waitAsync(events);
      scene.end();
      await waiting?.catch(() => {});
    }
    expect(count()).toBeLessThanOrEqual(before);
  });
});

test("attachNotifier takes handles only", async () => {
  await expect(attachNotifier({ fd: 1, words: new Int32Array(3) })).rejects.toMatchObject({
    code: "E_INVALID_ARGUMENT",
  });
});
