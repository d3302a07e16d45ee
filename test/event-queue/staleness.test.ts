/** What is out of date is not reported: point 12 of the selector's contract. */
import { describe, expect } from "vitest";
import { Events } from "../../host/event-queue/events.ts";
import {
  BOTH,
  codeOf,
  describeEvents,
  EDGE,
  LEVEL,
  look,
  MS,
  ONESHOT,
  openScene,
  READABLE,
  WRITABLE,
} from "./setup.ts";
import { needing, type Scene, worlds } from "./world.ts";

/** A pipe of which the reading end has this number, which is free. */
function pipeAt(scene: Scene, fd: number): [number, number] {
  for (;;) {
    const ends = scene.pipe();
    if (ends[0] === fd) return ends;
    if (ends[1] === fd) throw new Error("the other end has the number");
    if (ends[0] > fd) throw new Error(`descriptor ${fd} is in use`);
  }
}

describe.each(worlds)("point 12 on $name", (world) => {
  needing(world).each([
    ["oneshot", ONESHOT],
    ["level", LEVEL],
    ["edge", EDGE],
  ] as const)("deregistered: nothing more comes, %s", async (_, mode) => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, mode);
    scene.write(writing);
    scene.selector.deregister(reading);
    expect(look(scene)).toEqual([]);
    scene.write(writing);
    expect(look(scene)).toEqual([]);
  });

  needing(world)("events that the program is going through are passed over when they are out of date", async () => {
    const scene = await openScene(world);
    const fds = [0, 1, 2, 3].map((token) => {
      const [, writing] = scene.pipe();
      scene.selector.register(writing, token, WRITABLE);
      return writing;
    });
    const events = new Events();
    expect(scene.selector.wait(events, 0)).toBe(4);
    const seen: number[] = [];
    for (const event of events) {
      seen.push(event.token);
      if (seen.length > 1) continue;
      const others = fds.filter((_, token) => token !== event.token);
      scene.selector.deregister(others[0] as number);
      scene.selector.modify(others[1] as number, 9, WRITABLE);
    }
    expect(seen.length).toBe(2);
    expect(describeEvents(events).length).toBe(2);
    expect(look(scene)).toEqual(["9:w"]);
  });

  needing(world)("a number that is in use again", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, LEVEL);
    scene.write(writing);
    scene.selector.deregister(reading);
    scene.close(reading);
    const [next, nextWriting] = pipeAt(scene, reading);
    scene.selector.register(next, 2, READABLE, LEVEL);
    expect(look(scene)).toEqual([]);
    scene.write(nextWriting);
    expect(look(scene)).toEqual(["2:r"]);
  });

  needing(world)("closed, and deregistered afterwards", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, LEVEL);
    scene.write(writing);
    scene.close(reading);
    expect(look(scene)).toEqual([]);
    scene.selector.deregister(reading);
    expect(codeOf(() => scene.selector.deregister(reading))).toBe("E_NOT_REGISTERED");
  });

  needing(world)("closed, and its number registered anew without deregistering", async () => {
    const scene = await openScene(world);
    const [reading] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, LEVEL);
    scene.close(reading);
    const [next, nextWriting] = pipeAt(scene, reading);
    scene.write(nextWriting);
    expect(look(scene)).toEqual([]); // nobody has asked for this one
    scene.selector.register(next, 2, READABLE, LEVEL);
    expect(look(scene)).toEqual(["2:r"]);
    expect(scene.selector.count).toBe(1);
  });

  needing(world)("closed, and its number modified: that was another one", async () => {
    const scene = await openScene(world);
    const [reading] = scene.pipe();
    scene.selector.register(reading, 1);
    scene.close(reading);
    expect(codeOf(() => scene.selector.modify(reading, 2))).toBe("E_NOT_REGISTERED");
    const [next, nextWriting] = pipeAt(scene, reading);
    scene.write(nextWriting);
    expect(codeOf(() => scene.selector.modify(next, 2))).toBe("E_NOT_REGISTERED");
    expect(look(scene)).toEqual([]);
  });

  needing(world)("closed by another thread while it sleeps", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    const [other, otherWriting] = scene.pipe();
    scene.selector.register(reading, 1);
    scene.selector.register(other, 2);
    await scene.during({ type: "close", fd: reading }, { type: "write", fd: otherWriting });
    const events = new Events();
    expect(scene.selector.wait(events)).toBe(1);
    expect(describeEvents(events)).toEqual(["2:r"]);
    scene.selector.deregister(reading);
    scene.close(writing);
  });

  needing(world)("closed while a duplicate is open: no event, and waits are not cut short for nothing", async () => {
    let waits = 0;
    const scene = await openScene(world, { onWait: () => void waits++ });
    const [reading, writing] = scene.pipe();
    const [full, fullReading] = scene.pipe().toReversed() as [number, number];
    const [spent] = scene.pair();
    const [left] = scene.pipe();
    scene.duplicate(reading);
    scene.selector.register(left, 5, READABLE, LEVEL);
    scene.selector.register(reading, 1, READABLE, LEVEL);
    scene.selector.register(spent, 3, BOTH, ONESHOT);
    expect(look(scene)).toEqual(["3:w"]);
    scene.close(left);
    const [, otherWriting] = pipeAt(scene, left); // closed first, and another one by now
    scene.write(otherWriting);
    scene.close(reading);
    scene.selector.deregister(reading);
    scene.write(writing);
    scene.fill(full);
    scene.selector.register(full, 2, WRITABLE, LEVEL);
    waits = 0;
    const events = new Events();
    expect(scene.selector.wait(events, scene.selector.now() + MS)).toBe(0);
    expect(waits).toBeLessThanOrEqual(3);
    // The others are as they were.
    expect(look(scene)).toEqual([]);
    scene.drain(fullReading);
    expect(look(scene)).toEqual(["2:w"]);
    scene.selector.modify(spent, 4, BOTH, ONESHOT);
    expect(look(scene)).toEqual(["2:w", "4:w"]);
  });
});
