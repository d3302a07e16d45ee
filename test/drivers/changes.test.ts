/** What changes while the driver waits: operations come and go, streams are closed and made, and numbers are used again. */
import { readdirSync } from "node:fs";
import { afterEach, expect } from "vitest";
import { Opcode } from "../../host/abi.ts";
import { Errno } from "../../host/errno.ts";
import { describeOn, needing } from "../setup/describe.ts";
import { type Attempt, closeBenches, listenOn, openBench, openConnection } from "../setup/driver-bench.ts";
import { patternBytes } from "../setup/pattern.ts";
import { Random } from "../setup/random.ts";
import { type Peer, worlds } from "../setup/world.ts";

const { ACCEPT, CLOSE, READ } = Opcode;
const ROUNDS = 60;
const STREAMS = 6;
const SEED = 1;

afterEach(closeBenches);

/** One of the streams that come and go: what its peer has sent, and what has been read of it. */
interface Talk {
  handle: number;
  peer: Peer;
  sent: number;
  got: number;
  reading: Attempt | undefined;
}

describeOn(worlds, "points 2, 3 and 9", (world) => {
  needing(world, "driver")(
    "a stream is closed while bytes for it are told, and the next one has its descriptor: it gets its own bytes only",
    async () => {
      const { bench, scene } = await openBench(world);
      const listener = await listenOn(bench);
      const isReused = process.platform === "linux" && (world.name === "epoll" || world.name === "poll");
      let peer = await scene.connect(listener.port);
      let handle = await bench.run({ opcode: ACCEPT, handle: listener.handle });
      for (let round = 0; round < 10; round++) {
        const reading = await bench.begin({ opcode: READ, handle, bytes: new Uint8Array(10) });
        const next = await scene.connect(listener.port);
        await peer.write("old");
        const old = handle;
        const { before, closed, accepting, after } = await bench.inTurn(() => {
          const numbers = () => (isReused ? readdirSync("/proc/self/fd") : []);
          return {
            before: numbers(),
            closed: bench.submit({ opcode: CLOSE, handle: old }).result,
            accepting: bench.submit({ opcode: ACCEPT, handle: listener.handle }),
            after: numbers(),
          };
        });
        expect(closed).toBe(0);
        // No number that was not in use: the closed one's is.
        expect(after.filter((fd) => !before.includes(fd))).toEqual([]);
        handle = await bench.taken(accepting);
        const own = await bench.begin({ opcode: READ, handle, bytes: new Uint8Array(10) });
        expect(await bench.taken(reading)).toBe(-Errno.EBADF);
        expect(reading.bytes).toEqual(new Uint8Array(10));
        for (let i = 0; i < 5; i++) await bench.inTurn(() => {});
        expect([own.result, own.endings]).toEqual([undefined, 0]);
        await next.write(`own ${round}`);
        expect(await bench.taken(own)).toBe(5);
        expect(own.text).toBe(`own ${round}`);
        peer = next;
      }
    },
  );

  needing(world, "driver")(
    "reads begin and are cancelled, streams are closed and others made, all while it waits: no byte is lost or doubled",
    async () => {
      const { bench, scene } = await openBench(world);
      const random = new Random(SEED);
      const open = async (): Promise<Talk> => {
        const { handle, peer } = await openConnection(bench, scene);
        return { handle, peer, sent: 0, got: 0, reading: undefined };
      };
      const talks: Talk[] = [];
      while (talks.length < STREAMS) talks.push(await open());
      for (let round = 0; round < ROUNDS; round++) {
        for (const talk of talks) if (random.one(2)) await send(talk, random.below(30));
        await bench.inTurn(() => talks.forEach((talk) => change(talk)));
        const closed = random.one(4) ? random.below(STREAMS) : -1;
        if (closed >= 0) {
          const talk = talks[closed] as Talk;
          await bench.inTurn(() => bench.submit({ opcode: CLOSE, handle: talk.handle }));
          // What was wanted may have been taken at the beginning of that turn.
          if (talk.reading && (await bench.taken(talk.reading)) !== -Errno.EBADF) note(talk);
          talks[closed] = await open();
        }
      }
      for (const talk of talks) {
        await send(talk, 1);
        while (talk.got < talk.sent) {
          talk.reading ??= await bench.begin({ opcode: READ, handle: talk.handle, bytes: new Uint8Array(100) });
          await bench.taken(talk.reading);
          note(talk);
        }
        expect(talk.got).toBe(talk.sent);
      }

      async function send(talk: Talk, count: number): Promise<void> {
        if (!count) return;
        await talk.peer.write(patternBytes(talk.sent, count));
        talk.sent += count;
      }

      /** Takes what has ended, cancels some of what has not, and begins anew. */
      function change(talk: Talk): void {
        if (talk.reading?.result !== undefined) note(talk);
        if (talk.reading && random.one(3)) {
          bench.cancel(talk.reading);
          talk.reading = undefined;
        }
        if (talk.reading || random.one(4)) return;
        talk.reading = bench.submit({ opcode: READ, handle: talk.handle, bytes: new Uint8Array(1 + random.below(20)) });
        talk.reading.isWanted = random.one(2);
      }

      function note(talk: Talk): void {
        const { result = 0, bytes } = talk.reading as Attempt;
        expect(result).toBeGreaterThan(0);
        expect(Buffer.from(bytes.subarray(0, result)).equals(patternBytes(talk.got, result))).toBe(true);
        talk.got += result;
        talk.reading = undefined;
      }
    },
  );
});
