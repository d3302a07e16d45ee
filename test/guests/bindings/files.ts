/** A program with imports of its own, for the files that `as-fibers build` writes. */
import { Channel, fail, spawn } from "as-fibers/assembly";
import { inner } from "./files-inner";

class Entry {
  key: string = "";
  values: i32[] = [];
  parent: Entry | null = null;
}

@suspends
declare function lookUp(key: string): Entry;

declare function twice(text: string): string;

export { inner };
export { delete_ as delete };

export let lookedUp: string[] = [];

/** The key and what is behind it. */
export function find(key: string, separator: string = "="): string {
  const entry = lookUp(key);
  lookedUp.push(key);
  return twice(entry.key + separator + entry.values.toString());
}

function delete_(): i32 {
  return lookedUp.splice(0).length;
}

function search(depth: i32): i32 {
  if (!depth) fail("there is nothing", "E_NOTHING");
  return search(depth - 1);
}

/** Fails because a fiber of its own does. */
export function lose(): i32 {
  return spawn(search, 1, "searcher").join();
}

/** The same. */
export function pass(lines: Channel<string>, _entries: Channel<Entry | null> | null = null): Channel<string> {
  return lines;
}

export class Shown {}

export function generic<T>(value: T): T {
  return value;
}
