/** `GeneratedText`: AssemblyScript that the transform adds to files of the program. */
import { posix } from "node:path";
import type { Source } from "./compiler.ts";

/** What is added to files of the program, in AssemblyScript. */
export class GeneratedText {
  readonly #texts = new Map<Source, string[]>();

  add(source: Source, text: string): void {
    const texts = this.#texts.get(source);
    if (texts) texts.push(text);
    else this.#texts.set(source, [text]);
  }

  /** What each file gets. */
  *[Symbol.iterator](): Generator<[Source, string]> {
    for (const [source, texts] of this.#texts) yield [source, texts.join("\n")];
  }
}

/** How a file names another one in an import. */
export function pathBetween(from: Source, to: Source): string {
  if (to.internalPath.startsWith("~lib/")) return to.internalPath;
  const relative = posix.relative(posix.dirname(from.internalPath), to.internalPath);
  return relative.startsWith(".") ? relative : `./${relative}`;
}
