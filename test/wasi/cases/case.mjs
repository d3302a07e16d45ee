// @ts-check
/**
 * What a conformance case is.
 *
 * @typedef {import("../probe-guest.mjs").Guest} Guest
 * @typedef {import("../probe-world.mjs").World} World
 * @typedef {import("../probe-world.mjs").Setup} Setup
 *
 * @typedef {object} Case
 * @property {string} group
 * @property {string} name says what is asked, and what makes the case
 * @property {Setup} [setup] what stands behind the descriptors
 * @property {(guest: Guest, world: World) => string | Promise<string>} probe what is done; tells what came
 * @property {string | string[]} want what must come; several where preview 1 leaves it open
 */

import { clock, MILLISECOND } from "../probe-guest.mjs";

/**
 * Cases of one group.
 *
 * @param {string} title
 * @param {Record<string, Omit<Case, "group" | "name">>} cases by name
 * @returns {Case[]}
 */
export function group(title, cases) {
  return Object.entries(cases).map(([name, subject]) => ({ group: title, name, ...subject }));
}

/** A clock of 10 ms, for what must not be ready. @param {number} userdata */
export function soon(userdata) {
  return clock(userdata, 10n * MILLISECOND);
}

/** A clock of 20 s, for what must be ready before it. @param {number} userdata */
export function never(userdata) {
  return clock(userdata, 20_000n * MILLISECOND);
}
