/** UDP sockets: datagrams come whole, with their sender, to who has waited longest. */
import { afterEach, expect, test } from "vitest";
import { DATAGRAM_HEADER, Opcode } from "../../host/abi.ts";
import { Errno } from "../../host/errno.ts";
import { describeOn, needing } from "../setup/describe.ts";
import { type Bench, closeBenches, openBench } from "../setup/driver-bench.ts";
import { closeScenes, openProgram, type Program, untilWaiting, waiting } from "../setup/driver-program.ts";
import { patternBytes } from "../setup/pattern.ts";
import { type World, worlds } from "../setup/world.ts";

afterEach(async () => {
  await closeScenes();
  await closeBenches();
});

/** A socket of the program, and one outside. */
async function openSockets(program: Program) {
  const socket = (await program.call("bindUdp", "127.0.0.1", 0)) as number;
  const port = (await program.call("udpPort", socket)) as number;
  return { socket, port, outside: await program.scene.openDatagrams() };
}

async function openDatagrams(world: World) {
  const program = await openProgram(world);
  return { program, ...(await openSockets(program)) };
}

describeOn(worlds, "point 12", (world) => {
  test("a driver that has none says so", async () => {
    const program = await openProgram(world);
    const result = await program.call("attempt", "bindUdp", 0, "127.0.0.1");
    expect(result).toBe(world.lacks.has("datagram") ? "true ENOTSUP" : "false ");
  });

  needing(world, "datagram")("there and back, with the sender", async () => {
    const { program, socket, port, outside } = await openDatagrams(world);
    expect(await program.call("udpAddress", socket)).toBe(`127.0.0.1:${port}`);
    const receiving = program.begin("receive", socket);
    outside.send("question", port);
    expect(await program.end(await receiving)).toBe(`question from 127.0.0.1 ${outside.port}`);
    await program.call("sendUdp", socket, "answer", "127.0.0.1", outside.port);
    const answer = await outside.receive();
    expect({ ...answer, bytes: answer.bytes.toString() }).toEqual({ bytes: "answer", port });
  });

  needing(world, "datagram")("each stays one, in order, an empty one too; what has no room is lost", async () => {
    const { program, socket, port } = await openDatagrams(world);
    const sender = (await program.call("bindUdp", "127.0.0.1", 0)) as number;
    const from = ` from 127.0.0.1 ${String(await program.call("udpPort", sender))}`;
    for (const text of ["first", "", "the third is too long", "4th"])
      await program.call("sendUdp", sender, text, "127.0.0.1", port);
    expect(await program.call("receive", socket, 100)).toBe("first" + from);
    expect(await program.call("receive", socket, 100)).toBe(from);
    expect(await program.call("receive", socket, 9)).toBe("the third…" + from);
    expect(await program.call("receive", socket, 3)).toBe("4th" + from);
  });

  needing(world, "datagram")("65,507 bytes at most: more is EMSGSIZE", async () => {
    const { program, socket, port, outside } = await openDatagrams(world);
    await program.call("sendLong", socket, 65_507, port);
    expect(await program.call("receiveLong", socket, 65_507)).toBe(65_507);
    outside.send(patternBytes(0, 65_507), port);
    expect(await program.call("receiveLong", socket, 70_000)).toBe(65_507);
    await expect(program.call("sendLong", socket, 65_508, port)).rejects.toMatchObject({
      code: "EMSGSIZE",
      message: `cannot send to 127.0.0.1:${port}: a datagram has at most 65,507 bytes`,
    });
  });

  needing(world, "datagram")(
    "several receivers: first come, first served, and one that is cancelled takes nothing",
    async () => {
      const { program, socket, port, outside } = await openDatagrams(world);
      const jobs = [];
      for (let i = 0; i < 4; i++) jobs.push(await program.begin("receive", socket));
      await untilWaiting(program, "read", 4);
      await program.call("cancel", jobs[1] as number);
      for (const text of ["a", "b", "c"]) outside.send(text, port);
      const results = [];
      for (const job of jobs) results.push((await program.end(job)).replace(/ from.*/, ""));
      expect(results).toEqual(["a", "E_CANCELLED", "b", "c"]);
    },
  );

  needing(world, "datagram")("a receive that times out loses nothing", async () => {
    const { program, socket, port, outside } = await openDatagrams(world);
    await program.call("limitUdp", socket, 5);
    const begin = (await program.call("nowNs")) as number;
    await expect(program.call("receive", socket, 10)).rejects.toMatchObject({
      code: "ETIMEDOUT",
      message: `cannot receive on port ${port}: timed out`,
    });
    expect(((await program.call("nowNs")) as number) - begin).toBeGreaterThanOrEqual(5e6);
    expect(await program.call("attempt", "receive", socket, "")).toBe("-1 ETIMEDOUT");
    await program.call("limitUdp", socket, Infinity);
    outside.send("after all", port);
    expect(await program.call("receive", socket, 10)).toBe(`after all from 127.0.0.1 ${outside.port}`);
  });

  needing(world, "datagram")("closing: who waits is told, and the port is free again", async () => {
    const { program, socket, port } = await openDatagrams(world);
    const jobs = [await program.begin("receive", socket), await program.begin("receive", socket)];
    await untilWaiting(program, "read", 2);
    await program.call("closeUdp", socket);
    for (const job of jobs) expect(await program.end(job)).toBe("E_CLOSED");
    await expect(program.call("receive", socket, 10)).rejects.toMatchObject({ code: "E_CLOSED" });
    await expect(program.call("sendUdp", socket, "x", "127.0.0.1", port)).rejects.toMatchObject({ code: "E_CLOSED" });
    expect(await program.call("udpAddress", socket)).toBe("");
    await program.call("closeUdp", socket);
    const again = (await program.call("bindUdp", "127.0.0.1", port)) as number;
    expect(await program.call("udpPort", again)).toBe(port);
  });

  needing(world, "datagram")("binding where it cannot be: the system's codes", async () => {
    const { program, port } = await openDatagrams(world);
    const bind = (host: string, wanted: number) => program.call("attempt", "bindUdp", wanted, host);
    await expect(program.call("bindUdp", "127.0.0.1", port)).rejects.toMatchObject({
      code: "EADDRINUSE",
      message: `cannot bind 127.0.0.1:${port}: the address is in use already`,
    });
    expect(await bind("203.0.113.1", 0)).toBe("true EADDRNOTAVAIL");
    expect(await bind("", 0)).toBe("true EINVAL");
    expect(await bind("127.0.0.1", 65_536)).toBe("true EINVAL");
    expect(await bind("127.0.0.1", -1)).toBe("true EINVAL");
  });

  needing(world, "datagram")("to a name; to none, to another family, to no port", async () => {
    const { program, socket, port } = await openDatagrams(world);
    await program.call("sendUdp", socket, "by name", "localhost", port);
    expect(await program.call("receive", socket, 10)).toBe(`by name from 127.0.0.1 ${port}`);
    const send = (host: string, to: number) => program.call("sendUdp", socket, "x", host, to);
    for (const wrong of [0, 65_536, -1]) {
      await expect(send("127.0.0.1", wrong)).rejects.toMatchObject({ code: "EINVAL" });
    }
    await expect(send("", port)).rejects.toMatchObject({ code: "EINVAL" });
    await expect(send("x".repeat(257), port)).rejects.toMatchObject({ code: "EINVAL" });
    expect(await program.call("attempt", "sendUdp", socket, "::1")).toBe("false EAFNOSUPPORT");
    expect(await program.call("attempt", "sendTextUdp", socket, "::1")).toBe("false EAFNOSUPPORT");
  });

  needing(world, "datagram")("of IPv6", async () => {
    const program = await openProgram(world);
    const socket = (await program.call("bindUdp", "::1", 0)) as number;
    const port = (await program.call("udpPort", socket)) as number;
    expect(await program.call("udpAddress", socket)).toBe(`[::1]:${port}`);
    await program.call("sendUdp", socket, "to itself", "::1", port);
    expect(await program.call("receive", socket, 10)).toBe(`to itself from ::1 ${port}`);
  });

  needing(world, "datagram")("a send that waits for a name can be cancelled, and closing ends it", async () => {
    const { program, socket } = await openDatagrams(world);
    const cancelled = await program.begin("sendName", socket, "localhost");
    await program.call("cancel", cancelled);
    expect(await program.end(cancelled)).toMatch(/^(E_CANCELLED)?$/);
    const closed = await program.begin("sendName", socket, "localhost");
    await program.call("closeUdp", socket);
    expect(await program.end(closed)).toMatch(/^(E_CLOSED)?$/);
    expect(await waiting(program, "write")).toBe(0);
  });

  needing(
    world,
    "datagram",
    "driver",
  )("one that has come and is cancelled before it is taken goes to the next", async () => {
    const { bench, scene } = await openBench(world);
    const { handle, port } = await bindOn(bench);
    const request = () => ({ opcode: Opcode.RECEIVE, handle, bytes: new Uint8Array(DATAGRAM_HEADER + 10) });
    const first = await bench.begin(request());
    const outside = await scene.openDatagrams();
    outside.send("datagram", port);
    await bench.completed(first);
    const second = await bench.begin(request());
    bench.cancel(first);
    bench.overwrite(first);
    expect(await bench.taken(second)).toBe(8);
    expect(Buffer.from(second.bytes.subarray(DATAGRAM_HEADER)).toString()).toBe("datagram\0\0");
    expect(first.bytes.every((byte) => byte === 0x21)).toBe(true);
  });

  needing(
    world,
    "datagram",
    "driver",
  )("no room for a header: EINVAL; a handle that is none: EBADF", async () => {
    const { bench } = await openBench(world);
    const { handle } = await bindOn(bench);
    for (const opcode of [Opcode.SEND, Opcode.RECEIVE]) {
      expect(await bench.run({ opcode, handle, bytes: new Uint8Array(10) })).toBe(-Errno.EINVAL);
      expect(await bench.run({ opcode, handle: 99, bytes: new Uint8Array(DATAGRAM_HEADER) })).toBe(-Errno.EBADF);
    }
  });
});

async function bindOn(bench: Bench) {
  const attempt = await bench.begin({ opcode: Opcode.BIND, bytes: "127.0.0.1" });
  return { handle: await bench.taken(attempt), port: bench.portOf(attempt) };
}
