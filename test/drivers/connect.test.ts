/** Connecting: to whom it is possible, and what it says of the others. */
import { afterEach, expect } from "vitest";
import { describeOn, needing } from "../setup/describe.ts";
import { closeScenes, openProgram } from "../setup/driver-program.ts";
import { worlds } from "../setup/world.ts";

afterEach(closeScenes);

describeOn(worlds, "point 10", (world) => {
  needing(world, "connect")("to a listener outside, both ways", async () => {
    const program = await openProgram(world);
    const outside = await program.scene.listen();
    const stream = (await program.call("connect", "127.0.0.1", outside.port)) as number;
    const peer = await outside.accept();
    expect(await program.call("remoteAddress", stream)).toBe(`127.0.0.1:${outside.port}`);
    await program.call("write", stream, "question");
    expect((await peer.read(8)).toString()).toBe("question");
    await peer.write("answer");
    expect(await program.call("read", stream, 100)).toBe("answer");
    await outside.close();
  });

  needing(world, "connect")("by name", async () => {
    const program = await openProgram(world);
    const outside = await program.scene.listen();
    const stream = (await program.call("connect", "localhost", outside.port)) as number;
    const peer = await outside.accept();
    await program.call("write", stream, "x");
    expect((await peer.read(1)).toString()).toBe("x");
  });

  needing(world, "connect")("where nobody listens: ECONNREFUSED", async () => {
    const program = await openProgram(world);
    const port = await program.scene.unusedPort();
    await expect(program.call("connect", "127.0.0.1", port)).rejects.toMatchObject({
      code: "ECONNREFUSED",
      message: `cannot connect to 127.0.0.1:${port}: the connection was refused: nobody listens there`,
    });
    expect(await program.call("attempt", "connect", port, "127.0.0.1")).toBe("true ECONNREFUSED");
  });

  needing(world, "connect")("where no way leads to: ENETUNREACH or EHOSTUNREACH", async () => {
    const program = await openProgram(world);
    const error: unknown = await program.call("connect", "255.255.255.255", 80).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: expect.stringMatching(/^E(NET|HOST)UNREACH$/) as string });
    expect((error as Error).message).toMatch(
      /^cannot connect to 255\.255\.255\.255:80: (the network is unreach|no route)/,
    );
  });

  needing(world, "connect").each([-1, 65_536, 2 ** 31 - 1])("to port %d: EINVAL", async (port) => {
    const program = await openProgram(world);
    await expect(program.call("connect", "127.0.0.1", port)).rejects.toMatchObject({ code: "EINVAL" });
  });

  needing(world, "connect")("one that fails does not disturb others", async () => {
    const program = await openProgram(world);
    const outside = await program.scene.listen();
    const port = await program.scene.unusedPort();
    const jobs = [];
    for (let i = 0; i < 20; i++) jobs.push(await program.begin("connect", i % 2 ? outside.port : port));
    const results = [];
    for (const job of jobs) results.push(await program.end(job));
    expect(results.filter((result) => result === "ECONNREFUSED").length).toBe(10);
    expect(results.filter((result) => /^\d+$/.test(result)).length).toBe(10);
    results.forEach((result, i) => expect(result === "ECONNREFUSED").toBe(i % 2 === 0));
  });
});
