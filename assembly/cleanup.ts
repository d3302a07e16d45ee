/**
 * Deferred calls of a fiber: run exactly once, at `run()` or when the fiber ends, last first.
 *
 * When a fiber ends, its frames are gone; its cleanups then run on the same fiber, entered anew, so each may wait.
 */
import { Attachments, attachmentsOf, cleanupsOf } from "./attachments";
import { endUnwind, requireFiber } from "./context";
import { indexOf } from "./record";
import { toBits } from "./value";
import { link } from "./write-barrier";

/** A call that is still owed. Returned by `defer`. */
export class Cleanup {
  private payload: u64 = 0;
  private fiber: usize = 0;
  private previous: Cleanup | null = null;
  private next: Cleanup | null = null;
  private invoke: u32 = 0;
  private body: u32 = 0;
  private isManaged: bool = false;
  private isOwed: bool = true;

  private constructor() {}

  /** @internal */
  static push(fiber: usize, invoke: u32, body: u32, payload: u64, isManaged: bool): Cleanup {
    const cleanup = new Cleanup();
    cleanup.fiber = fiber;
    cleanup.invoke = invoke;
    cleanup.body = body;
    cleanup.payload = payload;
    cleanup.isManaged = isManaged;
    const attachments = attachmentsOf(fiber);
    const first = changetype<Cleanup | null>(attachments.cleanups);
    cleanup.next = first;
    if (first) first.previous = cleanup;
    setFirst(attachments, cleanup);
    return cleanup;
  }

  /** Runs the call now, on the running fiber, unless it has run or was forgotten. Waits when the call waits. */
  run(): void {
    if (!this.isOwed) return;
    this.forget();
    call_indirect<void>(this.invoke, changetype<usize>(this));
  }

  /** Drops the call: it will not run. */
  forget(): void {
    if (!this.isOwed) return;
    this.isOwed = false;
    const next = this.next;
    const previous = this.previous;
    if (previous) {
      previous.next = next;
    } else {
      setFirst(attachmentsOf(this.fiber), next);
    }
    if (next) next.previous = previous;
    this.next = null;
    this.previous = null;
  }

  /** @internal Takes the first one out, and runs it. Writes nulls without a barrier. */
  static runFirst(attachments: Attachments): void {
    const cleanup = changetype<Cleanup>(attachments.cleanups);
    const next = load<usize>(changetype<usize>(cleanup), offsetof<Cleanup>("next"));
    cleanup.isOwed = false;
    attachments.cleanups = next;
    if (next) {
      link(changetype<usize>(attachments), next, false);
      store<usize>(next, 0, offsetof<Cleanup>("previous"));
      store<usize>(changetype<usize>(cleanup), 0, offsetof<Cleanup>("next"));
    }
    call_indirect<void>(cleanup.invoke, changetype<usize>(cleanup));
  }

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    __visit(changetype<usize>(this.previous), cookie);
    __visit(changetype<usize>(this.next), cookie);
    if (this.isManaged) __visit(<usize>this.payload, cookie);
  }
}

function setFirst(attachments: Attachments, cleanup: Cleanup | null): void {
  attachments.cleanups = changetype<usize>(cleanup);
  link(changetype<usize>(attachments), changetype<usize>(cleanup), false);
}

/**
 * Owes a call: `fn(arg)` runs once, at `run()` of the result, or when the running fiber ends by return, failure or cancellation.
 * @throws E_NOT_IN_FIBER outside of a fiber
 */
export function defer<A>(fn: (arg: A) => void, arg: A): Cleanup {
  const invoke = (cleanup: usize): void => {
    const body = load<u32>(cleanup, offsetof<Cleanup>("body"));
    if (isManaged<A>()) call_indirect<void>(body, <usize>load<u64>(cleanup));
    else call_indirect<void>(body, load<A>(cleanup));
  };
  return Cleanup.push(
    requireFiber(),
    indexOf(changetype<usize>(invoke)),
    indexOf(changetype<usize>(fn)),
    toBits<A>(arg),
    isManaged<A>(),
  );
}

function runCleanups(fiber: usize): void {
  while (cleanupsOf(fiber)) Cleanup.runFirst(attachmentsOf(fiber));
}

/** The trampoline by which an ended fiber is entered to run its cleanups. */
export function enterCleanups(fiber: usize): bool {
  runCleanups(fiber);
  return endUnwind();
}
