// @ts-check
/** Calls the program with a server of its own, whose answers take 100 milliseconds each. */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
// @ts-ignore: built by the command in program.ts
import { firstTitle, lookAtAll, saveTitles } from "./build/app.js";

const server = createServer((request, response) => {
  const name = request.url?.slice(1) ?? "";
  setTimeout(() => {
    response.statusCode = name === "missing" ? 404 : 200;
    response.end(`<html><title>Page ${name}</title></html>`);
  }, 100);
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
const at = (/** @type {string} */ name) => `http://127.0.0.1:${port}/${name}`;

const pages = await lookAtAll(["one", "two", "three"].map(at));
for (const { title, bytes } of pages) console.log(`${title}: ${bytes} bytes`);

console.log(await firstTitle([at("missing"), at("four")]));

const file = path.join(tmpdir(), `titles-${process.pid}.txt`);
console.log(`${await saveTitles(pages, file)} lines`);
await rm(file);

try {
  await lookAtAll([at("one"), at("missing")]);
} catch (error) {
  const { code, message } = /** @type {import("as-fibers").FiberError} */ (error);
  console.log(`${code}: ${message.replaceAll(at(""), "/")}`);
}

const controller = new AbortController();
const cancelled = lookAtAll([at("one")], { signal: controller.signal });
controller.abort(new Error("nobody waits for it"));
console.log(String(await cancelled.catch((error) => `${error.code}: ${error.message}`)));

server.close();
