/** What only driver `wasi` does: it refuses what preview 1 does not offer, and its program ends by itself. */
import { afterEach, describe, expect, test } from "vitest";
import { Opcode } from "../../host/abi.ts";
import { Errno } from "../../host/errno.ts";
import { describeOn } from "../setup/describe.ts";
import { closeBenches, endOf, openBench, openConnection } from "../setup/driver-bench.ts";
import { closeScenes, openProgram, openStream, stalled, untilWaiting } from "../setup/driver-program.ts";
import { otherWasiWorlds, wasiWorld } from "../setup/wasi-world.ts";

/** Milliseconds that a program waits for the cleanups of what it has cancelled. */
const GRACE = 1000;

afterEach(async () => {
  await closeScenes();
  await closeBenches();
});

describe.skipIf(!wasiWorld.isHere)(`on ${wasiWorld.name}`, () => {
  test("what needs a connection of the program's own, or a name, is refused with ENOTSUP", async () => {
    const program = await openProgram(wasiWorld);
    for (const port of [80, 0, -1, 65_536]) {
      expect(await program.call("attempt", "connect", port, "127.0.0.1")).toBe("true ENOTSUP");
    }
    expect(await program.call("attempt", "connect", 80, "localhost")).toBe("true ENOTSUP");
    expect(await program.call("attempt", "lookup", 0, "localhost")).toBe("true ENOTSUP");
    const { bench, scene } = await openBench(wasiWorld);
    const { handle } = await openConnection(bench, scene);
    for (const opcode of [Opcode.CONNECT, Opcode.LOOKUP, Opcode.ADDRESS, 99]) {
      expect(await bench.run({ opcode, handle, bytes: "127.0.0.1" })).toBe(-Errno.ENOTSUP);
    }
  });

  test("it listens on the sockets that were opened before, whatever it names, until there is none left", async () => {
    const program = await openProgram(wasiWorld);
    const ports = [0, 80, -1, 65_536];
    for (const [i, port] of ports.entries()) expect(await program.call("listen", "nowhere", port)).toBe(i);
    expect(await program.call("attempt", "listen", 0, "127.0.0.1")).toBe("true ENOTSUP");
    for (const i of ports.keys()) {
      const job = await program.begin("greet", i, `number ${i}`);
      const peer = await program.scene.connect(await program.portOf(i));
      expect((await peer.read(8)).toString()).toBe(`number ${i}`);
      await program.end(job);
    }
    // A closed one does not come back.
    await program.call("closeListener", 0);
    expect(await program.call("attempt", "listen", 0, "127.0.0.1")).toBe("true ENOTSUP");
  });

  test("the peer of a connection is not known", async () => {
    const program = await openProgram(wasiWorld);
    const { stream } = await openStream(program);
    expect(await program.call("remoteAddress", stream)).toBe("");
  });
});

describeOn([wasiWorld, ...otherWasiWorlds], "its end", (world) => {
  test("the program ends when main does, at once, whatever is in flight, and its peers see the end", async () => {
    const program = await openProgram(world);
    const reading = await openStream(program);
    const writing = await openStream(program);
    await program.begin("read", reading.stream);
    await program.begin("sendForever", writing.stream);
    await stalled(program);
    await program.begin("accept", reading.listener);
    await program.begin("readLine", 0);
    await program.begin("sleep", 1e9);
    await program.begin("forever", 0);
    await untilWaiting(program, "read", 2);
    const ended = endOf(reading.peer);
    const begin = performance.now();
    await closeScenes();
    expect(performance.now() - begin).toBeLessThan(GRACE);
    expect(await ended).toMatch(/^(end|ECONNRESET)$/);
  });
});
