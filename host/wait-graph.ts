/**
 * Who waits for whom: fibers that wait for each other in a circle will wait for ever, unless somebody cancels one of them, although
 * others of the program go on.
 *
 * Known is that for joins, locks and scopes, since they end only by certain fibers: the one that is joined, those that hold the lock, all
 * of the scope. Of a channel, a semaphore or an event, anybody may be the one who ends the wait.
 */
import type { FiberFields, FiberRecords } from "./fiber-records.ts";

/** The fibers whose ends, or locks, a fiber waits for. */
interface Needs {
  fibers: number[];
  /** One of them is enough. */
  isAny: boolean;
}

/** What the fibers of a moment wait for. */
export class WaitGraph {
  readonly #records: FiberRecords;
  readonly #byAddress: Map<number, FiberFields>;
  readonly #readers = new Map<number, number[]>();
  readonly #members = new Map<number, FiberFields[]>();

  /** @param fibers all that have not ended */
  constructor(records: FiberRecords, fibers: FiberFields[]) {
    this.#records = records;
    this.#byAddress = new Map(fibers.map((fiber) => [fiber.pointer, fiber]));
    for (const fiber of fibers) {
      for (const lock of records.readLocksOf(fiber.pointer)) append(this.#readers, lock, fiber.pointer);
      if (fiber.scope) append(this.#members, fiber.scope, fiber);
    }
  }

  /** The fibers that hold what this one waits for: the owner of the lock, or those that read under it. */
  holdersOf({ reason, object }: FiberFields): FiberFields[] {
    if (reason !== "lock" && reason !== "once" && reason !== "read lock" && reason !== "write lock") return [];
    const owner = this.#records.ownerOfLock(object);
    const holders = owner ? [owner] : (this.#readers.get(object) ?? []);
    return holders.flatMap((pointer) => this.#byAddress.get(pointer) ?? []);
  }

  /** The fibers of a scope that have not ended. */
  membersOf(scope: number): readonly FiberFields[] {
    return this.#members.get(scope) ?? [];
  }

  /** The circles, each from its oldest fiber on: every fiber in it waits for the next, and the last for the first. */
  findCircles(): FiberFields[][] {
    const stuck = this.#findStuck();
    const circles = new Map<number, FiberFields[]>();
    const seen = new Set<number>();
    for (const start of stuck.keys()) {
      const path: number[] = [];
      let at: number | undefined = start;
      while (at !== undefined && !seen.has(at)) {
        seen.add(at);
        path.push(at);
        at = stuck.get(at)?.fibers.find((next) => stuck.has(next));
      }
      const begin = at === undefined ? -1 : path.indexOf(at);
      if (begin >= 0) this.#addCircle(circles, path.slice(begin));
    }
    return [...circles.values()];
  }

  #addCircle(circles: Map<number, FiberFields[]>, path: number[]): void {
    const fibers = path.flatMap((pointer) => this.#byAddress.get(pointer) ?? []);
    const first = fibers.reduce((least, { id }, i) => (id < (fibers[least]?.id ?? 0) ? i : least), 0);
    const circle = [...fibers.slice(first), ...fibers.slice(0, first)];
    circles.set(circle[0]?.pointer ?? 0, circle);
  }

  /** The fibers that wait for a circle, or are in one: what is left when all are taken out whose needs can be met. */
  #findStuck(): Map<number, Needs> {
    const stuck = new Map<number, Needs>();
    for (const fiber of this.#byAddress.values()) {
      const needs = this.#needsOf(fiber);
      if (needs) stuck.set(fiber.pointer, needs);
    }
    for (let size = -1; size !== stuck.size;) {
      size = stuck.size;
      for (const [pointer, { fibers, isAny }] of stuck) {
        const isStuck = (other: number) => stuck.has(other);
        if (!(isAny ? fibers.every(isStuck) : fibers.some(isStuck))) stuck.delete(pointer);
      }
    }
    return stuck;
  }

  /** Null: it does not wait, or something else can end its wait. */
  #needsOf(fiber: FiberFields): Needs | null {
    if (fiber.state !== "parked" || fiber.hasTimer) return null;
    if (fiber.reason === "join") return { fibers: [fiber.object], isAny: false };
    if (fiber.reason === "scope") {
      return { fibers: addresses(this.membersOf(fiber.object)), isAny: this.#records.isContest(fiber.object) };
    }
    if (fiber.reason === "start") {
      const running = this.membersOf(fiber.object).filter(({ reason }) => reason !== "start");
      return { fibers: addresses(running), isAny: true };
    }
    const holders = this.holdersOf(fiber);
    return holders.length ? { fibers: addresses(holders), isAny: false } : null;
  }
}

function addresses(fibers: readonly FiberFields[]): number[] {
  return fibers.map(({ pointer }) => pointer);
}

function append<T>(lists: Map<number, T[]>, key: number, value: T): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
