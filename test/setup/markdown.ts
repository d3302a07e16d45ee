/** Reads the documents: their code blocks, links and tables. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { root } from "./command.ts";

/** A fenced block of code. */
export interface Block {
  /** Its place among the blocks of the document. */
  index: number;
  language: string;
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
  for (const match of readDocument(file).matchAll(/^#+ ([^\n]*)$|^```(\w*)\n(.*?)^```$/gms)) {
    if (match[1] !== undefined) heading = match[1];
    else blocks.push({ index: blocks.length, language: match[2] ?? "", text: match[3] ?? "", heading });
  }
  return blocks;
}

/** The targets of the links to files, relative to the repository's root. */
export function readLinks(file: string): string[] {
  const links = [...readDocument(file).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)];
  return links.map((match) => path.join(path.dirname(file), match[1] ?? ""));
}
