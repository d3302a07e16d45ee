/**
 * `Ticker`: a tick every so often, without drift.
 *
 * - Tick n is due at start + n × period, however late those before it were taken. It is given when it is due or later, never earlier.
 * - A tick is missed when the one after it is due as well before it is taken; `MissedTicks` says what becomes of it.
 * - A tick is for all who wait for it; one that nobody waits for stays until it is taken.
 *
 * ╒═════════════════════ ticker (32-bit) ═════════════════════╕
 * │  0 waiters   ptr   wait queue                              │
 * │  4 isStopped u8                                            │
 * │  8 deadline  f64   when the next tick is due               │
 * │ 16 start     f64   where counting began                    │
 * │ 24 period    f64   all in nanoseconds                      │
 * │ 32 count     i64   number of the next tick, from 1         │
 * │ 40 time      i64   of the last one that was taken; -1: none│
 * │ 48 missed    i64   ticks dropped when it was taken        │
 * │ 56 policy    u8                                            │
 * ╘════════════════════════════════════════════════════════════╛
 */
import { now } from "./abi";
import {
  AlarmRecord,
  armAlarm,
  awaitAlarm,
  awaitedMoment,
  hasRung,
  isDue,
  isOver,
  moveAlarm,
  stopAlarm,
} from "./alarm";
import { suspend } from "./context";
import { failWith } from "./failure";
import { indexOf, Reason } from "./record";
import { caseAt, setCase } from "./select-case";
import { Site } from "./site";
import { NANOSECONDS_PER_MILLISECOND } from "./timers";

const NO_TICK: i64 = -1;

/** What becomes of ticks that nobody has taken in time. */
export enum MissedTicks {
  /** They are dropped, but for the latest that is due. */
  SKIP,
  /** Each is given, as fast as they are taken. */
  BURST,
  /** The late tick is given; the period begins anew when it is taken. */
  DELAY,
}

/** A ticker as its class has it: fields only. */
@unmanaged
class TickerRecord extends AlarmRecord {
  start: f64;
  period: f64;
  count: i64;
  time: i64;
  missed: i64;
  policy: u8;
}

/** Gives a tick every so many milliseconds, until it is stopped. */
export class Ticker {
  // As in `AlarmRecord`.
  private waiters: usize = 0;
  private isStopped: bool = false;
  private deadline: f64 = 0;
  private start: f64 = 0;
  private period: f64;
  private count: i64 = 0;
  private taken: i64 = NO_TICK;
  private lost: i64 = 0;
  private policy: u8;
  private site: Site;

  /**
   * @param milliseconds its period; the first tick comes after one
   * @param missed what becomes of ticks that nobody has taken in time; `MissedTicks.SKIP` by default
   * @throws E_INVALID_DURATION when it is less than a nanosecond, or infinite
   */
  constructor(milliseconds: f64, missed: MissedTicks = 0, site: Site = 0) {
    this.site = site;
    const period = milliseconds * NANOSECONDS_PER_MILLISECOND;
    if (!(period >= 1 && period < Infinity)) failPeriod(milliseconds);
    this.period = period;
    this.policy = <u8>missed;
    beginAnew(changetype<usize>(this));
  }

  /** Waits for the next tick, and takes it. @returns when it was due, on the clock of `monotonicNow`; -1 when the ticker is stopped */
  next(): i64 {
    if (beginTick(changetype<usize>(this))) suspend();
    return endTick(changetype<usize>(this));
  }

  /** Takes the next tick if it is due. True: `time` tells when that was; false: it is still to come, or the ticker is stopped. */
  tryNext(): bool {
    if (!isDue(changetype<usize>(this))) return false;
    takeTick(changetype<usize>(this), this.deadline);
    return true;
  }

  /** When the last tick that was taken was due, by whomever and however; -1: there was none, or the ticker is stopped. */
  get time(): i64 {
    return this.taken;
  }

  /** How many ticks were dropped when that one was taken. */
  get missed(): i64 {
    return this.lost;
  }

  /** Begins anew: the first tick comes a period from now, also for those who wait, and after `stop`. */
  reset(): void {
    beginAnew(changetype<usize>(this));
  }

  /** No more ticks: those who wait for one, and who come later, get -1. */
  stop(): void {
    stopAlarm(changetype<usize>(this));
    this.taken = NO_TICK;
    this.lost = 0;
  }
}

// @ts-ignore: decorator
@inline
function tickerRecord(ticker: usize): TickerRecord {
  return changetype<TickerRecord>(ticker);
}

function beginAnew(ticker: usize): void {
  const t = tickerRecord(ticker);
  t.start = now();
  t.count = 1;
  moveAlarm(ticker, t.start + t.period);
}

function beginTick(ticker: usize): bool {
  if (tickerRecord(ticker).isStopped || isDue(ticker)) return false;
  return awaitAlarm(ticker, Reason.TICKER);
}

function endTick(ticker: usize): i64 {
  const t = tickerRecord(ticker);
  if (hasRung()) return takeTick(ticker, awaitedMoment());
  if (!t.isStopped && isDue(ticker)) return takeTick(ticker, t.deadline);
  return NO_TICK;
}

/** Takes the tick that was due then. When another one has taken it, who has waited for the same, it is only told. */
function takeTick(ticker: usize, due: f64): i64 {
  const t = tickerRecord(ticker);
  if (due != t.deadline) {
    t.time = <i64>due;
    return t.time;
  }
  const late = now() - due;
  let given = due;
  t.missed = 0;
  if (late < t.period || t.policy == MissedTicks.BURST) {
    t.count++;
  } else {
    const missed = <i64>(late / t.period);
    t.missed = missed;
    if (t.policy == MissedTicks.DELAY) {
      t.start = now();
      t.count = 1;
    } else {
      t.count += missed;
      given = t.start + <f64>t.count * t.period;
      t.count++;
    }
  }
  t.time = <i64>given;
  t.deadline = t.start + <f64>t.count * t.period;
  return t.time;
}

/** Makes a case of a `Select` of the next tick. */
export function selectTick(at: usize, ticker: usize): usize {
  caseAt(at).arm = indexOf(changetype<usize>(armAlarm));
  const isReady = indexOf(changetype<usize>(isOver));
  const run = indexOf(changetype<usize>(takeAtOnce));
  const end = indexOf(changetype<usize>(takeAwaited));
  return setCase(at, Reason.TICKER, ticker, ticker, isReady, run, end);
}

function takeAtOnce(at: usize): bool {
  const ticker = caseAt(at).object;
  if (isDue(ticker)) takeTick(ticker, tickerRecord(ticker).deadline);
  return false;
}

function takeAwaited(at: usize): bool {
  const ticker = caseAt(at).object;
  if (!tickerRecord(ticker).isStopped) takeTick(ticker, caseAt(at).deadline);
  return false;
}

// --- misuse ---

function failPeriod(milliseconds: f64): void {
  failWith(
    `a ticker cannot tick every ${milliseconds} milliseconds: its period is a nanosecond or more, and finite`,
    "E_INVALID_DURATION",
    null,
  );
}
