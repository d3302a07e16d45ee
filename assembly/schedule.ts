/** `Schedule`: how long to pause before something is tried again, and how often. */
import { failWith } from "./failure";
import { draw } from "./schedule-policy";

/** Says when to try again. Made by `fixed` or `exponential`; the other methods change it, and return it. It may serve many fibers. */
export class Schedule {
  private most: i32 = i32.MAX_VALUE;
  private longest: f64 = Infinity;
  private spread: f64 = 0;
  private until: f64 = Infinity;

  private constructor(
    private first: f64,
    private factor: f64,
  ) {}

  /** The same pause each time. @throws E_INVALID_DURATION */
  static fixed(milliseconds: f64): Schedule {
    checkDuration("pause for", milliseconds);
    return new Schedule(milliseconds, 1);
  }

  /** A first pause, and each later one so many times as long. @throws E_INVALID_DURATION; E_INVALID_SCHEDULE for a factor below 1 */
  static exponential(first: f64, factor: f64 = 2): Schedule {
    checkDuration("pause for", first);
    if (!(factor >= 1)) refuse(`the pauses of a schedule cannot grow by ${factor}: it takes 1 or more`);
    return new Schedule(first, factor);
  }

  /** Tries again so many times at most, the first attempt not counted. @throws E_INVALID_COUNT */
  limit(times: i32): Schedule {
    if (times < 0) failWith(`cannot try again ${times} times: it takes 0 or more`, "E_INVALID_COUNT", null);
    this.most = times;
    return this;
  }

  /** No pause is longer. @throws E_INVALID_DURATION */
  cap(milliseconds: f64): Schedule {
    checkDuration("pause for at most", milliseconds);
    this.longest = milliseconds;
    return this;
  }

  /** Shortens each pause at random, by up to this share of it: so many that failed together do not come again together. @throws E_INVALID_SCHEDULE */
  jitter(share: f64): Schedule {
    if (!(share >= 0 && share <= 1)) refuse(`a jitter of ${share} is not a share of a pause: it takes 0 to 1`);
    this.spread = share;
    return this;
  }

  /** So long for all attempts and pauses together. @throws E_INVALID_DURATION */
  deadline(milliseconds: f64): Schedule {
    checkDuration("end within", milliseconds);
    this.until = milliseconds;
    return this;
  }

  /** @internal Milliseconds for all attempts together; may be infinite. */
  get time(): f64 {
    return this.until;
  }

  /** @internal Whether it ends at some time. */
  get isFinite(): bool {
    return this.most < i32.MAX_VALUE || this.until < Infinity;
  }

  /** @internal Whether it tries again when it has done so that many times. */
  allows(times: i32): bool {
    return times < this.most;
  }

  /** @internal Milliseconds before it tries again when it has done so that many times. */
  pauseAfter(times: i32): f64 {
    // A first pause of 0 stays 0, also when the power is infinite.
    const grown = this.first ? this.first * this.factor ** times : 0;
    const pause = min(grown, this.longest);
    return this.spread ? pause * (1 - this.spread * drawShare()) : pause;
  }
}

/** Of a share that is drawn. */
const DRAWN_PARTS: u32 = 65_536;

/** 0 or more, less than 1. */
function drawShare(): f64 {
  return <f64>draw(DRAWN_PARTS) / <f64>DRAWN_PARTS;
}

function checkDuration(what: string, milliseconds: f64): void {
  if (milliseconds >= 0) return;
  failWith(`a schedule cannot ${what} ${milliseconds} milliseconds: it takes 0 or more`, "E_INVALID_DURATION", null);
}

function refuse(message: string): void {
  failWith(message, "E_INVALID_SCHEDULE", null);
}
