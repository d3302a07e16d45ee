/** Registering, interests and tokens: points 1, 2 and 7 of the selector's contract. */
import { closeSync, openSync } from "node:fs";
import { describe, expect } from "vitest";
import { Events } from "../../host/event-queue/events.ts";
import type { Mode } from "../../host/event-queue/interest.ts";
import { BOTH, codeOf, EDGE, LEVEL, look, NONE, openScene, READABLE, WRITABLE } from "./setup.ts";
import { needing, worlds } from "./world.ts";

describe.each(worlds)("point 1 on $name", (world) => {
  needing(world)("registering twice, and modifying or deregistering what is not registered", async () => {
    const scene = await openScene(world);
    const { selector } = scene;
    const [reading] = scene.pipe();
    expect(codeOf(() => selector.modify(reading, 1))).toBe("E_NOT_REGISTERED");
    expect(codeOf(() => selector.deregister(reading))).toBe("E_NOT_REGISTERED");
    selector.register(reading, 1);
    expect(codeOf(() => selector.register(reading, 2))).toBe("E_ALREADY_REGISTERED");
    expect(selector.count).toBe(1);
    selector.deregister(reading);
    expect(codeOf(() => selector.deregister(reading))).toBe("E_NOT_REGISTERED");
    expect(selector.count).toBe(0);
    selector.register(reading, 3);
    expect(selector.has(reading)).toBe(true);
  });

  needing(world)("the messages name the descriptor and the way out", async () => {
    const { selector } = await openScene(world);
    expect(() => selector.modify(77, 1)).toThrow("modify: descriptor 77 is not registered: register it before");
    expect(() => selector.register(-1, 1)).toThrow("a descriptor is a whole number from 0, and got -1");
  });

  needing(world)("a refused registration changes nothing", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    expect(codeOf(() => scene.selector.register(999, 1))).toBe("EBADF");
    expect(scene.selector.has(999)).toBe(false);
    scene.selector.register(reading, 5, READABLE, LEVEL);
    expect(codeOf(() => scene.selector.register(reading, 6, WRITABLE, EDGE))).toBe("E_ALREADY_REGISTERED");
    expect(codeOf(() => scene.selector.modify(reading, 6, 4))).toBe("E_INVALID_ARGUMENT");
    expect(codeOf(() => scene.selector.modify(reading, 6, READABLE, 3 as Mode))).toBe("E_INVALID_ARGUMENT");
    scene.write(writing);
    expect(look(scene)).toEqual(["5:r"]);
  });

  needing(world)("the selector's own descriptor is taken", async () => {
    const { selector, calls } = await openScene(world);
    // A pipe's reading end has the lower number; an eventfd has one.
    const { fd } = selector.notifier();
    const own = calls.eventfd ? fd : fd - 1;
    expect(codeOf(() => selector.register(own, 1))).toBe("E_ALREADY_REGISTERED");
    expect(codeOf(() => selector.deregister(own))).toBe("E_NOT_REGISTERED");
  });
});

describe.each(worlds.filter(({ name }) => name !== "simulated kqueue"))("point 1 on $name", (world) => {
  needing(world)("a regular file: epoll refuses it, poll finds it ready", async () => {
    const scene = await openScene(world);
    const file = openSync(new URL(import.meta.url), "r");
    try {
      if (world.name === "epoll") expect(codeOf(() => scene.selector.register(file, 1))).toBe("EPERM");
      else {
        scene.selector.register(file, 1, BOTH);
        expect(look(scene)).toEqual(["1:rw"]);
      }
    } finally {
      closeSync(file);
    }
  });
});

describe.each(worlds)("point 2 on $name", (world) => {
  needing(world)("only what is asked for is told", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, LEVEL);
    scene.selector.register(writing, 2, WRITABLE, LEVEL);
    expect(look(scene)).toEqual(["2:w"]);
    scene.write(writing);
    expect(look(scene)).toEqual(["1:r", "2:w"]);
    scene.selector.modify(writing, 2, NONE, LEVEL);
    expect(look(scene)).toEqual(["1:r"]);
    scene.selector.modify(reading, 1, NONE, LEVEL);
    expect(look(scene)).toEqual([]);
    scene.selector.modify(writing, 3, WRITABLE, LEVEL);
    expect(look(scene)).toEqual(["3:w"]);
  });

  needing(world)("a full pipe is not writable, an emptied one is", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.fill(writing);
    scene.selector.register(writing, 1, WRITABLE, LEVEL);
    expect(look(scene)).toEqual([]);
    scene.drain(reading);
    expect(look(scene)).toEqual(["1:w"]);
  });

  needing(world)("a hangup comes with the direction of interest, and what was sent before is still there", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, READABLE, LEVEL);
    scene.write(writing, 3);
    scene.close(writing);
    expect(look(scene)).toEqual(["1:rh"]);
    expect(scene.drain(reading)).toBe(3);
    expect(look(scene)).toEqual(["1:rh"]);
    expect(scene.drain(reading)).toBe(0);
  });

  needing(world)("a pipe that nobody reads any more: writing would not wait, but fail", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.fill(writing);
    scene.selector.register(writing, 1, WRITABLE, LEVEL);
    scene.close(reading);
    expect(look(scene)[0]).toMatch(/^1:w[he]$/); // a hint: kqueue calls it a hangup, the others an error
  });

  needing(world)("without any interest a hangup is not told either", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    scene.selector.register(reading, 1, NONE, LEVEL);
    scene.close(writing);
    expect(look(scene)).toEqual([]);
    scene.selector.modify(reading, 2, READABLE, LEVEL);
    expect(look(scene)).toEqual(["2:rh"]);
  });
});

describe.each(worlds)("point 7 on $name", (world) => {
  needing(world).each([0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1])("the number %d comes back", async (token) => {
    const scene = await openScene(world);
    const [, writing] = scene.pipe();
    scene.selector.register(writing, token, WRITABLE);
    expect(look(scene)).toEqual([`${token}:w`]);
  });

  needing(world).each([0n, 2n ** 32n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n])("and so does %d", async (token) => {
    const scene = await openScene(world);
    const [, writing] = scene.pipe();
    const events = new Events(1);
    scene.selector.register(writing, token, WRITABLE);
    expect(scene.selector.wait(events, 0)).toBe(1);
    for (const event of events) {
      expect(event.token64).toBe(token);
      if (token < 2n ** 53n) expect(event.token).toBe(Number(token));
      else expect(codeOf(() => event.token)).toBe("E_UNSAFE_TOKEN");
    }
  });

  needing(world).each([-1, 1.5, 2 ** 53, Number.NaN, -1n, 2n ** 64n])("%d is none", async (token) => {
    const scene = await openScene(world);
    const [reading] = scene.pipe();
    expect(codeOf(() => scene.selector.register(reading, token))).toBe("E_INVALID_ARGUMENT");
    expect(scene.selector.count).toBe(0);
  });
});
