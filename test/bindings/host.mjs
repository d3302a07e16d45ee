// @ts-check
/** What the program `files.ts` imports: built with `--imports`. */
import { currentSignal } from "as-fibers";

export let aborted = 0;

/**
 * Answers after a moment; "never" not at all.
 *
 * @param {string} key
 */
export function lookUp(key) {
  currentSignal().addEventListener("abort", () => aborted++);
  return key === "never" ? new Promise(() => {}) : Promise.resolve({ key, values: [key.length], parent: null });
}

/**
 * At once.
 *
 * @param {string} value
 */
export const twice = (value) => value + value;
