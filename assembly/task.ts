/** `Task<R>`: a fiber with a result, and `spawn`, which starts one. */
import { endUnwind } from "./context";
import { Failure } from "./failure";
import { adopting, awaitEnd, begin, createFiber, errorOf, failJoin, Fiber, isDone, setArgument } from "./fiber";
import { Flag, indexOf, record, State } from "./record";
import { cancelFiber } from "./scheduler";
import { Site } from "./site";
import { link } from "./write-barrier";

/** A fiber with a result of type R. The same object as its `fiber`; see `Fiber` for what the members do. */
export class Task<R> {
  private constructor() {}

  /** The same object, seen as a fiber without a result. */
  get fiber(): Fiber {
    return changetype<Fiber>(changetype<usize>(this));
  }

  /** 1, 2, 3 … in the order of creation, of fibers and tasks together. */
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

  /** Waits until the fiber has ended, and returns its result. @throws as `Fiber.join` does */
  join(): R {
    awaitEnd(changetype<usize>(this));
    if (record(changetype<usize>(this)).state != State.DONE) failJoin(changetype<usize>(this));
    return load<R>(changetype<usize>(this));
  }

  /** Waits like `join`. True: it returned, and `value` is its result; false: it failed or was cancelled, and `error` tells why. */
  tryJoin(): bool {
    awaitEnd(changetype<usize>(this));
    return isDone(changetype<usize>(this));
  }

  /** The result of a task that has returned. @throws E_NO_VALUE before, or when it failed or was cancelled */
  get value(): R {
    if (record(changetype<usize>(this)).state != State.DONE) {
      throw new Error(
        "E_NO_VALUE: the task has no value: it has not ended, or it failed or was cancelled; join it first",
      );
    }
    return load<R>(changetype<usize>(this));
  }

  /** Cancels it; see `Fiber.cancel`. */
  cancel(reason: string = ""): void {
    cancelFiber(changetype<usize>(this), reason);
  }
}

/** Starts a fiber that runs `fn(arg)`, whose result `join` returns. It runs when the caller next waits or yields. */
export function spawn<A, R>(fn: (arg: A) => R, arg: A, name: string = "", site: Site = 0): Task<R> {
  const scope = adopting();
  const fiber = prepareSpawn<A, R>(fn, arg, name, site);
  if (scope) record(fiber).flags |= Flag.TASK;
  begin(fiber, scope);
  return changetype<Task<R>>(fiber);
}

/** Makes a fiber that will run `fn(arg)` and keep its result. */
export function prepareSpawn<A, R>(fn: (arg: A) => R, arg: A, name: string, site: Site): usize {
  const entry = (fiber: usize): bool => {
    const f = record(fiber);
    if (isManaged<R>()) {
      let result: usize;
      if (isManaged<A>()) result = call_indirect<usize>(f.body, <usize>f.payload);
      else result = call_indirect<usize>(f.body, load<A>(fiber));
      if (endUnwind()) return true;
      f.payload = <u64>result;
      f.flags |= Flag.PAYLOAD_MANAGED;
      link(fiber, result, false);
    } else {
      let result: R;
      if (isManaged<A>()) result = call_indirect<R>(f.body, <usize>f.payload);
      else result = call_indirect<R>(f.body, load<A>(fiber));
      if (endUnwind()) return true;
      f.flags &= ~Flag.PAYLOAD_MANAGED;
      store<R>(fiber, result);
    }
    return false;
  };
  const fiber = createFiber(indexOf(changetype<usize>(entry)), indexOf(changetype<usize>(fn)), name, site);
  setArgument<A>(fiber, arg);
  return fiber;
}
