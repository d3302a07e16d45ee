/** Turns come from the event loop, and JavaScript has its share between them, however busy fibers are. */
import { load } from "as-fibers";
import { afterEach, expect } from "vitest";
import { Opcode } from "../../host/abi.ts";
import { describeOn, needing } from "../setup/describe.ts";
import { closeBenches, fillConnection, openBench, openConnection } from "../setup/driver-bench.ts";
import { closeScenes, openScene } from "../setup/driver-program.ts";
import { driverModule } from "../setup/javascript-scene.ts";
import { patternBytes } from "../setup/pattern.ts";
import { type Peer, type Scene, type World, worlds } from "../setup/world.ts";

/** How many callbacks of JavaScript's own are waited for. */
const SHARE = 60;

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await closeScenes();
  await closeBenches();
  for (const end of ends.splice(0)) await end();
});

/** Runs what never stops until JavaScript has had its share, and counts turns and callbacks meanwhile. */
async function share(
  world: World,
  prepare: (scene: Scene, call: (name: string) => Promise<unknown>) => Promise<unknown>,
) {
  const scene = await world.open();
  let turns = 0;
  const { driver } = scene;
  const openDriver = driver.open.bind(driver);
  driver.open = (sink) => {
    openDriver({
      complete: (...ending) => sink.complete(...ending),
      turn() {
        turns++;
        sink.turn();
      },
    });
  };
  const app = await load(driverModule("driver-many"), { driver, onUnobserved: () => {} });
  ends.push(async () => {
    app.terminate();
    await scene.close();
  });
  const call = async (name: string) => await app.exports[name]?.();
  const busy = prepare(scene, call);
  const counts = { immediates: 0, timeouts: 0 };
  const begin = turns;
  await new Promise<void>((resolve) => {
    const check = () => (counts.immediates >= SHARE && counts.timeouts >= 3 ? (resolve(), true) : false);
    const onImmediate = () => {
      counts.immediates++;
      if (!check()) setImmediate(onImmediate);
    };
    const onTimeout = () => {
      counts.timeouts++;
      if (!check()) setTimeout(onTimeout, 0);
    };
    setImmediate(onImmediate);
    setTimeout(onTimeout, 0);
  });
  const result = { ...counts, turns: turns - begin };
  await call("stop");
  return { ...result, busy, call };
}

/** Sends for as long as it is taken. */
async function flood(peer: Peer): Promise<void> {
  const chunk = new Uint8Array(1 << 14);
  try {
    for (;;) await peer.write(chunk);
  } catch {
    // The program has closed it.
  }
}

/** Reads until the end. */
async function drain(peer: Peer): Promise<void> {
  try {
    while ((await peer.read(1 << 14)).length);
  } catch {
    // The program has closed it.
  }
}

describeOn(worlds, "point 4", (world) => {
  needing(world, "clock")("while fibers spin, what others wait for is looked after", async () => {
    const { running, scene } = await openScene(world, "driver-many");
    await running.call("listen");
    const spinning = [running.call("spin"), running.call("spin")];
    const writing = running.call("writeLittle");
    const peer = await scene.connect(await running.portOf(0));
    for (let i = 0; i < 10; i++) expect((await peer.read(1 << 16)).length).toBe(1 << 16);
    await running.call("stop");
    for (const rounds of await Promise.all(spinning)) expect(rounds).toBeGreaterThan(10);
    peer.reset();
    await Promise.allSettled([writing]);
  });

  needing(world, "driver")("while fibers spin: a callback in every three turns", async () => {
    const { immediates, turns, busy } = await share(world, (_scene, call) =>
      Promise.all([call("spin"), call("spin"), call("spin")]),
    );
    expect(turns).toBeGreaterThan(10);
    expect(3 * immediates).toBeGreaterThanOrEqual(turns);
    for (const rounds of (await busy) as number[]) expect(rounds).toBeGreaterThan(turns);
  });

  needing(world, "driver")("while a fiber reads what is always there", async () => {
    let peer: Peer | undefined;
    const { immediates, turns, busy } = await share(world, async (scene, call) => {
      await call("listen");
      const port = (await call("portOf")) as number;
      const reading = call("readLittle");
      peer = await scene.connect(port);
      void flood(peer);
      return reading;
    });
    expect(3 * immediates).toBeGreaterThanOrEqual(turns);
    expect(await busy).toBeGreaterThan(100);
    peer?.close();
  });

  needing(world, "driver")("while a fiber writes to who always reads", async () => {
    let peer: Peer | undefined;
    const { immediates, turns, busy } = await share(world, async (scene, call) => {
      await call("listen");
      const port = (await call("portOf")) as number;
      const writing = call("writeLittle");
      peer = await scene.connect(port);
      void drain(peer);
      return writing;
    });
    expect(3 * immediates).toBeGreaterThanOrEqual(turns);
    expect(await busy).toBeGreaterThan(100);
    peer?.close();
  });

  needing(world, "driver")(
    "however often turns are asked for, they are taken one at a time, and not inside the asking",
    async () => {
      const { bench, scene } = await openBench(world);
      const { handle, peer } = await openConnection(bench, scene);
      const before = bench.turns;
      for (let i = 0; i < 100; i++) bench.driver.soon();
      expect(bench.turns).toBe(before);
      await bench.nextTurn();
      expect(bench.turns - before).toBe(1);
      await bench.inTurn(() => {
        bench.driver.soon();
        bench.driver.arm(0);
      });
      // Operations that end at once, end inside of a turn, and end with what happens outside.
      const { attempt } = await fillConnection(bench, handle, patternBytes);
      const reading = await bench.begin({ opcode: Opcode.READ, handle, bytes: new Uint8Array(10) });
      await bench.inTurn(() => bench.submit({ opcode: Opcode.CLOSE, handle }));
      expect(await bench.taken(reading)).toBeLessThan(0);
      expect(await bench.taken(attempt)).toBeLessThan(0);
      peer.close();
      expect(bench.nestedTurns).toBe(0);
    },
  );
});
