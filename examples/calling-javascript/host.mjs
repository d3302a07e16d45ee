// @ts-check
/** What the program imports: each may be a function that returns a promise, or one that does not. */
import { readFile, writeFile } from "node:fs/promises";
import { currentSignal } from "as-fibers";

/**
 * Given up when the fiber that waits for it is cancelled.
 *
 * @param {string} url
 */
export async function fetchText(url) {
  const response = await fetch(url, { signal: currentSignal() });
  if (!response.ok) throw Object.assign(new Error(`${url} answers ${response.status}`), { code: "E_STATUS" });
  return response.text();
}

/** @param {string} path */
export const readText = (path) => readFile(path, { encoding: "utf8", signal: currentSignal() });

/**
 * @param {string} path
 * @param {string} text
 */
export const writeText = (path, text) => writeFile(path, text, { signal: currentSignal() });
