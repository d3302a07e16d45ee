/** Checks of what is measured: a benchmark that does not do its work stops everything. */

/** Something that was to be measured does not do what it claims. */
export class CheckError extends Error {
  override name = "CheckError";
}

/** @throws CheckError when the two differ */
export function checkEqual(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new CheckError(`${what}: ${actual} instead of ${expected}`);
}

/** @throws CheckError when it is less */
export function checkAtLeast(what: string, actual: number, least: number): void {
  if (!(actual >= least)) throw new CheckError(`${what}: ${actual}, which is less than ${least}`);
}

/** Proves that a number of peers run strictly in turn: each takes a ticket every time it runs. */
export class TurnOrder {
  static readonly rounds = 3;
  #tickets = 0;
  #misplaced = 0;

  constructor(
    readonly what: string,
    readonly count: number,
  ) {}

  /** The peer `index` runs, for the `round`-th time. */
  note(index: number, round: number): void {
    if (this.#tickets++ !== round * this.count + index) this.#misplaced++;
  }

  /** All have ended. @throws CheckError when one ran out of turn or not often enough */
  verify(): void {
    checkEqual(`${this.what}: runs`, this.#tickets, this.count * TurnOrder.rounds);
    checkEqual(`${this.what}: runs out of turn`, this.#misplaced, 0);
  }
}
