/** Bytes arrive whole and in order, however they are cut. */
import { afterEach, expect, test } from "vitest";
import { describeOn } from "../setup/describe.ts";
import { closeScenes, openProgram, openStream } from "../setup/driver-program.ts";
import { patternBytes } from "../setup/pattern.ts";
import { worlds } from "../setup/world.ts";

afterEach(closeScenes);

describeOn(worlds, "points 6 and 7", (world) => {
  test("a text of a megabyte in one write", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const text = "naïve Ω 漢字 👩‍🚀 ".repeat(40_000);
    const bytes = Buffer.from(text);
    expect(bytes.length).toBeGreaterThan(1 << 20);
    const writing = program.call("write", stream, text).then(() => program.call("shutdown", stream));
    expect((await peer.read(2 * bytes.length)).equals(bytes)).toBe(true);
    await writing;
  });

  test.each([
    [1, 5000],
    [7, 50_000],
    [1000, 1 << 20],
    [1 << 20, 5 << 20],
  ])("many writes of %d bytes", async (chunk, total) => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const sending = program.call("sendPattern", stream, total, chunk).then(() => program.call("shutdown", stream));
    expect((await peer.read(total + 1)).equals(patternBytes(0, total))).toBe(true);
    await sending;
  });

  test.each([1, 3, 4096, 1 << 20])("many arrivals, read %d bytes at a time", async (room) => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const receiving = program.call("receivePattern", stream, room);
    const total = room < 10 ? 20_000 : 2 << 20;
    for (let sent = 0, chunk = 1; sent < total; sent += chunk, chunk = ((chunk * 7) % 50_021) + 1)
      await peer.write(patternBytes(sent, Math.min(chunk, total - sent)));
    peer.end();
    expect(await receiving).toBe(total);
  });

  test("both directions at once", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const total = 2 << 20;
    const receiving = program.call("receivePattern", stream, 10_000);
    const sending = program.call("sendPattern", stream, total, 30_000);
    const [received] = await Promise.all([
      peer.read(total),
      (async () => {
        for (let sent = 0; sent < total; sent += 1 << 14) await peer.write(patternBytes(sent, 1 << 14));
        peer.end();
      })(),
    ]);
    await sending;
    expect(received.equals(patternBytes(0, total))).toBe(true);
    expect(await receiving).toBe(total);
  });
});
