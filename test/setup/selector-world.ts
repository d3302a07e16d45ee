/** The worlds of the driver `selector`: real sockets, watched by the system's own event queue. */
import { Writable } from "node:stream";
import { selectorDriver, type SelectorDriver } from "as-fibers";
import { readableOf } from "./node-world.ts";
import { isHere } from "./real-drivers.ts";
import { RealScene } from "./real-scene.ts";
import type { World } from "./world.ts";

function selectorWorld(backEnd: "epoll" | "poll"): World {
  return {
    name: backEnd,
    isHere: isHere(backEnd),
    isSimulated: false,
    lacks: new Set(),
    streamName: String.raw`127\.0\.0\.1:\d+`,
    async open({ stdin } = {}) {
      const stdout = new Writable({ write: (_chunk, _encoding, done) => done() });
      return new SelectorScene(await selectorDriver({ backEnd, stdin: () => readableOf(stdin), stdout }));
    },
  };
}

class SelectorScene extends RealScene {
  readonly driver: SelectorDriver;

  constructor(driver: SelectorDriver) {
    super();
    this.driver = driver;
  }
}

export const epollWorld = selectorWorld("epoll");
export const pollWorld = selectorWorld("poll");
