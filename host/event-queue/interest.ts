/** What a registration asks for, and how often it is told: small numbers, so that they fit in typed arrays. */
import { FibersError } from "../errors.ts";

/** Directions; combined by `|`. */
export const Interest = {
  /** Told again when it is modified. */
  NONE: 0,
  READABLE: 1,
  WRITABLE: 2,
} as const;

/** What an event says beside its directions; combined by `|` with them. */
export const Hint = {
  /** The peer has ended its direction, or both. */
  HANGUP: 4,
  /** Something has failed: the next call tells what. */
  ERROR: 8,
} as const;

export const DIRECTIONS = Interest.READABLE | Interest.WRITABLE;
export const HINTS = Hint.HANGUP | Hint.ERROR;

/** How often a registration is told. */
export const Mode = {
  /** One event, and then none until it is modified. */
  ONESHOT: 0,
  /** An event in every wait, as long as it is ready. */
  LEVEL: 1,
  /** An event when it becomes ready; the next one after it was exhausted. */
  EDGE: 2,
} as const;

export type Mode = (typeof Mode)[keyof typeof Mode];

/** 64 bits that come back with the event. As a number: a whole one from 0 to 2^53 - 1. As a bigint: from 0 to 2^64 - 1. */
export type Token = number | bigint;

/** @throws E_INVALID_ARGUMENT */
export function checkDescriptor(fd: number): void {
  if (!Number.isInteger(fd) || fd < 0 || fd > 2 ** 31 - 1) {
    throw invalid(`a descriptor is a whole number from 0, and got ${String(fd)}`);
  }
}

/** The low and the high 32 bits. */
export function lowOf(token: Token): number {
  return typeof token === "bigint" ? Number(token & 0xffffffffn) : token % 2 ** 32;
}

export function highOf(token: Token): number {
  return typeof token === "bigint" ? Number(token >> 32n) : Math.floor(token / 2 ** 32);
}

/** @throws E_INVALID_ARGUMENT */
export function checkWish(token: Token, interests: number, mode: Mode): void {
  const isToken =
    typeof token === "bigint" ? token >= 0n && token < 1n << 64n : Number.isSafeInteger(token) && token >= 0;
  if (!isToken) throw invalid(`a token is a whole number below 2^53, or a bigint below 2^64, and got ${String(token)}`);
  if (!Number.isInteger(interests) || interests < 0 || interests > DIRECTIONS) {
    throw invalid(`interests are Interest.NONE, READABLE, WRITABLE or both, and got ${String(interests)}`);
  }
  if (mode !== Mode.ONESHOT && mode !== Mode.LEVEL && mode !== Mode.EDGE) {
    throw invalid(`a mode is Mode.ONESHOT, LEVEL or EDGE, and got ${String(mode)}`);
  }
}

function invalid(message: string): FibersError {
  return new FibersError("E_INVALID_ARGUMENT", message);
}
