/** A pipe of Node's streams with a stage in the program, beside the same stage in JavaScript; and what a small value costs. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import type { StreamInput, StreamOutput } from "as-fibers";
import { checkEqual } from "../check.ts";
import { atLeastTimes } from "../claim.ts";
import { contest, type Contestant, type Timing } from "../contest.ts";
import { formatNumber } from "../format.ts";
import { guestSource } from "../guest.ts";
import type { Part } from "../part.ts";

const CHUNK_BYTES = 1 << 20;
const CHUNKS = 64;
const MASK = 0x5a;
const NEWLINE = 10;
/** Small values of a stream. */
const VALUES = 20_000;
const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;

interface Program {
  mask(chunks: StreamInput<Uint8Array>): StreamOutput<Uint8Array>;
  pass(chunks: StreamInput<Uint8Array>): StreamOutput<Uint8Array>;
  count(limit: number): StreamOutput<number>;
  sum(values: StreamInput<number>): Promise<number>;
  lines: { readonly value: number };
}

export const part: Part = {
  name: "streams",
  title: "Streams",
  async run() {
    const program = await openProgram();
    const chunks = makeChunks();
    await checkMask(program, chunks);
    const masked = await contest(
      { guest: pipe(chunks, () => program.mask), plain: pipe(chunks, () => transform(maskChunk)) },
      { rounds: 10, samplesPerRound: 2 },
    );
    const passed = await contest(
      { guest: pipe(chunks, () => program.pass), plain: pipe(chunks, () => transform(() => 0)) },
      { rounds: 5, samplesPerRound: 2 },
    );
    const small = await contest({
      out: perValue(() => addUp(program.count(VALUES))),
      in: perValue(() => program.sum(numbers())),
      plain: perValue(() => addUp(numbers())),
    });
    const ns = (name: string, { median }: Timing) => [name, formatNumber(median, "ns")];
    return {
      tables: [
        {
          caption: "Chunks of 1 MB per second through pipeline(Readable, stage, Writable)",
          headers: ["stage", "in the program", "in JavaScript", "ratio"],
          rows: [compare("lines counted, every byte changed", masked), compare("nothing done", passed)],
          notes: [
            "The stage in JavaScript is a Transform that changes a chunk in its place. The program gets a copy, and JavaScript a copy of that: where nothing is done, the copies are all that is measured.",
          ],
        },
        {
          caption: "ns per number of a stream",
          headers: ["what", "ns"],
          rows: [
            ns("from the program, for await", small.out),
            ns("to the program, of an async generator", small.in),
            ns("an async generator, for await", small.plain),
          ],
          notes: ["Each number takes a turn of its own: many small values are better sent as arrays."],
        },
      ],
      claims: [
        atLeastTimes(
          "1 MB chunks per second, lines counted and bytes changed",
          rate(masked.guest),
          0.7,
          { name: "a Transform", measured: rate(masked.plain) },
          "/s",
        ),
      ],
      data: { masked, passed, small },
    };
  },
};

/** Builds the program as its users do, and imports it. */
async function openProgram(): Promise<Program> {
  const base = path.resolve(".cache/bench/streams");
  execFileSync(process.execPath, ["dist/command.js", "build", guestSource("streams"), "-o", base], { stdio: "ignore" });
  return (await import(pathToFileURL(`${base}.js`).href)) as Program;
}

/** Bytes that are the same in each run. */
function makeChunks(): Uint8Array[] {
  let state = 1;
  return Array.from({ length: CHUNKS }, () => {
    const words = new Uint32Array(CHUNK_BYTES / 4);
    for (let i = 0; i < words.length; i++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[i] = state;
    }
    return new Uint8Array(words.buffer);
  });
}

type Stage = Transform | ((source: StreamInput<Uint8Array>) => StreamOutput<Uint8Array>);

/** A stage in JavaScript. */
function transform(work: (chunk: Uint8Array) => void): Transform {
  return new Transform({
    highWaterMark: CHUNK_BYTES,
    transform(chunk: Uint8Array, _encoding, done) {
      work(chunk);
      done(null, chunk);
    },
  });
}

/** What `mask` of the program does. @returns how many lines */
function maskChunk(chunk: Uint8Array): number {
  let count = 0;
  for (let i = 0, { length } = chunk; i < length; i++) {
    const byte = chunk[i] as number;
    if (byte === NEWLINE) count++;
    chunk[i] = byte ^ MASK;
  }
  return count;
}

/** Sends chunks through a stage. */
async function send(chunks: Uint8Array[], stage: Stage, take: (chunk: Uint8Array) => void): Promise<void> {
  let next = 0;
  const source = new Readable({
    highWaterMark: CHUNK_BYTES,
    read() {
      this.push(chunks[next++] ?? null);
    },
  });
  const sink = new Writable({
    highWaterMark: CHUNK_BYTES,
    write(chunk: Uint8Array, _encoding, done) {
      take(chunk);
      done();
    },
  });
  await pipeline([source, stage as Transform, sink]);
}

function pipe(chunks: Uint8Array[], makeStage: () => Stage): Contestant {
  return {
    async run() {
      let bytes = 0;
      const begin = performance.now();
      await send(chunks, makeStage(), (chunk) => (bytes += chunk.length));
      const elapsed = performance.now() - begin;
      checkEqual("bytes that came through", bytes, CHUNKS * CHUNK_BYTES);
      return (elapsed * NS_PER_MS) / CHUNKS;
    },
  };
}

/** Both stages make the same of the same bytes. */
async function checkMask(program: Program, chunks: Uint8Array[]): Promise<void> {
  const copies = () => chunks.map((chunk) => chunk.slice());
  const [guest, plain] = [new Checksum(), new Checksum()];
  let lines = 0;
  await send(copies(), program.mask, (chunk) => guest.add(chunk));
  await send(
    copies(),
    transform((chunk) => (lines += maskChunk(chunk))),
    (chunk) => plain.add(chunk),
  );
  checkEqual("the checksum of what came through the program", guest.value, plain.value);
  checkEqual("the lines that the program has counted", program.lines.value, lines);
}

/** Of bytes in their order. */
class Checksum {
  value = 1;

  add(chunk: Uint8Array): void {
    for (const byte of chunk) this.value = (Math.imul(this.value, 31) + byte) | 0;
  }
}

async function* numbers(): AsyncGenerator<number> {
  for (let i = 0; i < VALUES; i++) yield i;
}

async function addUp(values: AsyncIterable<number>): Promise<number> {
  let sum = 0;
  for await (const value of values) sum += value;
  return sum;
}

function perValue(sum: () => Promise<number>): Contestant {
  return {
    async run() {
      const begin = performance.now();
      const found = await sum();
      const elapsed = performance.now() - begin;
      checkEqual("the sum of the stream", found, (VALUES * (VALUES - 1)) / 2);
      return (elapsed * NS_PER_MS) / VALUES;
    },
  };
}

const rate = ({ median }: Timing) => NS_PER_S / median;

function compare(name: string, { guest, plain }: { guest: Timing; plain: Timing }): string[] {
  const ratio = (rate(guest) / rate(plain)).toFixed(2);
  return [name, formatNumber(rate(guest), "/s"), formatNumber(rate(plain), "/s"), ratio];
}
