/**
 * `RwLock`: many fibers that read, or one that writes.
 *
 * - Strictly first in, first out: who comes after a writer that waits, waits behind it, readers too. So writers are not starved. When a
 *   writer leaves, all readers up to the next writer go on together.
 * - It has owners, of both kinds: only they may unlock it, and only who owns it in neither kind may lock it.
 * - A fiber that ends as an owner leaves it released; when it wrote, also marked as abandoned.
 */
import { defer } from "./cleanup";
import { current, requireFiber, suspend } from "./context";
import { Holding } from "./ownership";
import { indexOf } from "./record";
import {
  abandonWriting,
  beginReadLock,
  beginWriteLock,
  endReading,
  endWriting,
  failNotOwner,
  failRelock,
  findReading,
  holds,
  takeReading,
  takeWriting,
} from "./rwlock-core";
import { Site } from "./site";

/** Lets any number of fibers read something at a time, or one change it. */
export class RwLock extends Holding {
  private abandoned: bool = false;
  private waiters: usize = 0;
  private readers: u32 = 0;
  private site: Site;

  constructor(site: Site = 0) {
    super();
    this.site = site;
    this.abandon = indexOf(changetype<usize>(abandonWriting));
  }

  /**
   * Waits until nobody writes and all who came before have had it, and then reads.
   * @throws E_RELOCK when the running fiber owns it already, in any kind
   */
  readLock(): void {
    if (beginReadLock(changetype<usize>(this))) suspend();
  }

  /** Locks it for reading without waiting. False: somebody writes or waits. @throws E_RELOCK */
  tryReadLock(): bool {
    const fiber = requireFiber();
    if (holds(changetype<usize>(this), fiber)) failRelock(changetype<usize>(this), "reading");
    return takeReading(changetype<usize>(this), fiber);
  }

  /** Ends reading. The last reader hands it to those that wait. @throws E_NOT_OWNER when the running fiber does not read */
  readUnlock(): void {
    const holding = findReading(changetype<usize>(this), current());
    if (!holding) failNotOwner(changetype<usize>(this), "readUnlock", "reading");
    endReading(holding);
  }

  /** Waits until nobody reads or writes, and then writes. @throws E_RELOCK when the running fiber owns it already, in any kind */
  writeLock(): void {
    if (beginWriteLock(changetype<usize>(this))) suspend();
  }

  /** Locks it for writing without waiting. False: somebody reads or writes. @throws E_RELOCK */
  tryWriteLock(): bool {
    const fiber = requireFiber();
    if (holds(changetype<usize>(this), fiber)) failRelock(changetype<usize>(this), "writing");
    return takeWriting(changetype<usize>(this), fiber);
  }

  /**
   * Ends writing, and hands it to those that wait: to a writer, or to all readers up to the next one.
   * @throws E_NOT_OWNER when the running fiber does not write
   */
  writeUnlock(): void {
    if (!this.owner || this.owner != current()) failNotOwner(changetype<usize>(this), "writeUnlock", "writing");
    endWriting(changetype<usize>(this));
  }

  /**
   * Waits as `readLock` does, runs `fn(arg)` as a reader, and unlocks it when that has ended, by return, failure or cancellation.
   * @throws E_RELOCK
   */
  withRead<A>(fn: (arg: A) => void, arg: A): void {
    this.readLock();
    const cleanup = defer<RwLock>((lock: RwLock): void => lock.readUnlock(), this);
    fn(arg);
    cleanup.run();
  }

  /**
   * Waits as `writeLock` does, runs `fn(arg)` as the writer, and unlocks it when that has ended, by return, failure or cancellation.
   * @throws E_RELOCK
   */
  withWrite<A>(fn: (arg: A) => void, arg: A): void {
    this.writeLock();
    const cleanup = defer<RwLock>((lock: RwLock): void => lock.writeUnlock(), this);
    fn(arg);
    cleanup.run();
  }

  /** Whether a writer has ended without unlocking it: what it protects may be half done. Stays so until `clearAbandoned`. */
  get isAbandoned(): bool {
    return this.abandoned;
  }

  /** What it protects is in order again. */
  clearAbandoned(): void {
    this.abandoned = false;
  }
}
