/** Many idle descriptors do not disturb the few that are ready. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { Events } from "../../host/event-queue/events.ts";
import { describeEvents, LEVEL, MS, openScene, READABLE } from "./setup.ts";
import { needing, worlds } from "./world.ts";

/** As many as may be open, up to 10,000. */
function affordable(): number {
  try {
    const [, soft = "1024"] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    // Other tests of this process may have left some that are still being closed.
    return Math.min(10_000, Number(soft) - readdirSync("/proc/self/fd").length - 1000);
  } catch {
    return 200;
  }
}

describe.each(worlds)("points 8 and 9 on $name", (world) => {
  needing(world)("10,000 idle descriptors, or as many as can be open", async () => {
    const scene = await openScene(world);
    const { selector } = scene;
    const count = affordable();
    const [reading] = scene.pipe();
    const [busy, busyWriting] = scene.pipe();
    const idle = Array.from({ length: count }, () => scene.duplicate(reading));
    idle.forEach((fd, token) => selector.register(fd, token, READABLE, LEVEL));
    selector.register(busy, count, READABLE, LEVEL);
    expect(selector.count).toBe(count + 1);
    const events = new Events(64);
    expect(selector.wait(events, selector.now() + MS)).toBe(0);
    scene.write(busyWriting);
    expect(selector.wait(events)).toBe(1);
    expect(describeEvents(events)).toEqual([`${count}:r`]);
    scene.drain(busy);
    selector.notify();
    expect(selector.wait(events)).toBe(0);
    for (const fd of idle) selector.deregister(fd);
    expect(selector.count).toBe(1);
    scene.write(busyWriting);
    expect(selector.wait(events)).toBe(1);
  });

  needing(world)("when all are ready, each is told", async () => {
    const scene = await openScene(world);
    const [reading, writing] = scene.pipe();
    for (let token = 0; token < 2000; token++) scene.selector.register(scene.duplicate(reading), token);
    scene.write(writing);
    const events = new Events(300);
    const seen = new Set<number>();
    while (scene.selector.wait(events, 0) > 0) for (const { token } of events) seen.add(token);
    expect(seen.size).toBe(2000);
  });
});
