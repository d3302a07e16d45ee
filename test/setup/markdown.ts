/** Reads the documents: their code blocks, links and tables. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./command.ts";

/** A fenced block of code. */
export interface Block {
  /** Its place among the blocks of the document. */
  index: number;
  language: string;
  /** What stands behind the language; often empty. */
  note: string;
  /** With the line break at its end. */
  text: string;
  /** The heading that it stands under. */
  heading: string;
}

export function readDocument(file: string): string {
  return readFileSync(path.join(root, file), "utf8");
}

export function readBlocks(file: string): Block[] {
  const blocks: Block[] = [];
  let heading = "";
  for (const match of readDocument(file).matchAll(/^#+ ([^\n]*)$|^```(\w*)(?: (\w+))?\n(.*?)^```$/gms)) {
    if (match[1] !== undefined) heading = match[1];
    else {
      const [, , language = "", note = "", text = ""] = match;
      blocks.push({ index: blocks.length, language, note, text, heading });
    }
  }
  return blocks;
}

/** A link to a file of the repository, and the heading in it that is meant. */
export interface Link {
  /** Relative to the repository's root. */
  file: string;
  /** As it stands in the link; empty when it has none. */
  anchor: string;
}

/** The links to files and headings of this repository. */
export function readLinks(file: string): Link[] {
  const links = [...readDocument(file).matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)];
  return links.map(([, target = "", anchor = ""]) => ({
    file: target ? path.join(path.dirname(file), target) : file,
    anchor,
  }));
}

/** What links to the headings of a document end in: made as GitHub makes them. */
export function readAnchors(file: string): string[] {
  const headings = [...readDocument(file).matchAll(/^#+ (.*)$/gm)];
  const anchors = headings.map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
  const before = (anchor: string, index: number) => anchors.slice(0, index).filter((other) => other === anchor).length;
  return anchors.map((anchor, index) => (before(anchor, index) ? `${anchor}-${before(anchor, index)}` : anchor));
}
