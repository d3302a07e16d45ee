/** The world of the driver `virtual`: a simulated network. */
import { virtualDriver, type VirtualDriver } from "as-fibers";
import { JavaScriptScene } from "./javascript-scene.ts";
import type { Correspondent, OutsideListener, Peer, World } from "./world.ts";

export const virtualWorld: World = {
  name: "virtual",
  isHere: true,
  isSimulated: true,
  lacks: new Set(["clock", "file"]),
  streamName: String.raw`127\.0\.0\.1:\d+`,
  open: ({ stdin } = {}) => Promise.resolve(new VirtualScene(stdin ?? null)),
};

class VirtualScene extends JavaScriptScene {
  readonly driver: VirtualDriver;
  #paths = 0;

  constructor(stdin: string | null) {
    super();
    this.driver = virtualDriver({ stdin });
  }

  connect(port: number): Promise<Peer> {
    return this.driver.network.connect(port);
  }

  listen(): Promise<OutsideListener> {
    const listener = this.driver.network.listen();
    return Promise.resolve({
      port: listener.port,
      accept: () => listener.accept(),
      close: () => Promise.resolve(listener.close()),
    });
  }

  unusedPort(): Promise<number> {
    return Promise.resolve(this.driver.network.unusedPort());
  }

  openDatagrams(): Promise<Correspondent> {
    return Promise.resolve(this.driver.network.post.open());
  }

  unusedPath(): string {
    return `/simulated/${++this.#paths}.sock`;
  }

  connectUnix(path: string): Promise<Peer> {
    return this.driver.network.connectUnix(path);
  }

  listenUnix(path: string) {
    const listener = this.driver.network.listenUnix(path);
    return Promise.resolve({
      accept: () => listener.accept(),
      close: () => Promise.resolve(listener.close()),
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
