/** What the tests of the selector share: scenes that are ended after each test, and events as plain values. */
import { onTestFinished } from "vitest";
import { Events } from "../../host/event-queue/events.ts";
import { Interest, Mode } from "../../host/event-queue/interest.ts";
import type { Scene, SceneOptions, World } from "./world.ts";

export const { READABLE, WRITABLE, NONE } = Interest;
export const { ONESHOT, LEVEL, EDGE } = Mode;
export const BOTH = READABLE | WRITABLE;
export const MS = 1e6;

export async function openScene(world: World, options?: SceneOptions): Promise<Scene> {
  const scene = await world.open(options);
  // Not a hook of this file: it is evaluated once for all test files of a process.
  onTestFinished(() => scene.end());
  return scene;
}

/** One event as "token:rwhe", without what is not so. */
export function describeEvents(events: Events): string[] {
  return Array.from(events, (event) => {
    const flags = [
      event.isReadable ? "r" : "",
      event.isWritable ? "w" : "",
      event.isHangup ? "h" : "",
      event.isError ? "e" : "",
    ];
    return `${event.token}:${flags.join("")}`;
  }).toSorted();
}

/** What a look tells: without waiting. */
export function look(scene: Scene, capacity?: number): string[] {
  const events = new Events(capacity);
  scene.selector.wait(events, 0);
  return describeEvents(events);
}

/** The code of the error that this throws. */
export function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return "none";
}
