/**
 * Straight-line code over JavaScript's promises: pages by `fetch`, files by `node:fs/promises`. The functions that JavaScript serves are
 * in host.mjs; main.mjs calls what is exported here.
 *
 *     npx as-fibers build program.ts -o build/app --imports host.mjs
 *     node main.mjs
 */
import { fail, Fiber, map } from "as-fibers/assembly";

/** The text of a page. */
@suspends
declare function fetchText(url: string): string;

/** The same; null when it cannot be had. */
@suspends
declare function fetchTextOrError(url: string): string | null;

@suspends
declare function readText(path: string): string;

@suspends
declare function writeText(path: string, text: string): void;

/** What is told of a page. */
class Page {
  url: string = "";
  title: string = "";
  bytes: i32 = 0;
}

function titleOf(text: string): string {
  const begin = text.indexOf("<title>");
  const end = text.indexOf("</title>");
  if (begin < 0 || end < begin) fail("the page has no title", "E_NO_TITLE");
  return text.slice(begin + 7, end);
}

function look(url: string): Page {
  const text = fetchText(url);
  return { url, title: titleOf(text), bytes: String.UTF8.byteLength(text) };
}

/** Looks at all pages, at most three at a time; fails when one cannot be had. */
export function lookAtAll(urls: string[]): Page[] {
  return map(look, urls, 3);
}

/** The title of the first page that can be had. */
export function firstTitle(urls: string[]): string {
  let last = "";
  for (let i = 0; i < urls.length; i++) {
    const text = fetchTextOrError(urls[i]);
    if (text != null) return titleOf(text);
    last = Fiber.current().lastError;
  }
  fail(`none of ${urls.length} pages can be had`, last);
  return "";
}

/** Writes the titles of pages into a file, a line each, and reads it again. */
export function saveTitles(pages: Page[], path: string): i32 {
  writeText(path, pages.map<string>((page) => page.title).join("\n"));
  return readText(path).split("\n").length;
}
