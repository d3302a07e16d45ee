/**
 * Who runs next, and what chance decides, when the host says so: the free choices that a scheduler and its primitives have.
 *
 * Production takes the fiber that has been ready longest, draws by its own random numbers, and asks nobody. A test may take any other
 * fiber, since every order of the ready fibers is one that time, or another machine, could have brought about; and any other draw.
 */
import { choose } from "./abi";
import { current } from "./context";
import { randomBelow } from "./random";
import { firstReady, takeAt, takeFirst } from "./run-queue";
import { noteDraw } from "./trace";

/** What the host decides. Part of the ABI. */
export enum Choosing {
  NOTHING,
  /** What is drawn. */
  DRAWS,
  /** That, and who runs next. */
  ALL,
  /** The same, and it is asked also where only one fiber is ready: before each switch. */
  EACH,
}

// A number: the host says so before the top-level statements run, and one of them would give an enum its first value.
let choosing: u32 = 0;
/** Whether something was drawn since the host was last asked who runs next. */
let hasDrawn: bool = false;

/** Asks the host for this from now on. */
export function setChoosing(what: Choosing): void {
  choosing = what;
  hasDrawn = false;
}

/**
 * Takes the next fiber out of the run queue. 0: the host wants the turn to end instead.
 * @param count how many are ready; at least one
 */
export function takeNext(count: u32): usize {
  // After a draw, too, the host is asked when there is only one: it may want to stop there.
  if (choosing < <u32>Choosing.ALL || (count == 1 && !hasDrawn && choosing == Choosing.ALL)) return takeFirst();
  hasDrawn = false;
  const position = choose(count, firstReady());
  if (position < 0) return 0;
  assert(<u32>position < count, "as-fibers: the host chooses a fiber that is not ready");
  return takeAt(position);
}

/** One of so many possibilities that are left to chance, each as likely as the others. */
export function draw(count: u32): u32 {
  if (choosing == Choosing.NOTHING) return randomBelow(count);
  const drawn = <u32>choose(count, 0);
  assert(drawn < count, "as-fibers: the host draws what is not there");
  hasDrawn = true;
  noteDraw(current(), drawn, count);
  return drawn;
}
