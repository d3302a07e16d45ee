/** Many operations in one batch, and more completions than fit in one. */
import { afterEach, expect, test } from "vitest";
import { COMPLETIONS_CAPACITY, Opcode } from "../../host/abi.ts";
import { Errno } from "../../host/errno.ts";
import { describeOn, needing } from "../setup/describe.ts";
import { closeBenches, listenOn, openBench } from "../setup/driver-bench.ts";
import { closeScenes, openScene } from "../setup/driver-program.ts";
import { worlds } from "../setup/world.ts";

afterEach(async () => {
  await closeScenes();
  await closeBenches();
});

describeOn(worlds, "points 2 and 8", (world) => {
  needing(world, "connect")(
    "1,000 connections of the program to itself at once: everybody gets their own answer",
    async () => {
      const { running } = await openScene(world, "driver-many");
      expect(await running.call("talkToItself", 1000)).toBe(1000);
      expect(await running.reasons()).toEqual([]);
    },
  );

  test("more completions at once than one batch takes", async () => {
    const count = 2 * COMPLETIONS_CAPACITY + 500;
    const { running } = await openScene(world, "driver-many");
    expect(await running.call("closeUnderAcceptors", count)).toBe(count);
  });

  test("that many are cancelled, and the next connection is for who comes after them", async () => {
    const count = 2 * COMPLETIONS_CAPACITY + 500;
    const { running, scene } = await openScene(world, "driver-many");
    await running.call("listen");
    expect(await running.call("cancelAcceptors", count)).toBe(count);
    const writing = running.call("writeLittle");
    const peer = await scene.connect(await running.portOf(0));
    expect((await peer.read(1)).length).toBe(1);
    await running.call("stop");
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
