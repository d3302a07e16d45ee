/**
 * Scripts for the guest `select-scripts`: what several fibers do with channels and selects, in one line of text each.
 *
 * The channels come first, by their capacities: `0 2 1o 1n k` are channels 0 to 4, of which the last three drop the oldest, drop the
 * newest, keep the latest. Then a script for each fiber 1, 2 …, instructions separated by ", ":
 *
 *     wait r0 s1 t5 j2         a new select: receive from channel 0, send to 1, 5 ms, the end of fiber 2; `r-` and `s-` have no channel
 *     biased r0 r1             the same, the first that is ready
 *     poll r0 s1               the same, without waiting
 *     again                    waits in the last select once more
 *     of 2 wait                in the select of fiber 2: wait, poll, add, clear
 *     send 0   trySend 0   receive 0   next 0   tryNext 0   close 0   look 0
 *     yield   sleep 5   cancel 2   fail   now   say word
 *
 * Each of a fiber's cases and sends has a value of its own, f.0, f.1 … in fiber f. When nothing happens any more, what still waits is
 * cancelled; then no channel may be waited for, and no timer may run.
 */
import { load, virtualDriver } from "as-fibers";
import { guest } from "./guests.ts";

let module: WebAssembly.Module | undefined;

/** What the fibers say, and what is found at the end. */
export async function play(channels: string, ...scripts: string[]): Promise<string[]> {
  module ??= new WebAssembly.Module(guest("select-scripts").binary as BufferSource);
  const app = await load(module, { driver: virtualDriver() });
  const said = (await app.exports["play"]?.([channels, ...scripts].join(" | "))) as string;
  await app.close();
  return said === "" ? [] : said.split("\n");
}
