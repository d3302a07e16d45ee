/** Cancelling at the moment of delivery: what was brought is not lost, and not delivered twice. */
import { load } from "as-fibers";
import { afterEach, expect, test } from "vitest";
import { describeOn, needing } from "../setup/describe.ts";
import { closeScenes, openProgram, openStream, until, untilWaiting } from "../setup/driver-program.ts";
import { driverModule } from "../setup/javascript-scene.ts";
import { type World } from "../setup/world.ts";
import { worlds } from "../setup/world.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await closeScenes();
  for (const end of ends.splice(0)) await end();
});

/** The program, and a way to do something at the moment at which an operation has completed and is not delivered. */
async function openWatched(world: World) {
  const scene = await world.open();
  let onComplete: (() => void) | undefined;
  const { driver } = scene;
  const openDriver = driver.open.bind(driver);
  driver.open = (sink) => {
    openDriver({
      complete(...ending) {
        sink.complete(...ending);
        onComplete?.();
        onComplete = undefined;
      },
      turn: () => sink.turn(),
    });
  };
  const app = await load(driverModule("driver"), { driver, onUnobserved: () => {} });
  ends.push(async () => {
    app.terminate();
    await scene.close();
  });
  const call = async (name: string, ...values: (number | string)[]) => await app.exports[name]?.(...values);
  const listener = (await call("listen", "127.0.0.1", 0)) as number;
  const accepting = call("accept", listener);
  const peer = await scene.connect((await call("portOf", listener)) as number);
  const stream = (await accepting) as number;
  const atCompletion = (action: () => void) => (onComplete = action);
  return { app, call, peer, stream, atCompletion };
}

describeOn(worlds, "points 2 and 3", (world) => {
  needing(world, "driver")(
    "a fiber that is cancelled in the turn in which it is woken keeps what it got, and ends at its next wait",
    async () => {
      const { app, call, peer, stream, atCompletion } = await openWatched(world);
      const job = (await call("begin", "readTwice", stream, "")) as number;
      await until(() => app.fibers().some(({ reason }) => reason === "read"));
      let cancelling: Promise<unknown> | undefined;
      atCompletion(() => (cancelling = call("cancel", job)));
      await peer.write("got it");
      await until(() => cancelling !== undefined);
      await cancelling;
      expect(await call("end", job)).toBe("got it E_CANCELLED");
      const reading = call("read", stream, 10);
      await peer.write("next");
      expect(await reading).toBe("next");
    },
  );

  needing(world, "driver")("closing the app between completion and delivery", async () => {
    const { app, call, peer, stream, atCompletion } = await openWatched(world);
    const reading = call("read", stream, 10).catch((error: { code: string }) => error.code);
    await until(() => app.fibers().some(({ reason }) => reason === "read"));
    let closing: Promise<void> | undefined;
    atCompletion(() => (closing = app.close()));
    await peer.write("too late");
    await until(() => closing !== undefined);
    await closing;
    // Closing waits for a moment too; when the turn comes first, the read has ended before it was cancelled.
    expect(["E_INSTANCE_CLOSED", "too late"]).toContain(await reading);
    expect(app.pendingCalls).toBe(0);
  });

  test("a cancelled reader's bytes are for the next; of several waits only the cancelled one ends", async () => {
    const program = await openProgram(world);
    const first = await openStream(program);
    const second = await openStream(program);
    const jobs = [await program.begin("read", first.stream), await program.begin("read", second.stream)];
    await untilWaiting(program, "read", 2);
    await program.call("cancel", jobs[0] ?? -1);
    expect(await program.end(jobs[0] ?? -1)).toBe("E_CANCELLED");
    await first.peer.write("first");
    await second.peer.write("second");
    expect(await program.call("read", first.stream, 10)).toBe("first");
    expect(await program.end(jobs[1] ?? -1)).toBe("second");
  });

  test("cancelled fibers in every kind of wait", async () => {
    const program = await openProgram(world);
    const { listener, stream } = await openStream(program);
    const outside = await program.scene.listen();
    const port = await program.scene.unusedPort();
    const connecting = world.lacks.has("connect") ? [] : [["connect", outside.port] as const];
    for (const [verb, id] of [
      ["accept", listener],
      ["read", stream],
      ["readLine", 0],
      ...connecting,
      ["listen", port],
      ["sleep", 1e9],
    ] as const) {
      const job = await program.begin(verb, id);
      await program.call("cancel", job);
      // It may have been faster.
      expect(await program.end(job)).toMatch(/^(E_CANCELLED|\d+)$/);
    }
    expect(await program.reasons()).toEqual([]);
    await outside.close();
  });
});
