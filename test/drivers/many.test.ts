/** Many operations in one batch, and more completions than fit in one. */
import { load } from "as-fibers";
import { afterEach, describe, expect, test } from "vitest";
import { COMPLETIONS_CAPACITY, Opcode } from "../../host/abi.ts";
import { Errno } from "../../host/errno.ts";
import { closeBenches, listenOn, openBench } from "../setup/driver-bench.ts";
import { guest } from "../setup/guests.ts";
import { type World, worlds } from "../setup/world.ts";

const module = new WebAssembly.Module(guest("driver-many").binary as BufferSource);

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await closeBenches();
  for (const end of ends.splice(0)) await end();
});

async function open(world: World) {
  const scene = await world.open();
  const app = await load(module, { driver: scene.driver });
  ends.push(async () => {
    app.terminate();
    await scene.close();
  });
  return { app, scene };
}

describe.each(worlds)("points 2 and 8 on $name", (world) => {
  test("1,000 connections of the program to itself at once: everybody gets their own answer", async () => {
    const { app } = await open(world);
    expect(await app.exports["talkToItself"]?.(1000)).toBe(1000);
    expect(app.fibers()).toEqual([]);
  });

  test("more completions at once than one batch takes", async () => {
    const count = 2 * COMPLETIONS_CAPACITY + 500;
    const { app } = await open(world);
    expect(await app.exports["closeUnderAcceptors"]?.(count)).toBe(count);
  });

  test("that many are cancelled, and the next connection is for who comes after them", async () => {
    const count = 2 * COMPLETIONS_CAPACITY + 500;
    const { app, scene } = await open(world);
    const port = (await app.exports["listen"]?.()) as number;
    expect(await app.exports["cancelAcceptors"]?.(count)).toBe(count);
    const writing = app.exports["writeLittle"]?.();
    const peer = await scene.connect(port);
    expect((await peer.read(1)).length).toBe(1);
    await app.exports["stop"]?.();
    peer.reset();
    await Promise.allSettled([writing]);
  });

  test("1,000 operations handed out in one turn each end once, in order", async () => {
    const { bench, scene } = await openBench(world);
    const { handle, port } = await listenOn(bench);
    const attempts = await bench.inTurn(() =>
      Array.from({ length: 1000 }, () => bench.submit({ opcode: Opcode.ACCEPT, handle })),
    );
    const served = attempts.slice(0, 200);
    const peers = [];
    for (const _ of served) peers.push(await scene.connect(port));
    const streams: number[] = [];
    for (const attempt of served) streams.push(await bench.taken(attempt));
    // First come, first served, and handles that are all different.
    expect(new Set(streams).size).toBe(served.length);
    await bench.inTurn(() => {
      for (const [i, stream] of streams.entries())
        bench.submit({ opcode: Opcode.WRITE, handle: stream, bytes: `${i}`.padStart(4, "0") });
    });
    for (const [i, peer] of peers.entries()) expect(Number(await peer.read(4))).toBe(i);
    await bench.inTurn(() => bench.submit({ opcode: Opcode.CLOSE, handle }));
    for (const attempt of attempts.slice(200)) expect(await bench.taken(attempt)).toBe(-Errno.EBADF);
    expect(attempts.every(({ endings }) => endings === 1)).toBe(true);
  });
});
