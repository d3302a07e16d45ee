/** A scene whose network is real: sockets on 127.0.0.1, and Unix sockets in a folder of their own. */
import { JavaScriptScene } from "./javascript-scene.ts";
import { Loopback } from "./loopback.ts";

export abstract class RealScene extends JavaScriptScene {
  readonly #network = new Loopback();

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
