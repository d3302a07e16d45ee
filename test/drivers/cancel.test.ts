/** Cancelling each operation in each of its states: it has left nothing behind. */
import { afterEach, describe, expect, test } from "vitest";
import { Opcode } from "../../host/abi.ts";
import { Errno } from "../../host/errno.ts";
import { describeOn, needing } from "../setup/describe.ts";
import { closeBenches, endOf, fillConnection, listenOn, openBench, openConnection } from "../setup/driver-bench.ts";
import { patternBytes } from "../setup/pattern.ts";
import { worlds } from "../setup/world.ts";

const { ACCEPT, CLOSE, CONNECT, LISTEN, LOOKUP, READ, WRITE } = Opcode;
const HOST = "127.0.0.1";

afterEach(closeBenches);

describeOn(worlds, "point 3", (world) => {
  describe("listen", () => {
    needing(
      world,
      "driver",
      "port",
    )("in the turn in which it began: the port is free in that turn", async () => {
      const { bench, scene } = await openBench(world);
      const argument = await scene.unusedPort();
      const [first, second] = await bench.inTurn(() => {
        const attempt = bench.submit({ opcode: LISTEN, argument, bytes: HOST });
        bench.cancel(attempt);
        return [attempt, bench.submit({ opcode: LISTEN, argument, bytes: HOST })];
      });
      expect(await bench.taken(second)).toBeGreaterThan(2);
      expect(first.endings).toBe(0);
    });

    needing(
      world,
      "driver",
      "port",
    )("completed and not taken: nobody listens any more", async () => {
      const { bench, scene } = await openBench(world);
      const argument = await scene.unusedPort();
      const attempt = await bench.begin({ opcode: LISTEN, argument, bytes: HOST });
      await bench.completed(attempt);
      await bench.inTurn(() => bench.cancel(attempt));
      await expect(scene.connect(argument)).rejects.toMatchObject({ code: "ECONNREFUSED" });
      expect((await listenOn(bench, argument)).port).toBe(argument);
    });
  });

  describe("accept", () => {
    test("while it waits: the next in line gets the connection", async () => {
      const { bench, scene } = await openBench(world);
      const { handle, port } = await listenOn(bench);
      const first = await bench.begin({ opcode: ACCEPT, handle });
      const second = await bench.begin({ opcode: ACCEPT, handle });
      await bench.inTurn(() => bench.cancel(first));
      const peer = await scene.connect(port);
      const stream = await bench.taken(second);
      await bench.run({ opcode: WRITE, handle: stream, bytes: "second" });
      expect((await peer.read(6)).toString()).toBe("second");
      expect(first.endings).toBe(0);
    });

    needing(world, "driver")("completed and not taken: the next in line gets its connection", async () => {
      const { bench, scene } = await openBench(world);
      const { handle, port } = await listenOn(bench);
      const first = await bench.begin({ opcode: ACCEPT, handle });
      const second = await bench.begin({ opcode: ACCEPT, handle });
      const peer = await scene.connect(port);
      await bench.completed(first);
      await bench.inTurn(() => bench.cancel(first));
      const stream = await bench.taken(second);
      await bench.run({ opcode: WRITE, handle: stream, bytes: "second" });
      expect((await peer.read(6)).toString()).toBe("second");
    });

    needing(world, "driver")(
      "completed and not taken, nobody in line: who comes later gets its connection",
      async () => {
        const { bench, scene } = await openBench(world);
        const { handle, port } = await listenOn(bench);
        const first = await bench.begin({ opcode: ACCEPT, handle });
        const peer = await scene.connect(port);
        await bench.completed(first);
        await bench.inTurn(() => bench.cancel(first));
        const stream = await bench.run({ opcode: ACCEPT, handle });
        await bench.run({ opcode: WRITE, handle: stream, bytes: "later" });
        expect((await peer.read(5)).toString()).toBe("later");
      },
    );
  });

  describe("connect", () => {
    needing(
      world,
      "driver",
      "connect",
    )("while it is being made: it is dropped", async () => {
      const { bench, scene } = await openBench(world);
      const outside = await scene.listen();
      const request = { opcode: CONNECT, argument: outside.port, bytes: HOST };
      const dropped = await bench.begin(request);
      await bench.inTurn(() => bench.cancel(dropped));
      const stream = await bench.run(request);
      await bench.run({ opcode: WRITE, handle: stream, bytes: "x" });
      // The dropped one may have got as far as the listener: then it ends.
      const seen = [await endOf(await outside.accept())];
      if (seen[0] !== "x") seen.push(await endOf(await outside.accept()));
      expect(seen.pop()).toBe("x");
      expect(seen.filter((how) => how !== "end" && how !== "ECONNRESET")).toEqual([]);
      await outside.close();
    });

    needing(
      world,
      "driver",
      "connect",
    )("completed and not taken: the peer sees it go", async () => {
      const { bench, scene } = await openBench(world);
      const outside = await scene.listen();
      const attempt = await bench.begin({ opcode: CONNECT, argument: outside.port, bytes: HOST });
      const peer = await outside.accept();
      await bench.completed(attempt);
      await bench.inTurn(() => bench.cancel(attempt));
      expect(await endOf(peer)).toMatch(/^(end|ECONNRESET)$/);
    });

    needing(
      world,
      "driver",
      "connect",
    )("completed by an error, and not taken", async () => {
      const { bench, scene } = await openBench(world);
      const argument = await scene.unusedPort();
      const attempt = await bench.begin({ opcode: CONNECT, argument, bytes: HOST });
      await bench.completed(attempt);
      await bench.inTurn(() => bench.cancel(attempt));
      expect(await bench.run({ opcode: CONNECT, argument, bytes: HOST })).toBe(-Errno.ECONNREFUSED);
    });
  });

  describe("read", () => {
    const request = (handle: number) => ({ opcode: READ, handle, bytes: new Uint8Array(10) });

    test("while it waits: the next one gets the bytes, its own are not touched", async () => {
      const { bench, scene } = await openBench(world);
      const { handle, peer } = await openConnection(bench, scene);
      const first = await bench.begin(request(handle));
      await bench.inTurn(() => bench.cancel(first));
      const second = await bench.begin(request(handle));
      await peer.write("for two");
      expect(await bench.taken(second)).toBe(7);
      expect(second.text).toBe("for two");
      expect(await bench.bytesOf(first)).toEqual(new Uint8Array(10));
      expect(first.endings).toBe(0);
    });

    needing(world, "driver")("completed and not taken: the next one gets the bytes", async () => {
      const { bench, scene } = await openBench(world);
      const { handle, peer } = await openConnection(bench, scene);
      const first = await bench.begin(request(handle));
      await peer.write("for two");
      await bench.completed(first);
      await bench.inTurn(() => bench.cancel(first));
      const second = await bench.begin(request(handle));
      expect(await bench.taken(second)).toBe(7);
      expect(second.text).toBe("for two");
      expect(first.bytes).toEqual(new Uint8Array(10));
    });

    needing(world, "driver").each(["end", "reset"] as const)(
      "completed by %s and not taken: the next one is told",
      async (how) => {
        const { bench, scene } = await openBench(world);
        const { handle, peer } = await openConnection(bench, scene);
        const first = await bench.begin(request(handle));
        peer[how]();
        await bench.completed(first);
        await bench.inTurn(() => bench.cancel(first));
        const expected = how === "end" ? 0 : -Errno.ECONNRESET;
        expect(await bench.run(request(handle))).toBe(expected);
        expect(await bench.run(request(handle))).toBe(expected);
      },
    );

    test("of the standard input, while it waits", async () => {
      const { bench } = await openBench(world);
      const first = await bench.begin(request(0));
      await bench.inTurn(() => bench.cancel(first));
      const second = await bench.begin(request(0));
      expect(second.result).toBeUndefined();
    });

    needing(world, "driver")("of the standard input, completed and not taken", async () => {
      const typed = await openBench(world, { stdin: "abc" });
      const third = await typed.bench.begin(request(0));
      if (third.result !== undefined) return; // It was there already.
      await typed.bench.completed(third);
      await typed.bench.inTurn(() => typed.bench.cancel(third));
      const fourth = await typed.bench.begin(request(0));
      expect(await typed.bench.taken(fourth)).toBe(3);
      expect(fourth.text).toBe("abc");
    });
  });

  describe("write", () => {
    test("while it waits: the stream is closed for writing, and can still be read", async () => {
      const { bench, scene } = await openBench(world);
      const { handle, peer } = await openConnection(bench, scene);
      const { attempt } = await fillConnection(bench, handle, patternBytes);
      await bench.inTurn(() => bench.cancel(attempt));
      for (let i = 0; i < 2; i++) expect(await bench.run({ opcode: WRITE, handle, bytes: "more" })).toBe(-Errno.EPIPE);
      await peer.write("hello");
      const reading = await bench.begin({ opcode: READ, handle, bytes: new Uint8Array(10) });
      expect(await bench.taken(reading)).toBe(5);
      expect(attempt.endings).toBe(0);
    });

    needing(world, "driver")("completed and not taken: the same, since nobody was told that it went out", async () => {
      const { bench, scene } = await openBench(world);
      const { handle, peer } = await openConnection(bench, scene);
      const { sent, attempt } = await fillConnection(bench, handle, patternBytes);
      await peer.read(sent);
      await bench.completed(attempt);
      await bench.inTurn(() => bench.cancel(attempt));
      expect((await bench.begin({ opcode: WRITE, handle, bytes: "more" })).result).toBe(-Errno.EPIPE);
    });

    test("then closed: the peer reads what was written, perhaps more of the same, and an end or a reset", async () => {
      const { bench, scene } = await openBench(world);
      const { handle, peer } = await openConnection(bench, scene);
      const { sent, attempt } = await fillConnection(bench, handle, patternBytes);
      await bench.inTurn(() => {
        bench.cancel(attempt);
        bench.overwrite(attempt);
        return bench.submit({ opcode: CLOSE, handle });
      });
      const most = patternBytes(0, sent + attempt.bytes.length);
      const received = await peer.read(sent);
      expect(received.equals(most.subarray(0, sent))).toBe(true);
      for (let at = sent; ; at++) {
        const byte = await peer.read(1).catch(() => Buffer.alloc(0));
        if (!byte.length) break;
        expect(byte[0]).toBe(most[at]);
      }
    });
  });

  describe("lookup", () => {
    needing(
      world,
      "driver",
      "connect",
    )("while it waits, and completed and not taken: its bytes are not touched", async () => {
      const { bench } = await openBench(world);
      const request = () => ({ opcode: LOOKUP, argument: 9, bytes: "localhost" });
      const first = await bench.begin(request());
      await bench.inTurn(() => bench.cancel(first));
      const second = await bench.begin(request());
      await bench.completed(second);
      await bench.inTurn(() => bench.cancel(second));
      const third = await bench.begin(request());
      expect(await bench.taken(third)).toBeGreaterThan(0);
      for (const { bytes } of [first, second]) expect(Buffer.from(bytes).toString()).toBe("localhost");
    });
  });
});
