/** The clock of the JavaScript peers: the same that the driver `node` gives the guests. */

/** Nanoseconds since a moment of its own. */
export function nowNs(): number {
  return performance.now() * 1e6;
}
