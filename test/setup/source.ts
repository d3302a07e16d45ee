/** Places in the sources of the guests, found by their text: what an error's location is compared with. */
import { readFileSync } from "node:fs";
import type { Location } from "as-fibers";

const folder = new URL("../guests/", import.meta.url);

/**
 * The place of a piece of text that occurs once in `test/guests/<guest>.ts`; `|` in it marks the column, else it is the start.
 * A file of the guest's folder is named `<guest>/<file>`.
 */
export function placeOf(guest: string, marked: string): Location {
  const file = `${guest}.ts`;
  return placeIn(file, readFileSync(new URL(file, folder), "utf8"), marked);
}

/** The same in a source that is given as text. */
export function placeIn(file: string, source: string, marked: string): Location {
  const text = marked.replace("|", "");
  const at = source.indexOf(text);
  if (at < 0 || source.indexOf(text, at + 1) >= 0)
    throw new Error(`${JSON.stringify(text)} must occur once in ${file}`);
  const before = source.slice(0, at + Math.max(marked.indexOf("|"), 0)).split("\n");
  return { file, line: before.length, column: (before.at(-1) ?? "").length + 1 };
}
