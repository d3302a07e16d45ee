/** A reset in the middle: told to the fiber that it concerns, with what came before it, and to no other. */
import { afterEach, expect, test } from "vitest";
import { describeOn, needing } from "../setup/describe.ts";
import { closeScenes, openProgram, openStream, stalled, untilWaiting, waiting } from "../setup/driver-program.ts";
import { everyWorld } from "../setup/world.ts";

afterEach(closeScenes);

describeOn(everyWorld, "points 6 and 10", (world) => {
  test("while a fiber reads: that one is told, others go on", async () => {
    const program = await openProgram(world);
    const broken = await openStream(program);
    const whole = await openStream(program);
    const jobs = [await program.begin("read", broken.stream), await program.begin("read", whole.stream)];
    await untilWaiting(program, "read", 2);
    broken.peer.reset();
    expect(await program.end(jobs[0] ?? -1)).toBe("ECONNRESET");
    expect(await waiting(program, "read")).toBe(1);
    await whole.peer.write("still here");
    expect(await program.end(jobs[1] ?? -1)).toBe("still here");
  });

  test("the error names the stream and what to make of it", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const reading = program.call("read", stream, 100);
    peer.reset();
    await expect(reading).rejects.toMatchObject({
      code: "ECONNRESET",
      message: expect.stringMatching(
        `cannot read from ${world.streamName}: the peer has reset the connection`,
      ) as string,
      fiber: "read",
    });
  });

  test("what has arrived before it is read first", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const reading = program.call("read", stream, 3);
    await peer.write("abcdef");
    expect(await reading).toBe("abc");
    // The rest lies in the driver: one message, one arrival.
    peer.reset();
    expect(await program.call("read", stream, 100)).toBe("def");
    await expect(program.call("read", stream, 100)).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(program.call("read", stream, 100)).rejects.toMatchObject({ code: "ECONNRESET" });
  });

  test("while a fiber writes", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const job = await program.begin("sendForever", stream);
    await stalled(program);
    peer.reset();
    expect(await program.end(job)).toMatch(/^(ECONNRESET|EPIPE)$/);
    await expect(program.call("write", stream, "x")).rejects.toMatchObject({
      code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) as string,
    });
  });

  needing(world, "hangup")("after it, a write fails although nobody has read: also the first one", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    // More than is read ahead, so that nobody looks for the reset.
    const flooding = peer.write(new Uint8Array(16 << 20)).catch(() => {});
    await program.call("measure", 20);
    peer.reset();
    await flooding;
    await program.call("measure", 20);
    await expect(program.call("write", stream, "x")).rejects.toMatchObject({
      code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) as string,
    });
  });

  test("closing afterwards is no error", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    peer.reset();
    await expect(program.call("read", stream, 1)).rejects.toMatchObject({ code: "ECONNRESET" });
    await program.call("closeStream", stream);
    await expect(program.call("read", stream, 1)).rejects.toMatchObject({ code: "E_CLOSED" });
  });
});
