/** Oneshot, level, edge, modifying and batches: points 3, 4, 5, 6 and 9 of the selector's contract. */
import { describe, expect } from "vitest";
import { Events } from "../../host/event-queue/events.ts";
import { BOTH, describeEvents, EDGE, LEVEL, look, ONESHOT, openScene, READABLE, WRITABLE } from "./setup.ts";
import { needing, worlds } from "./world.ts";

describe.each(worlds)("point 3 on $name", (world) => {
  needing(world)("one event, and none until it is modified", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1);
    scene.write(writing);
    expect(look(scene)).toEqual(["1:r"]);
    expect(look(scene)).toEqual([]);
    scene.write(writing);
    expect(look(scene)).toEqual([]);
    scene.selector.modify(reading, 2);
    expect(look(scene)).toEqual(["2:r"]);
  });

  needing(world)("a spent one tells no hangup either", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1);
    scene.write(writing);
    expect(look(scene)).toEqual(["1:r"]);
    scene.close(writing);
    expect(look(scene)).toEqual([]);
    scene.selector.modify(reading, 1);
    expect(look(scene)).toEqual(["1:rh"]);
  });
});

describe.each(worlds)("point 4 on $name", (world) => {
  needing(world)("an event in every wait, as long as it is ready", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, LEVEL);
    expect(look(scene)).toEqual([]);
    scene.write(writing, 2);
    for (let i = 0; i < 3; i++) expect(look(scene)).toEqual(["1:r"]);
    scene.calls.read(reading, new Uint8Array(1));
    expect(look(scene)).toEqual(["1:r"]);
    scene.drain(reading);
    expect(look(scene)).toEqual([]);
  });
});

describe.each(worlds)("point 5 on $name", (world) => {
  needing(world)("an event when it becomes ready, and the next one after it was exhausted", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, EDGE);
    expect(look(scene)).toEqual([]);
    scene.write(writing, 2);
    expect(look(scene)).toEqual(["1:r"]);
    expect(look(scene)).toEqual([]); // nothing new has come
    scene.calls.read(reading, new Uint8Array(1));
    expect(look(scene)).toEqual([]);
    expect(scene.drain(reading)).toBe(1);
    expect(look(scene)).toEqual([]);
    scene.write(writing);
    expect(look(scene)).toEqual(["1:r"]);
  });

  needing(world)("what comes between the call that would wait and `exhausted` is told", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, EDGE);
    scene.write(writing);
    expect(look(scene)).toEqual(["1:r"]);
    while (scene.calls.read(reading, new Uint8Array(8)) > 0);
    scene.write(writing);
    scene.selector.exhausted(reading, READABLE);
    expect(look(scene)).toEqual(["1:r"]);
    expect(look(scene)).toEqual([]);
  });

  needing(world)("writable again, when there is room again", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(writing, 1, WRITABLE, EDGE);
    expect(look(scene)).toEqual(["1:w"]);
    expect(look(scene)).toEqual([]);
    scene.fill(writing);
    expect(look(scene)).toEqual([]);
    scene.drain(reading);
    expect(look(scene)).toEqual(["1:w"]);
  });

  needing(world)("a hangup is told once", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, EDGE);
    scene.close(writing);
    expect(look(scene)).toEqual(["1:rh"]);
    expect(look(scene)).toEqual([]);
  });

  needing(world)("`exhausted` means nothing to the other modes, and to what is not registered", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.write(writing);
    scene.selector.exhausted(reading, READABLE);
    scene.selector.register(reading, 1, READABLE, ONESHOT);
    expect(look(scene)).toEqual(["1:r"]);
    scene.selector.exhausted(reading, READABLE);
    expect(look(scene)).toEqual([]);
  });
});

describe.each(worlds)("point 6 on $name", (world) => {
  const modes = { oneshot: ONESHOT, level: LEVEL, edge: EDGE };
  const names = Object.keys(modes) as (keyof typeof modes)[];
  const changes = names.flatMap((from) => names.map((to) => [from, to] as const));

  needing(world).each(changes)("from %s to %s: what is ready is told, and then by the new mode", async (from, to) => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, modes[from]);
    scene.write(writing);
    expect(look(scene)).toEqual(["1:r"]);
    scene.selector.modify(reading, 2, READABLE, modes[to]);
    expect(look(scene)).toEqual(["2:r"]);
    expect(look(scene)).toEqual(to === "level" ? ["2:r"] : []);
    scene.drain(reading);
    scene.write(writing);
    expect(look(scene)).toEqual(to === "oneshot" ? [] : ["2:r"]);
  });

  needing(world)("interests are replaced, not added", async () => {
    const scene = await openScene(world);
    const [, writing] = scene.pipe();
    scene.selector.register(writing, 1, WRITABLE, LEVEL);
    scene.selector.modify(writing, 2, 0, LEVEL);
    expect(look(scene)).toEqual([]);
  });
});

describe.each(worlds)("point 9 on $name", (world) => {
  needing(world)("what has no room comes in the next waits, and none is passed over", async () => {
    const scene = await openScene(world);
    const count = 20;
    for (let token = 0; token < count; token++) scene.selector.register(scene.pipe()[1], token, WRITABLE, LEVEL);
    const events = new Events(3);
    const seen = new Map<string, number>();
    for (let i = 0; i < count; i++) {
      expect(scene.selector.wait(events, 0)).toBe(3);
      for (const event of describeEvents(events)) seen.set(event, (seen.get(event) ?? 0) + 1);
    }
    expect(seen.size).toBe(count);
    expect([...seen.values()].reduce((sum, times) => sum + times)).toBe(3 * count);
    expect(Math.min(...seen.values())).toBeGreaterThanOrEqual(2);
  });

  needing(world)("oneshot ones that have no room are not lost", async () => {
    const scene = await openScene(world);
    for (let token = 0; token < 10; token++) scene.selector.register(scene.pipe()[1], token, WRITABLE);
    const seen = [1, 2, 3, 4].flatMap(() => look(scene, 3));
    expect(seen.toSorted()).toEqual(Array.from({ length: 10 }, (_, token) => `${token}:w`));
    expect(look(scene)).toEqual([]);
  });
});

describe.each(worlds)("points 3 and 9 on $name", (world) => {
  needing(world)("both directions are one event, and a oneshot is spent in both", async () => {
    const scene = await openScene(world);
    const [one, other] = scene.pair();
    scene.selector.register(one, 1, BOTH);
    expect(look(scene)).toEqual(["1:w"]);
    scene.write(other);
    expect(look(scene)).toEqual([]);
    scene.selector.modify(one, 2, BOTH);
    expect(look(scene)).toEqual(["2:rw"]);
    scene.selector.modify(one, 3, BOTH, LEVEL);
    expect(look(scene)).toEqual(["3:rw"]);
    expect(scene.drain(one)).toBe(1);
    expect(look(scene)).toEqual(["3:w"]);
  });
});
