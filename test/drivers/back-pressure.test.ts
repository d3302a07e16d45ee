/** Back-pressure: who is slow makes the other side wait, and memory stays bounded. */
import { afterEach, expect, test } from "vitest";
import { describeOn } from "../setup/describe.ts";
import { closeScenes, openProgram, openStream, stalled, waiting } from "../setup/driver-program.ts";
import { patternBytes } from "../setup/pattern.ts";
import { worlds } from "../setup/world.ts";

/** What the system itself may hold of one direction: both sockets' buffers, generously. */
const SYSTEM_LIMIT = 16 << 20;
/** What the driver may hold beyond that. */
const DRIVER_LIMIT = 256 << 10;

afterEach(closeScenes);

describeOn(worlds, "points 6 and 7", (world) => {
  test("a peer that never reads parks the writer, after a bounded number of bytes", async () => {
    const program = await openProgram(world);
    const { stream } = await openStream(program);
    await program.begin("sendForever", stream);
    await stalled(program);
    expect(await waiting(program, "write")).toBe(1);
    const written = (await program.call("writtenBytes")) as number;
    expect(written).toBeLessThan(SYSTEM_LIMIT);
    if (world.isSimulated) expect(written).toBeLessThanOrEqual(DRIVER_LIMIT);
  });

  test("the writer goes on when the peer reads, and every byte arrives in its place", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const job = await program.begin("sendForever", stream);
    await stalled(program);
    const before = (await program.call("writtenBytes")) as number;
    const wanted = before + (4 << 20);
    const received = await peer.read(wanted);
    expect(received.equals(patternBytes(0, wanted))).toBe(true);
    expect((await program.call("writtenBytes")) as number).toBeGreaterThan(before);
    await program.call("cancel", job);
    expect(await program.end(job)).toBe("E_CANCELLED");
  });

  test("other streams are not held up by one that is", async () => {
    const program = await openProgram(world);
    const slow = await openStream(program);
    const quick = await openStream(program);
    await program.begin("sendForever", slow.stream);
    await stalled(program);
    for (let i = 0; i < 10; i++) {
      await quick.peer.write(`${i}`);
      expect(await program.call("read", quick.stream, 10)).toBe(`${i}`);
      await program.call("write", quick.stream, `${i}!`);
      expect((await quick.peer.read(2)).toString()).toBe(`${i}!`);
    }
    expect(await waiting(program, "write")).toBe(1);
  });

  test("a program that does not read stops the peer, after a bounded number of bytes", async () => {
    const program = await openProgram(world);
    const { stream, peer } = await openStream(program);
    const chunk = 1 << 16;
    let sent = 0;
    const state = { isStopped: false };
    const sending = (async () => {
      for (; !state.isStopped; sent += chunk) await peer.write(patternBytes(sent, chunk));
      peer.end();
    })();
    for (let quiet = 0, before = -1; quiet < 20;) {
      await program.call("measure", 1);
      quiet = sent === before ? quiet + 1 : 0;
      before = sent;
    }
    expect(sent).toBeLessThan(SYSTEM_LIMIT);
    if (world.isSimulated) expect(sent).toBeLessThanOrEqual(DRIVER_LIMIT);
    // It goes on when the program reads, and nothing is lost or moved.
    state.isStopped = true;
    const received = program.call("receivePattern", stream, 10_000);
    await sending;
    expect(await received).toBe(sent);
  });
});
