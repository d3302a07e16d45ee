/** The world of the driver `virtual`: a simulated network. */
import { virtualDriver, type VirtualDriver } from "as-fibers";
import type { OutsideListener, Peer, Scene, World } from "./world.ts";

export const virtualWorld: World = {
  name: "virtual",
  isSimulated: true,
  open: ({ stdin } = {}) => Promise.resolve(new VirtualScene(stdin ?? null)),
};

class VirtualScene implements Scene {
  readonly driver: VirtualDriver;

  constructor(stdin: string | null) {
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

  output(): string {
    return this.driver.output;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
