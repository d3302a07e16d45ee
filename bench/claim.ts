/** A claim: what was asked of a figure, and what was measured. */
import { format, type Unit } from "./format.ts";

export interface Claim {
  figure: string;
  asked: string;
  measured: string;
  /** What was measured, as a share of what it is compared with; null where only the difference means something. */
  ratio: number | null;
  met: boolean;
}

/** Asked: at most `limit`. */
export function atMost(figure: string, measured: number, limit: number, unit: Unit): Claim {
  return {
    figure,
    asked: `<= ${format(limit, unit)}`,
    measured: format(measured, unit),
    ratio: measured / limit,
    met: measured <= limit,
  };
}

/** Asked: a growth or a difference of at most `limit`, which may as well be negative. */
export function growsAtMost(figure: string, measured: number, limit: number, unit: Unit): Claim {
  return {
    figure,
    asked: `<= +${format(limit, unit)}`,
    measured: `${measured < 0 ? "" : "+"}${format(measured, unit)}`,
    ratio: null,
    met: measured <= limit,
  };
}

interface Peer {
  name: string;
  measured: number;
}

/** Asked: at most `factor` times what the peer needs. */
export function atMostTimes(figure: string, measured: number, factor: number, peer: Peer, unit: Unit): Claim {
  return { ...times("<=", figure, measured, factor, peer, unit), met: measured <= factor * peer.measured };
}

/** Asked: at least `factor` times what the peer reaches. */
export function atLeastTimes(figure: string, measured: number, factor: number, peer: Peer, unit: Unit): Claim {
  return { ...times(">=", figure, measured, factor, peer, unit), met: measured >= factor * peer.measured };
}

function times(
  relation: "<=" | ">=",
  figure: string,
  measured: number,
  factor: number,
  peer: Peer,
  unit: Unit,
): Omit<Claim, "met"> {
  return {
    figure,
    asked: `${relation} ${factor} x ${peer.name}`,
    measured: format(measured, unit),
    ratio: measured / peer.measured,
  };
}
