/** The world of the driver `virtual`: a simulated network. */
import { virtualDriver, type VirtualDriver } from "as-fibers";
import { JavaScriptScene } from "./javascript-scene.ts";
import type { OutsideListener, Peer, World } from "./world.ts";

export const virtualWorld: World = {
  name: "virtual",
  isSimulated: true,
  lacks: new Set(["clock"]),
  streamName: String.raw`127\.0\.0\.1:\d+`,
  open: ({ stdin } = {}) => Promise.resolve(new VirtualScene(stdin ?? null)),
};

class VirtualScene extends JavaScriptScene {
  readonly driver: VirtualDriver;

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

  close(): Promise<void> {
    return Promise.resolve();
  }
}
