/**
 * What an `RwLock` does, in the halves of its verbs; who owns it; and its cases of a `Select`.
 *
 * The writer's holding is the lock itself; each reader has one of its own, which its fiber keeps for the next time.
 */
import { Attachments, attachmentsOf } from "./attachments";
import { current, requireFiber } from "./context";
import { beginFail, failWith } from "./failure";
import { disown, Holding, HoldingRecord, own, ownerOf } from "./ownership";
import { indexOf, Reason, record } from "./record";
import { caseAt, claim, setCase } from "./select-case";
import { shiftWaiter } from "./wait-queue";
import { amountOf, beginWaitLeaving, grant, leaveQueue } from "./waiting";
import { link } from "./write-barrier";

/** The fields, without the class. */
@unmanaged
class RwLockRecord extends HoldingRecord {
  isAbandoned: bool;
  waiters: usize;
  readers: u32;
}

/** What a waiter waits for: see `amountOf`. */
const READING: u32 = 0;
const WRITING: u32 = 1;

/** That one fiber reads under one lock. */
class Reading extends Holding {
  /** The lock; 0 while the holding is spare. */
  lock: usize = 0;

  constructor() {
    super();
    this.abandon = indexOf(changetype<usize>(abandonReading));
  }

  // Called by the collector in place of the fields' own visits.
  protected __visit(cookie: u32): void {
    __visit(this.next, cookie);
    __visit(this.lock, cookie);
  }
}

/** A reader's holding, without its type. */
@unmanaged
class ReadingRecord extends HoldingRecord {
  lock: usize;
}

// @ts-ignore: decorator
@inline
function lockRecord(lock: usize): RwLockRecord {
  return changetype<RwLockRecord>(lock);
}

// --- taking it ---

export function beginReadLock(lock: usize): bool {
  const fiber = requireFiber();
  if (holds(lock, fiber)) return refuseRelock(lock, "reading");
  if (takeReading(lock, fiber)) return false;
  return beginTurn(lock, Reason.READ_LOCK, READING);
}

export function beginWriteLock(lock: usize): bool {
  const fiber = requireFiber();
  if (holds(lock, fiber)) return refuseRelock(lock, "writing");
  if (takeWriting(lock, fiber)) return false;
  return beginTurn(lock, Reason.WRITE_LOCK, WRITING);
}

function beginTurn(lock: usize, reason: Reason, kind: u32): bool {
  const leave = indexOf(changetype<usize>(leaveLock));
  return beginWaitLeaving(lock + offsetof<RwLockRecord>("waiters"), reason, lock, kind, leave);
}

function leaveLock(fiber: usize): void {
  leaveQueue(fiber);
  serve(record(fiber).object);
}

/** False: it cannot be had now, but the fiber has what it needs to be granted it. */
export function takeReading(lock: usize, fiber: usize): bool {
  reserveReading(fiber);
  if (!canRead(lockRecord(lock))) return false;
  lockRecord(lock).readers++;
  ownReading(lock, fiber);
  return true;
}

/** The same for writing. */
export function takeWriting(lock: usize, fiber: usize): bool {
  attachmentsOf(fiber);
  if (!canWrite(lockRecord(lock))) return false;
  own(lock, fiber);
  return true;
}

// @ts-ignore: decorator
@inline
function canRead(l: RwLockRecord): bool {
  return !l.owner && !l.waiters;
}

// @ts-ignore: decorator
@inline
function canWrite(l: RwLockRecord): bool {
  return !l.owner && !l.readers;
}

/** Lets those that wait have it, as far as that goes. */
function serve(lock: usize): void {
  const l = lockRecord(lock);
  while (l.waiters && !l.owner) {
    const waiter = l.waiters;
    if (amountOf(waiter) == WRITING) {
      if (l.readers) return;
      shiftWaiter(lock + offsetof<RwLockRecord>("waiters"));
      // Before `claim`, by which the other cases of a select leave their queues: that may lead here again.
      l.owner = waiter;
      const fiber = claim(waiter);
      own(lock, fiber);
      grant(fiber);
    } else {
      shiftWaiter(lock + offsetof<RwLockRecord>("waiters"));
      l.readers++;
      const fiber = claim(waiter);
      ownReading(lock, fiber);
      grant(fiber);
    }
  }
}

// --- letting go of it ---

export function endReading(holding: usize): void {
  const fiber = ownerOf(holding);
  const lock = releaseReading(holding);
  const attachments = record(fiber).attachments;
  const spare = load<usize>(attachments, offsetof<Attachments>("spareHoldings"));
  changetype<HoldingRecord>(holding).next = spare;
  link(holding, spare, false);
  keepSpare(attachments, holding);
  serve(lock);
}

function abandonReading(holding: usize): void {
  serve(releaseReading(holding));
}

/** Gives its lock. */
function releaseReading(holding: usize): usize {
  const lock = changetype<ReadingRecord>(holding).lock;
  disown(holding);
  changetype<ReadingRecord>(holding).lock = 0;
  lockRecord(lock).readers--;
  return lock;
}

export function endWriting(lock: usize): void {
  disown(lock);
  serve(lock);
}

export function abandonWriting(lock: usize): void {
  lockRecord(lock).isAbandoned = true;
  endWriting(lock);
}

// --- holdings of readers ---

/** Before a fiber may be granted a read lock: after that, `ownReading` cannot trap. */
function reserveReading(fiber: usize): void {
  const attachments = changetype<usize>(attachmentsOf(fiber));
  if (load<usize>(attachments, offsetof<Attachments>("spareHoldings"))) return;
  keepSpare(attachments, changetype<usize>(new Reading()));
}

// @ts-ignore: decorator
@inline
function keepSpare(attachments: usize, holding: usize): void {
  store<usize>(attachments, holding, offsetof<Attachments>("spareHoldings"));
  link(attachments, holding, false);
}

function ownReading(lock: usize, fiber: usize): void {
  const attachments = record(fiber).attachments;
  const holding = load<usize>(attachments, offsetof<Attachments>("spareHoldings"));
  const h = changetype<ReadingRecord>(holding);
  keepSpare(attachments, h.next);
  h.next = 0;
  h.lock = lock;
  link(holding, lock, false);
  own(holding, fiber);
}

/** The holding by which the fiber reads; 0 when it does not. */
export function findReading(lock: usize, fiber: usize): usize {
  const attachments = fiber ? record(fiber).attachments : 0;
  let holding = attachments ? load<usize>(attachments, offsetof<Attachments>("holdings")) : 0;
  const abandon = indexOf(changetype<usize>(abandonReading));
  while (holding) {
    const h = changetype<ReadingRecord>(holding);
    if (h.abandon == abandon && h.lock == lock) return holding;
    holding = h.next;
  }
  return 0;
}

export function holds(lock: usize, fiber: usize): bool {
  return ownerOf(lock) == fiber || (lockRecord(lock).readers != 0 && findReading(lock, fiber) != 0);
}

// --- cases of a `Select` ---

/** Makes a case of locking for reading. */
export function selectReadLock(at: usize, lock: usize): usize {
  const isReady = indexOf(changetype<usize>(canReadLock));
  const run = indexOf(changetype<usize>(readLockAtOnce));
  return selectTurn(at, lock, READING, isReady, run);
}

/** Makes a case of locking for writing. */
export function selectWriteLock(at: usize, lock: usize): usize {
  const isReady = indexOf(changetype<usize>(canWriteLock));
  const run = indexOf(changetype<usize>(writeLockAtOnce));
  return selectTurn(at, lock, WRITING, isReady, run);
}

function selectTurn(at: usize, lock: usize, kind: u32, isReady: u16, run: u16): usize {
  caseAt(at).value = kind;
  caseAt(at).leave = indexOf(changetype<usize>(leaveLockCase));
  const reason = kind == READING ? Reason.READ_LOCK : Reason.WRITE_LOCK;
  return setCase(at, reason, lock, lock + offsetof<RwLockRecord>("waiters"), isReady, run, 0);
}

/** Asked before each wait, and so the place to reserve what it may be granted. Ready for an owner as well, who then fails. */
function canReadLock(at: usize): bool {
  const fiber = current();
  if (fiber) reserveReading(fiber);
  return canRead(lockRecord(caseAt(at).object)) || (fiber != 0 && holds(caseAt(at).object, fiber));
}

function canWriteLock(at: usize): bool {
  const fiber = current();
  if (fiber) attachmentsOf(fiber);
  return canWrite(lockRecord(caseAt(at).object)) || (fiber != 0 && holds(caseAt(at).object, fiber));
}

function readLockAtOnce(at: usize): bool {
  return beginReadLock(caseAt(at).object);
}

function writeLockAtOnce(at: usize): bool {
  return beginWriteLock(caseAt(at).object);
}

function leaveLockCase(at: usize): void {
  serve(caseAt(at).object);
}

// --- misuse ---

function relock(lock: usize, kind: string): string {
  const held = ownerOf(lock) ? "writing" : "reading";
  return `cannot lock for ${kind}: this fiber has locked it for ${held} already, and could wait for itself forever; unlock it first, or leave locking to the caller`;
}

function refuseRelock(lock: usize, kind: string): bool {
  return beginFail(relock(lock, kind), "E_RELOCK", null);
}

export function failRelock(lock: usize, kind: string): void {
  failWith(relock(lock, kind), "E_RELOCK", null);
}

export function failNotOwner(lock: usize, verb: string, kind: string): void {
  failWith(
    `cannot ${verb}: this fiber has not locked it for ${kind}, ${whoOwns(lock)}; only a fiber that has can do that`,
    "E_NOT_OWNER",
    null,
  );
}

function whoOwns(lock: usize): string {
  const owner = ownerOf(lock);
  if (owner) return `fiber ${record(owner).id} writes`;
  const readers = lockRecord(lock).readers;
  if (!readers) return "nobody owns it";
  return readers == 1 ? "another fiber reads" : `${readers} fibers read`;
}
