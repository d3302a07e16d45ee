/** The program that the driver contract suite runs on every driver, with its verbs as methods; and the scene around it. */
import { type App, load } from "as-fibers";
import { guest } from "./guests.ts";
import type { Scene, World } from "./world.ts";

const module = new WebAssembly.Module(guest("driver").binary as BufferSource);

export interface Program {
  readonly app: App;
  readonly scene: Scene;
  /** Calls an export. */
  call(verb: string, ...values: (number | string)[]): Promise<unknown>;
  /** A listener of the program, and a way to open connections to it. */
  listen(): Promise<{ listener: number; port: number }>;
  /** Runs a verb in a fiber that can be cancelled; waits until that waits. */
  begin(verb: string, id: number, text?: string): Promise<number>;
  /** Its result, or the code of its error. */
  end(job: number): Promise<string>;
}

const scenes: { scene: Scene; app: App }[] = [];

/** Opens a scene and runs the program in it. */
export async function openProgram(world: World, options?: { stdin?: string }): Promise<Program> {
  const scene = await world.open(options);
  const app = await load(module, { driver: scene.driver, onUnobserved: () => {} });
  scenes.push({ scene, app });
  const call = async (verb: string, ...values: (number | string)[]) => await app.exports[verb]?.(...values);
  return {
    app,
    scene,
    call,
    async listen() {
      const listener = (await call("listen", "127.0.0.1", 0)) as number;
      return { listener, port: (await call("portOf", listener)) as number };
    },
    async begin(verb, id, text = "") {
      return (await call("begin", verb, id, text)) as number;
    },
    async end(job) {
      return (await call("end", job)) as string;
    },
  };
}

/** For `afterEach`. */
export async function closeScenes(): Promise<void> {
  for (const { scene, app } of scenes.splice(0)) {
    app.terminate();
    await scene.close();
  }
}

/** A connection: the program's number of it, and the peer. */
export async function openStream(program: Program) {
  const { listener, port } = await program.listen();
  const accepting = program.call("accept", listener);
  const peer = await program.scene.connect(port);
  const stream = (await accepting) as number;
  return { stream, peer, listener, port };
}

/** Waits until the event loop has brought about what is asked for. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

/** How many fibers wait for this. */
export function waiting({ app }: Program, reason: string): number {
  return app.fibers().filter((fiber) => fiber.reason === reason).length;
}

/** Waits until the program's write has come to a stop: nobody reads, and everything between the two is full. */
export async function stalled(program: Program): Promise<void> {
  let quiet = 0;
  for (let before = -1; quiet < 20;) {
    await program.call("measure", 1);
    const written = (await program.call("writtenBytes")) as number;
    quiet = written === before ? quiet + 1 : 0;
    before = written;
  }
}
