/** Where JavaScript has the driver: what both such worlds do alike. */
import { type App, type Driver, load } from "as-fibers";
import { type Bench, DriverBench } from "./driver-bench.ts";
import { guest } from "./guests.ts";
import type { Correspondent, OutsideListener, Peer, Program, Scene } from "./world.ts";

const modules = new Map<string, WebAssembly.Module>();

/** A guest of the driver contract suite, compiled. */
export function driverModule(name: "driver" | "driver-many"): WebAssembly.Module {
  const module = modules.get(name) ?? new WebAssembly.Module(guest(name).binary as BufferSource);
  modules.set(name, module);
  return module;
}

export abstract class JavaScriptScene implements Scene {
  abstract readonly driver: Driver;
  abstract connect(port: number): Promise<Peer>;
  abstract listen(): Promise<OutsideListener>;
  abstract unusedPort(): Promise<number>;
  abstract openDatagrams(): Promise<Correspondent>;
  abstract unusedPath(): string;
  abstract connectUnix(path: string): Promise<Peer>;
  abstract listenUnix(path: string): Promise<Omit<OutsideListener, "port">>;
  abstract close(): Promise<void>;

  async run(name: "driver" | "driver-many"): Promise<Program> {
    return new AppProgram(await load(driverModule(name), { driver: this.driver, onUnobserved: () => {} }));
  }

  openBench(): Promise<Bench> {
    return Promise.resolve(new DriverBench(this.driver));
  }
}

class AppProgram implements Program {
  readonly #app: App;

  constructor(app: App) {
    this.#app = app;
  }

  async call(verb: string, ...values: (number | string)[]): Promise<unknown> {
    const exported = this.#app.exports[verb];
    if (!exported) throw new Error(`the program has no ${verb}`);
    return await exported(...values);
  }

  async portOf(listener: number): Promise<number> {
    return (await this.call("portOf", listener)) as number;
  }

  reasons(): Promise<string[]> {
    return Promise.resolve(this.#app.fibers().map(({ state, reason }) => reason || state));
  }

  collect(): Promise<void> {
    return Promise.resolve(this.#app.collect());
  }

  close(): Promise<void> {
    return this.#app.close();
  }

  terminate(): Promise<void> {
    return Promise.resolve(this.#app.terminate());
  }
}
