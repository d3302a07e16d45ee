// @ts-check
/** Writes a log of 20,000 lines, compressed, and sends it through the program. */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
// @ts-ignore: built by the command in program.ts
import { statuses, withoutAddresses } from "./build/app.js";

const LINES = 20_000;

function* log() {
  for (let i = 0; i < LINES; i++) {
    const status = i % 100 === 0 ? 500 : i % 10 === 0 ? 404 : 200;
    yield `10.0.${i >> 8}.${i & 255} GET /page/${i}/größe ${status}\n`;
  }
}

const folder = await mkdtemp(path.join(tmpdir(), "as-fibers-"));
const original = path.join(folder, "access.log.gz");
const hidden = path.join(folder, "hidden.log.gz");
await pipeline(Readable.from(log()), createGzip(), createWriteStream(original));

const read = (/** @type {string} */ file) => createReadStream(file, { highWaterMark: 4096 }).pipe(createGunzip());

for (const { code, count } of await statuses(read(original))) console.log(`${code}: ${count}`);

await pipeline(read(original), withoutAddresses, createGzip(), createWriteStream(hidden));

let lines = 0;
for await (const line of createInterface({ input: read(hidden) })) {
  if (lines === 257) console.log(line);
  if (!line.startsWith("- GET /page/")) throw new Error(`an address is left: ${line}`);
  lines++;
}
console.log(`${lines} lines, and fewer bytes: ${(await stat(hidden)).size < (await stat(original)).size}`);

// Only the beginning: the rest is not read.
const source = read(original);
for await (const chunk of withoutAddresses(source)) {
  console.log(`${Buffer.from(chunk).toString().split("\n")[0]}, and that is enough: ${source.destroyed}`);
  break;
}
console.log(`the file is let go: ${source.destroyed}`);
await rm(folder, { recursive: true });
