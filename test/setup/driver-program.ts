/** The program that the driver contract suite runs on every driver, with its verbs as methods; and the scene around it. */
import type { Program as Running, Scene, World } from "./world.ts";

export interface Program extends Running {
  readonly scene: Scene;
  /** A listener of the program, and a way to open connections to it. */
  listen(): Promise<{ listener: number; port: number }>;
  /** Runs a verb in a fiber that can be cancelled. */
  begin(verb: string, id: number, text?: string): Promise<number>;
  /** Its result, or the code of its error. */
  end(job: number): Promise<string>;
}

const open: { scene: Scene; running: Running }[] = [];

/** Opens a scene and runs the program in it. */
export async function openProgram(world: World, options?: { stdin?: string }): Promise<Program> {
  const { scene, running } = await openScene(world, "driver", options);
  const call = (verb: string, ...values: (number | string)[]) => running.call(verb, ...values);
  return {
    scene,
    call,
    portOf: (listener) => running.portOf(listener),
    reasons: () => running.reasons(),
    collect: () => running.collect(),
    close: () => running.close(),
    terminate: () => running.terminate(),
    async listen() {
      const listener = (await call("listen", "127.0.0.1", 0)) as number;
      return { listener, port: await running.portOf(listener) };
    },
    async begin(verb, id, text = "") {
      return (await call("begin", verb, id, text)) as number;
    },
    async end(job) {
      return (await call("end", job)) as string;
    },
  };
}

/** Opens a scene and runs this guest in it. */
export async function openScene(world: World, guest: "driver" | "driver-many", options?: { stdin?: string }) {
  const scene = await world.open(options);
  const running = await scene.run(guest);
  open.push({ scene, running });
  return { scene, running };
}

/** For `afterEach`. */
export async function closeScenes(): Promise<void> {
  for (const { scene, running } of open.splice(0)) {
    await running.terminate();
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
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise(setImmediate);
}

/** How many fibers wait for this. */
export async function waiting(program: Running, reason: string): Promise<number> {
  return (await program.reasons()).filter((each) => each === reason).length;
}

/** Waits until so many fibers wait for this. */
export function untilWaiting(program: Running, reason: string, count: number): Promise<void> {
  return until(async () => (await waiting(program, reason)) === count);
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
