/** What goes wrong in a simulated network: by script, or by chance. */
import type { Random } from "./random.ts";

/** A way in which a connection goes wrong. */
export type FaultKind =
  /** Both ends read and write ECONNRESET. */
  | "reset"
  /** Nothing arrives any more, and nobody is told: writes fill the buffers, and end with ETIMEDOUT after a quarter of an hour. */
  | "lost"
  /** The other end has gone without a word: nothing comes from it, and who writes to it reads a reset. */
  | "half-open"
  /** Nothing gets through for a time; then all of it does. New connections wait as well. */
  | "partition"
  /** So many bytes per second get through, in both directions: a slow reader, and soon a full buffer. */
  | "slow";

/** Something that goes wrong at a time. */
export interface Fault {
  /** Milliseconds since the beginning. */
  at: number;
  /** What. */
  kind: FaultKind;
  /** Which connections: those with this host; with all by default. */
  host?: string;
  /** Those with this port. */
  port?: number;
  /** The one of this number, 1 being the first that was made. */
  connection?: number;
  /** Of a partition: milliseconds; for ever by default. */
  for?: number;
  /** Of "slow"; 1,000 by default. */
  bytesPerSecond?: number;
}

/** What goes wrong by chance: the probability of each kind for each connection. */
export interface FaultChances {
  /** 0 to 1 for each kind; 0 for those that are not named. */
  chances: Partial<Record<FaultKind, number>>;
  /** It happens within so many milliseconds of the connection's beginning; 1,000 by default. */
  within?: number;
  /** Partitions last so many milliseconds at most; 1,000 by default. */
  partition?: number;
}

/** What will happen to a connection that begins now; usually nothing. In a fixed order, so that the same numbers give the same. */
export function drawFaults({ chances, within = 1000, partition = 1000 }: FaultChances, random: Random): Fault[] {
  const kinds = ["reset", "lost", "half-open", "partition", "slow"] as const;
  return kinds.flatMap((kind) => {
    const isDue = random.next() < (chances[kind] ?? 0);
    const at = random.next() * within;
    const duration = random.next() * partition;
    return isDue ? [{ at, kind, ...(kind === "partition" ? { for: duration } : {}) }] : [];
  });
}
