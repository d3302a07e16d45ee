/**
 * `Turns`: when and how the guest runs. One turn: deliver what has completed, run what is ready, traps included, and ask for the next one.
 *
 * Nothing else enters the guest while a turn is on the stack: what must, is postponed until it has ended.
 */
import { type GuestExports, REST_OF_TURN } from "./abi.ts";
import type { Driver } from "./driver.ts";
import type { FailureReader } from "./failure-reader.ts";
import type { Operations } from "./operations.ts";
import type { SectionContent } from "./section.ts";
import { judgeTrap, type Verdict } from "./trap.ts";

/** Below so many bytes of objects, the runtime `minimal` is not collected. */
const MIN_COLLECTED = 1 << 20;

/** What the owner of the turns does about them. */
export interface TurnHooks {
  /** Whether the guest must not be entered any more. */
  isOver(): boolean;
  /** The guest has run. May end the instance. */
  afterRun(): void;
  /** A trap that cannot be charged to a fiber. */
  onDeath(verdict: Verdict, cause: unknown): void;
}

export class Turns {
  readonly #driver: Driver;
  readonly #section: SectionContent;
  readonly #operations: Operations;
  readonly #failures: FailureReader;
  readonly #hooks: TurnHooks;
  #guest!: GuestExports;
  /** Where the shadow stack's pointer stands between turns. */
  #stackPointer: unknown;
  #isInTurn = false;
  /** What the last turn has said about the next one: 0 for at once, a deadline, or infinite. */
  #next = Infinity;
  #postponed: (() => void)[] = [];
  #collectAt = MIN_COLLECTED;

  constructor(
    driver: Driver,
    section: SectionContent,
    operations: Operations,
    failures: FailureReader,
    hooks: TurnHooks,
  ) {
    this.#driver = driver;
    this.#section = section;
    this.#operations = operations;
    this.#failures = failures;
    this.#hooks = hooks;
  }

  /** The guest, of which nothing has run. */
  attach(guest: GuestExports): void {
    this.#guest = guest;
    this.#stackPointer = guest.__fibers_stack_pointer?.value;
  }

  /** Whether a turn is on the stack. */
  get isInTurn(): boolean {
    return this.#isInTurn;
  }

  /** Whether something will happen although nobody calls: a turn, a deadline, or a completion is on its way. */
  get canGoOn(): boolean {
    if (this.#isInTurn || this.#operations.hasEnded || this.#next === 0) return true;
    return this.#driver.canGoOn && (this.#next !== Infinity || this.#operations.pendingCount > 0);
  }

  /** Does it now, or when the turn that is on the stack has ended. */
  between(action: () => void): void {
    if (this.#isInTurn) this.#postponed.push(action);
    else action();
  }

  /** Takes a turn. */
  take(): void {
    if (this.#hooks.isOver()) return;
    const next = this.#run();
    if (next === null || this.#hooks.isOver()) {
      this.#doPostponed();
      return;
    }
    this.#collectWhenDoubled();
    this.#hooks.afterRun();
    this.#doPostponed();
    if (this.#hooks.isOver()) return;
    this.#next = next;
    if (next === 0) this.#driver.soon();
    else if (this.#operations.hasEnded) this.soonest();
    else this.#driver.arm(next);
  }

  /** Asks for a turn, for what JavaScript has brought: it need not wait for the event loop. */
  soonest(): void {
    if (this.#driver.soonest) this.#driver.soonest();
    else this.#driver.soon();
  }

  #doPostponed(): void {
    if (this.#postponed.length) for (const action of this.#postponed.splice(0)) action();
  }

  /** Runs the guest until its turn is over, traps included. Null when the instance died. */
  #run(): number | null {
    const { turnBudget, turnSwitches } = this.#driver;
    this.#isInTurn = true;
    this.#failures.restoreReserve();
    try {
      for (let budget = turnBudget; ; budget = REST_OF_TURN) {
        try {
          this.#operations.deliver();
          return this.#guest.__fibers_turn(budget, turnSwitches);
        } catch (error) {
          if (!this.#failTrapped(error)) return null;
        }
      }
    } finally {
      this.#isInTurn = false;
    }
  }

  /** Charges a trap to the fiber that ran. False: the instance is dead. */
  #failTrapped(error: unknown): boolean {
    const verdict = judgeTrap(error, this.#section, this.#guest);
    this.restoreStackPointer();
    if (verdict.isIsolated) {
      try {
        this.#failures.failTrapped(verdict);
        return true;
      } catch (second) {
        this.#hooks.onDeath(verdict, second);
        return false;
      }
    }
    this.#hooks.onDeath(verdict, error);
    return false;
  }

  /** After a trap: the frames that it has left behind are gone. */
  restoreStackPointer(): void {
    if (this.#guest.__fibers_stack_pointer) this.#guest.__fibers_stack_pointer.value = this.#stackPointer;
  }

  /** The runtime `minimal` never scans the stack, so it is collected here: when the bytes of objects have doubled since the last time. */
  #collectWhenDoubled(): void {
    if (this.#section.runtime !== "minimal" || liveBytes(this.#guest) < this.#collectAt) return;
    this.#guest.__fibers_collect();
    this.#collectAt = Math.max(2 * liveBytes(this.#guest), MIN_COLLECTED);
  }
}

/** Bytes that objects take; 0 when the runtime does not count them. */
export function liveBytes(guest: GuestExports): number {
  return Number(guest.__fibers_live_bytes?.value ?? 0) >>> 0;
}
