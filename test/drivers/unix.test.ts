/** Unix sockets: listeners and streams as those of TCP, by a path. */
import { existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { describeOn, needing } from "../setup/describe.ts";
import { closeScenes, openProgram, untilWaiting } from "../setup/driver-program.ts";
import { patternBytes } from "../setup/pattern.ts";
import { type World, worlds } from "../setup/world.ts";

afterEach(closeScenes);

async function openListener(world: World) {
  const program = await openProgram(world);
  const at = program.scene.unusedPath();
  return { program, at, listener: (await program.call("listenUnix", at)) as number };
}

describeOn(worlds, "point 13", (world) => {
  test("a driver that has none says so", async () => {
    const program = await openProgram(world);
    const at = program.scene.unusedPath();
    const result = await program.call("attempt", "listenUnix", 0, at);
    expect(result).toBe(world.lacks.has("unix") ? "true ENOTSUP" : "false ");
    if (world.lacks.has("unix")) expect(await program.call("attempt", "connectUnix", 0, at)).toBe("true ENOTSUP");
  });

  needing(world, "unix")("accepts, both ways, with an end of each", async () => {
    const { program, at, listener } = await openListener(world);
    const accepting = program.call("acceptUnix", listener);
    const peer = await program.scene.connectUnix(at);
    const stream = (await accepting) as number;
    await peer.write("question");
    peer.end();
    expect(await program.call("read", stream, 100)).toBe("question");
    expect(await program.call("read", stream, 100)).toBe("");
    await program.call("write", stream, "answer");
    await program.call("closeStream", stream);
    expect((await peer.read(10)).toString()).toBe("answer");
  });

  needing(world, "unix")("connects, and half-closes", async () => {
    const program = await openProgram(world);
    const at = program.scene.unusedPath();
    const outside = await program.scene.listenUnix(at);
    const stream = (await program.call("connectUnix", at)) as number;
    const peer = await outside.accept();
    await program.call("write", stream, "question");
    await program.call("shutdown", stream);
    expect((await peer.read(100)).toString()).toBe("question");
    await peer.write("answer");
    expect(await program.call("read", stream, 100)).toBe("answer");
    await outside.close();
  });

  needing(world, "unix")("a slow peer makes the writer wait, and nothing is lost", async () => {
    const { program, at, listener } = await openListener(world);
    const accepting = program.call("acceptUnix", listener);
    const peer = await program.scene.connectUnix(at);
    const stream = (await accepting) as number;
    const total = 2 << 20;
    const sending = program.call("sendPattern", stream, total, 1 << 14);
    await untilWaiting(program, "write", 1);
    expect((await peer.read(total)).equals(patternBytes(0, total))).toBe(true);
    await sending;
  });

  needing(world, "unix")("acceptors: first come, first served; a time that is up; closing", async () => {
    const { program, at, listener } = await openListener(world);
    await program.call("limitUnix", listener, 1);
    await expect(program.call("acceptUnix", listener)).rejects.toMatchObject({
      code: "ETIMEDOUT",
      message: `cannot accept on ${at}: timed out`,
    });
    await program.call("limitUnix", listener, Infinity);
    const jobs = [];
    for (let i = 0; i < 3; i++) jobs.push(await program.begin("acceptUnix", listener));
    await untilWaiting(program, "accept", 3);
    await program.call("cancel", jobs[0] as number);
    await program.scene.connectUnix(at);
    expect(await program.end(jobs[1] as number)).toBe("0");
    await program.call("closeUnix", listener);
    expect(await program.end(jobs[2] as number)).toBe("E_CLOSED");
    expect(await program.call("attempt", "acceptUnix", listener, "")).toBe("true E_CLOSED");
  });

  needing(world, "unix")(
    "a path that is in use: EADDRINUSE; after closing it is free, and nobody is there",
    async () => {
      const { program, at, listener } = await openListener(world);
      await expect(program.call("listenUnix", at)).rejects.toMatchObject({
        code: "EADDRINUSE",
        message: `cannot listen on ${at}: the address is in use already`,
      });
      await program.call("closeUnix", listener);
      await expect(program.call("connectUnix", at)).rejects.toMatchObject({
        code: "ENOENT",
        message: `cannot connect to ${at}: there is no such file or directory`,
      });
      expect(await program.call("attempt", "connectUnix", 0, at)).toBe("true ENOENT");
      expect(await program.call("attempt", "listenUnix", 0, at)).toBe("false ");
    },
  );

  needing(world, "unix")("what is no path: EINVAL, and nothing is cut", async () => {
    const program = await openProgram(world);
    for (const wrong of ["", "/tmp/" + "x".repeat(103), "/tmp/" + "é".repeat(60), "/tmp/a\0b"]) {
      await expect(program.call("listenUnix", wrong)).rejects.toMatchObject({ code: "EINVAL" });
      await expect(program.call("connectUnix", wrong)).rejects.toMatchObject({ code: "EINVAL" });
    }
  });

  needing(
    world,
    "unix",
    "file",
  )("the path is a file as long as it listens; the end of the program is one of that", async () => {
    const { program, at, listener } = await openListener(world);
    expect(existsSync(at)).toBe(true);
    await program.call("closeUnix", listener);
    expect(existsSync(at)).toBe(false);
    await program.call("listenUnix", at);
    await program.close();
    expect(existsSync(at)).toBe(false);
  });

  needing(
    world,
    "unix",
    "file",
  )("a file that is no socket, or in no folder: the system's codes, and it stays", async () => {
    const program = await openProgram(world);
    const at = program.scene.unusedPath();
    const missing = path.join(at, "folder/socket");
    expect(await program.call("attempt", "listenUnix", 0, missing)).toBe("true ENOENT");
    writeFileSync(at, "mine");
    expect(await program.call("attempt", "listenUnix", 0, at)).toBe("true EADDRINUSE");
    expect(await program.call("attempt", "connectUnix", 0, at)).toBe("true ECONNREFUSED");
    expect(await program.call("attempt", "connectUnix", 0, path.join(at, "below"))).toBe("true ENOTDIR");
    expect(existsSync(at)).toBe(true);
  });
});
