/** Closing: a stream under those who wait for it, the driver with everything in flight, and handles that are gone. */
import { afterEach, expect, test } from "vitest";
import { Opcode } from "../../host/abi.ts";
import { Errno } from "../../host/errno.ts";
import { describeOn, needing } from "../setup/describe.ts";
import { closeBenches, endOf, fillConnection, openBench, openConnection } from "../setup/driver-bench.ts";
import { closeScenes, openProgram, openStream, stalled, untilWaiting, waiting } from "../setup/driver-program.ts";
import { patternBytes } from "../setup/pattern.ts";
import { worlds } from "../setup/world.ts";

const { ACCEPT, ADDRESS, CLOSE, CONNECT, LISTEN, LOOKUP, READ, SHUTDOWN, WRITE } = Opcode;
const HOST = "127.0.0.1";

afterEach(async () => {
  await closeScenes();
  await closeBenches();
});

describeOn(worlds, "points 9 and 11", (world) => {
  test("a stream while others read it and write to it: they are told, and the peer sees the end", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const reader = await program.begin("read", stream);
    const writer = await program.begin("sendForever", stream);
    await stalled(program);
    expect(await waiting(program, "read")).toBe(1);
    await program.call("closeStream", stream);
    expect(await program.end(reader)).toBe("E_CLOSED");
    expect(await program.end(writer)).toBe("E_CLOSED");
    const written = (await program.call("writtenBytes")) as number;
    expect((await peer.read(written)).equals(patternBytes(0, written))).toBe(true);
  });

  test("a stream that the peer still sends to: the peer is told, sooner or later", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    await program.call("closeStream", stream);
    expect(await endOf(peer)).toBe("end");
    const chunk = new Uint8Array(1 << 16);
    const sending = (async () => {
      for (let i = 0; i < 1000; i++) await peer.write(chunk);
    })();
    await expect(sending).rejects.toMatchObject({ code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) as string });
  });

  test("everything on what is closed: E_CLOSED; closing again is no error", async () => {
    const program = await openProgram(world);
    const { stream } = await openStream(program);
    await program.call("closeStream", stream);
    await program.call("closeStream", stream);
    await expect(program.call("read", stream, 10)).rejects.toMatchObject({ code: "E_CLOSED" });
    await expect(program.call("write", stream, "x")).rejects.toMatchObject({
      code: "E_CLOSED",
      message: "cannot write to this stream: it is closed",
    });
    await expect(program.call("shutdown", stream)).rejects.toMatchObject({ code: "E_CLOSED" });
    expect(await program.call("attempt", "read", stream, "")).toBe("-1 E_CLOSED");
    expect(await program.call("attempt", "write", stream, "x")).toBe("false E_CLOSED");
    expect(await program.call("attempt", "writeText", stream, "x")).toBe("false E_CLOSED");
  });

  test("handles that are closed, or never were, or are of the other kind: EBADF", async () => {
    const { bench, scene } = await openBench(world);
    const { handle, listener } = await openConnection(bench, scene);
    await bench.run({ opcode: CLOSE, handle });
    for (const gone of [handle, 1000, 2 ** 31, 1, 2]) {
      for (const opcode of [READ, WRITE, ACCEPT, SHUTDOWN, ADDRESS, CLOSE]) {
        const attempt = await bench.begin({ opcode, handle: gone, bytes: "bytes" });
        expect([opcode, gone, attempt.result]).toEqual([opcode, gone, -Errno.EBADF]);
      }
    }
    for (const opcode of [READ, WRITE, SHUTDOWN, ADDRESS]) {
      const attempt = await bench.begin({ opcode, handle: listener.handle, bytes: "bytes" });
      expect(attempt.result).toBe(-Errno.EBADF);
    }
    const other = await openConnection(bench, scene);
    expect((await bench.begin({ opcode: ACCEPT, handle: other.handle })).result).toBe(-Errno.EBADF);
    if (!world.lacks.has("handle")) expect(other.handle).toBeGreaterThan(handle);
  });

  needing(world, "driver")(
    "a stream and a listener between completion and delivery: EBADF, and nothing is read",
    async () => {
      const { bench, scene } = await openBench(world);
      const { handle, peer, listener } = await openConnection(bench, scene);
      const reading = await bench.begin({ opcode: READ, handle, bytes: new Uint8Array(10) });
      const accepting = await bench.begin({ opcode: ACCEPT, handle: listener.handle });
      await peer.write("too late");
      const late = await scene.connect(listener.port);
      await bench.completed(reading);
      await bench.completed(accepting);
      await bench.inTurn(() => {
        bench.submit({ opcode: CLOSE, handle });
        bench.submit({ opcode: CLOSE, handle: listener.handle });
      });
      expect(await bench.taken(reading)).toBe(-Errno.EBADF);
      expect(await bench.taken(accepting)).toBe(-Errno.EBADF);
      expect(reading.bytes).toEqual(new Uint8Array(10));
      expect(await endOf(late)).toMatch(/^(end|ECONNRESET)$/);
    },
  );

  needing(world, "driver")(
    "the driver, with every kind of operation in flight: nothing comes later, and nothing stays open",
    async () => {
      const { bench, scene } = await openBench(world);
      const outside = await scene.listen();
      const port = await scene.unusedPort();
      const streams = [];
      for (let i = 0; i < 3; i++) streams.push(await openConnection(bench, scene));
      const [first, second, third] = streams as [(typeof streams)[0], (typeof streams)[0], (typeof streams)[0]];
      await bench.begin({ opcode: READ, handle: first.handle, bytes: new Uint8Array(10) });
      await fillConnection(bench, second.handle, patternBytes);
      // Closed by the program, but what it has written cannot go out.
      await fillConnection(bench, third.handle, patternBytes);
      await bench.run({ opcode: CLOSE, handle: third.handle });
      await bench.begin({ opcode: ACCEPT, handle: first.listener.handle });
      await bench.begin({ opcode: READ, handle: 0, bytes: new Uint8Array(10) });
      const connected = await bench.begin({ opcode: CONNECT, argument: outside.port, bytes: HOST });
      const peer = await outside.accept();
      await bench.completed(connected);
      const beginnings = [
        { opcode: LISTEN, argument: port, bytes: HOST },
        { opcode: CONNECT, argument: outside.port, bytes: HOST },
        { opcode: CONNECT, argument: port, bytes: HOST },
        { opcode: LOOKUP, argument: 100, bytes: "localhost\0\0\0\0\0\0" },
      ];
      await bench.inTurn(() => {
        for (const request of beginnings) bench.submit(request);
        bench.close();
      });
      // What the peers see; on a simulated clock that has stopped, they see nothing any more.
      if (!world.isSimulated) {
        for (const gone of [first.peer, peer]) expect(await endOf(gone)).toMatch(/^(end|ECONNRESET)$/);
        for (const { peer: slow } of [second, third]) await readToEnd(slow);
      }
      await expect(world.isSimulated ? refused() : scene.connect(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      for (let i = 0; i < 50; i++) await new Promise(setImmediate);
      expect(bench.lateCalls).toBe(0);
      await outside.close();
    },
  );

  needing(world, "app")("closing the app rejects what waits, and the peer sees the end", async () => {
    const program = await openProgram(world);
    const { stream, peer, listener } = await openStream(program);
    const calls = [
      program.call("read", stream, 10),
      program.call("accept", listener),
      program.call("readLine"),
      program.call("measure", 1e9),
    ].map((call) => call.catch((error: { code: string }) => error.code));
    await untilWaiting(program, "read", 2);
    await untilWaiting(program, "accept", 1);
    const ended = world.isSimulated ? Promise.resolve("end") : endOf(peer);
    await program.close();
    expect(await Promise.all(calls)).toEqual(Array(4).fill("E_INSTANCE_CLOSED"));
    expect(await ended).toMatch(/^(end|ECONNRESET)$/);
  });
});

function refused(): Promise<never> {
  return Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
}

async function readToEnd(peer: { read(count: number): Promise<Buffer> }): Promise<void> {
  try {
    while ((await peer.read(1 << 20)).length);
  } catch (error) {
    expect(error).toMatchObject({ code: "ECONNRESET" });
  }
}
