/** The worlds of the driver `selector`: real sockets, watched by the system's own event queue. */
import { Writable } from "node:stream";
import { selectorDriver, type SelectorDriver } from "as-fibers";
import { JavaScriptScene } from "./javascript-scene.ts";
import { Loopback } from "./loopback.ts";
import { readableOf } from "./node-world.ts";
import type { World } from "./world.ts";

function selectorWorld(backEnd: "epoll" | "poll"): World {
  return {
    name: backEnd,
    isSimulated: false,
    lacks: new Set(),
    streamName: String.raw`127\.0\.0\.1:\d+`,
    async open({ stdin } = {}) {
      const stdout = new Writable({ write: (_chunk, _encoding, done) => done() });
      return new SelectorScene(await selectorDriver({ backEnd, stdin: () => readableOf(stdin), stdout }));
    },
  };
}

class SelectorScene extends JavaScriptScene {
  readonly driver: SelectorDriver;
  readonly #network = new Loopback();

  constructor(driver: SelectorDriver) {
    super();
    this.driver = driver;
  }

  connect(port: number) {
    return this.#network.connect(port);
  }

  listen() {
    return this.#network.listen();
  }

  unusedPort() {
    return this.#network.unusedPort();
  }

  openDatagrams() {
    return this.#network.openDatagrams();
  }

  unusedPath() {
    return this.#network.unusedPath();
  }

  connectUnix(path: string) {
    return this.#network.connectUnix(path);
  }

  listenUnix(path: string) {
    return this.#network.listenUnix(path);
  }

  close() {
    return this.#network.close();
  }
}

export const epollWorld = selectorWorld("epoll");
export const pollWorld = selectorWorld("poll");
