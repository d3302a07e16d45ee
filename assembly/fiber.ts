/** `Fiber`: what a program holds of a fiber, and `go` and `run`, which start one without a result. */
import { Runtime } from "shared/runtime";
import { areFibersAdopted, findAdopting } from "./adoption";
import { Attachments, lastErrorOf } from "./attachments";
import { current, endUnwind, NO_TRAMPOLINE, requireFiber, suspend } from "./context";
import { beginFail, Failure, failWith, observeFailure } from "./failure";
import { addToFiberList } from "./fiber-list";
import { areLocalsUsed, localsOf } from "./fiber-local";
import { Flag, indexOf, Reason, Record, record, scopeOf, State } from "./record";
import { beginPark, cancelFiber, makeReady } from "./scheduler";
import { takeIn } from "./scope-core";
import { caseAt, setCase } from "./select-case";
import { Site } from "./site";
import { pushWaiter, removeWaiter } from "./wait-queue";
import { link } from "./write-barrier";

/** A fiber without a result. Made by `go` and `run`; `Task<R>` is the same object with a result. */
export class Fiber {
  private constructor() {}

  /** The running fiber. @throws E_NOT_IN_FIBER outside of a fiber */
  static current(): Fiber {
    return changetype<Fiber>(requireFiber());
  }

  /** 1, 2, 3 … in the order of creation. */
  get id(): i64 {
    return record(changetype<usize>(this)).id;
  }

  /** The name given when it was started; may be empty. */
  get name(): string {
    return changetype<string>(record(changetype<usize>(this)).name);
  }

  /** What it is doing. */
  get state(): State {
    return <State>record(changetype<usize>(this)).state;
  }

  /** Why it failed or was cancelled; null otherwise. Asking counts as having looked: it will not be reported. */
  get error(): Failure | null {
    return errorOf(changetype<usize>(this));
  }

  /** Code left by the last call of this fiber whose name ends in `OrError`; empty when it succeeded. */
  get lastError(): string {
    return lastErrorOf(changetype<usize>(this));
  }

  /**
   * Waits until the fiber has ended.
   * @throws E_JOIN_SELF when it is the running fiber; the fiber's own code, with both messages, when it failed; E_CANCELLED when it was
   *   cancelled
   */
  join(): void {
    awaitEnd(changetype<usize>(this));
    if (record(changetype<usize>(this)).state != State.DONE) failJoin(changetype<usize>(this));
  }

  /** Waits like `join`. True: it returned; false: it failed or was cancelled, and `error` tells why. @throws E_JOIN_SELF */
  tryJoin(): bool {
    awaitEnd(changetype<usize>(this));
    return isDone(changetype<usize>(this));
  }

  /**
   * Cancels the fiber: it leaves its wait, its frames are dropped, its cleanups run. Does not wait for that, and does nothing when it has
   * ended. Cancelling oneself does not return.
   * @param reason for joiners, in the message of E_CANCELLED
   */
  cancel(reason: string = ""): void {
    cancelFiber(changetype<usize>(this), reason);
  }

  // Called by the collector. The record's references, and those in the saved slice of the shadow stack.
  private __visit(cookie: u32): void {
    visitRecord(changetype<usize>(this), cookie);
  }
}

function visitRecord(fiber: usize, cookie: u32): void {
  const f = record(fiber);
  __visit(f.nextFiber, cookie);
  __visit(f.name, cookie);
  __visit(f.failure, cookie);
  __visit(scopeOf(f), cookie);
  __visit(f.attachments, cookie);
  if (f.flags & Flag.PAYLOAD_MANAGED) __visit(<usize>f.payload, cookie);
  if (f.flags & Flag.VALUE_MANAGED) __visit(<usize>f.value, cookie);
  const slice = f.region + f.frames;
  const end = slice + f.slice;
  for (let at = slice; at < end; at += sizeof<usize>()) __visit(load<usize>(at), cookie);
}

/**
 * The collector is about to free this object. A failure that nobody has looked at is reported then. Runs inside the collector: it must
 * not allocate, and may touch only what is alive; the list of such failures keeps the failure so.
 */
// @ts-ignore: decorator
@global
function __finalize(object: usize): void {
  if (load<u32>(object - 8) != idof<Fiber>()) return;
  const f = record(object);
  if (f.flags & Flag.UNOBSERVED) Failure.markReady(f.failure);
}

/** A fiber that never runs: the sentinel of the list of all fibers. */
export function createSentinel(): usize {
  return newRecord();
}

/** A new object of class Fiber, all zero: only the incremental runtime clears what it allocates. */
// @ts-ignore: decorator
@inline
function newRecord(): usize {
  const fiber = __new(offsetof<Record>(), idof<Fiber>());
  if (ASC_RUNTIME != Runtime.Incremental) memory.fill(fiber, 0, offsetof<Record>());
  return fiber;
}

/** A new fiber with the `FiberLocal`s of the running one. */
function newHeir(): usize {
  const locals = localsOf(current());
  if (!locals) return newRecord();
  const attachments = new Attachments();
  attachments.locals = locals;
  link(changetype<usize>(attachments), locals, false);
  const fiber = newRecord();
  record(fiber).attachments = changetype<usize>(attachments);
  return fiber;
}

let lastId: i64 = 0;

/**
 * Makes a fiber, which the caller makes ready.
 * @param entry its typed trampoline, `(fiber: usize) => bool`: calls the body with the payload, ends the unwinding if there is one, which
 *   it returns, and else stores the result. `NO_TRAMPOLINE` for a body that takes one i32, unsigned or whole, or reference, and returns nothing
 */
export function createFiber(entry: u16, body: u16, name: string, site: Site): usize {
  const fiber = areLocalsUsed() ? newHeir() : newRecord();
  const f = record(fiber);
  f.entry = entry;
  f.body = body;
  f.id = ++lastId;
  f.site = <u16>site;
  // A new object is white: references stored into it need no barrier.
  f.name = changetype<usize>(name);
  addToFiberList(fiber);
  return fiber;
}

/** Writes the argument of a fiber that was just made. */
// @ts-ignore: decorator
@inline
export function setArgument<A>(fiber: usize, arg: A): void {
  store<A>(fiber, arg);
  if (isManaged<A>()) record(fiber).flags = Flag.PAYLOAD_MANAGED;
}

/** Starts a fiber that runs `fn(arg)`. It runs when the caller next waits or yields. */
export function go<A>(fn: (arg: A) => void, arg: A, name: string = "", site: Site = 0): Fiber {
  const scope = adopting();
  const fiber = prepareGo<A>(fn, arg, name, site);
  begin(fiber, scope);
  return changetype<Fiber>(fiber);
}

/** The scope that the next fiber belongs to without being started in it; 0: none. To be asked before the fiber is made. */
// @ts-ignore: decorator
@inline
export function adopting(): usize {
  return areFibersAdopted() ? findAdopting() : 0;
}

/** Lets a new fiber run, in that scope. */
// @ts-ignore: decorator
@inline
export function begin(fiber: usize, scope: usize): void {
  if (scope) takeIn(scope, fiber);
  else makeReady(fiber);
}

/** Makes a fiber that will run `fn(arg)`. */
// @ts-ignore: decorator
@inline
export function prepareGo<A>(fn: (arg: A) => void, arg: A, name: string, site: Site): usize {
  let entry: u16 = NO_TRAMPOLINE;
  if (!isReference<A>() && (!isInteger<A>() || sizeof<A>() == 8 || (sizeof<A>() < 4 && isSigned<A>()))) {
    const trampoline = (fiber: usize): bool => {
      const f = record(fiber);
      call_indirect<void>(f.body, load<A>(fiber));
      return endUnwind();
    };
    entry = indexOf(changetype<usize>(trampoline));
  }
  const fiber = createFiber(entry, indexOf(changetype<usize>(fn)), name, site);
  setArgument<A>(fiber, arg);
  return fiber;
}

function enterPlain(fiber: usize): bool {
  call_indirect<void>(record(fiber).body);
  return endUnwind();
}

/** Starts a fiber that runs `fn()`. It runs when the caller next waits or yields. */
export function run(fn: () => void, name: string = "", site: Site = 0): Fiber {
  const scope = adopting();
  const fiber = prepareRun(fn, name, site);
  begin(fiber, scope);
  return changetype<Fiber>(fiber);
}

/** Makes a fiber that will run `fn()`. */
export function prepareRun(fn: () => void, name: string, site: Site): usize {
  return createFiber(indexOf(changetype<usize>(enterPlain)), indexOf(changetype<usize>(fn)), name, site);
}

/** Waits until the fiber has ended. */
// @ts-ignore: decorator
@inline
export function awaitEnd(fiber: usize): void {
  if (beginJoin(fiber)) suspend();
}

function beginJoin(fiber: usize): bool {
  const me = requireFiber();
  if (fiber == me) return failJoinSelf();
  if (record(fiber).state >= State.DONE) return false;
  pushWaiter(fiber + offsetof<Record>("joiners"), me);
  return beginPark(Reason.JOIN, fiber, indexOf(changetype<usize>(leaveJoin)));
}

function failJoinSelf(): bool {
  return beginFail("a fiber cannot join itself: it would wait forever", "E_JOIN_SELF", null);
}

function leaveJoin(fiber: usize): void {
  removeWaiter(record(fiber).object + offsetof<Record>("joiners"), fiber);
}

/** Whether an ended fiber returned. When it did not, whoever asks has looked at its failure. */
export function isDone(fiber: usize): bool {
  if (record(fiber).state == State.DONE) return true;
  observeFailure(fiber);
  return false;
}

/** Why it failed or was cancelled; null while it has not ended. */
export function errorOf(fiber: usize): Failure | null {
  const state = record(fiber).state;
  return state == State.FAILED || state == State.CANCELLED ? observeFailure(fiber) : null;
}

/** Fails the joiner of a fiber that did not return. */
export function failJoin(fiber: usize): void {
  const failure = observeFailure(fiber);
  if (!failure) return;
  const who = failure.who;
  if (record(fiber).state == State.CANCELLED)
    failWith(`joined ${who}, which was cancelled: ${failure.quoted}`, "E_CANCELLED", failure);
  else failWith(`joined ${who}, which failed: ${failure.quoted}`, failure.code, failure);
}

/** Makes a case of a `Select` of the end of a fiber. */
export function selectJoin(at: usize, fiber: usize): usize {
  const isReady = indexOf(changetype<usize>(hasEnded));
  return setCase(at, Reason.JOIN, fiber, fiber + offsetof<Record>("joiners"), isReady, 0, 0);
}

function hasEnded(at: usize): bool {
  return record(caseAt(at).object).state >= State.DONE;
}
