/**
 * `FiberLocal<T>`: a variable of which each fiber has its own.
 *
 * A fiber begins with what the one that started it has at that moment; what either sets later, the other does not see. What a fiber has is
 * a list in its attachments, in which nothing is ever changed: so the new fiber takes the list itself, however long it is.
 */
import { Attachments, attachmentsOf } from "./attachments";
import { current, requireFiber } from "./context";
import { record } from "./record";
import { fromBits, toBits } from "./value";
import { link } from "./write-barrier";

/** One value of one `FiberLocal`, and those of others. */
class Local {
  constructor(
    /** The address of the `FiberLocal`. */
    public key: usize,
    public bits: u64,
    public isManaged: bool,
    public next: Local | null,
  ) {}

  // Called by the collector in place of the fields' own visits.
  private __visit(cookie: u32): void {
    __visit(this.key, cookie);
    if (this.isManaged) __visit(<usize>this.bits, cookie);
    __visit(changetype<usize>(this.next), cookie);
  }
}

/** A variable of type T of which each fiber has its own, and inherits the value of the fiber that started it. */
export class FiberLocal<T> {
  /** @param initial its value where none was set, and outside of fibers */
  constructor(private initial: T) {}

  /** The running fiber's value. Setting it is for that fiber, and for those that it starts from then on: E_NOT_IN_FIBER outside of one. */
  get value(): T {
    const local = find(localsOf(current()), changetype<usize>(this));
    return local ? fromBits<T>(local.bits) : this.initial;
  }

  /** Sets it for the running fiber, and for those that it starts from now on. @throws E_NOT_IN_FIBER outside of a fiber */
  set value(value: T) {
    setLocal(changetype<usize>(this), toBits<T>(value), isManaged<T>());
  }
}

let isUsed: bool = false;

/** Whether a fiber has ever set one. While none has, starting a fiber costs nothing more. */
// @ts-ignore: decorator
@inline
export function areLocalsUsed(): bool {
  return isUsed;
}

/** The list of what the fiber has; 0 for none, and outside of fibers. */
export function localsOf(fiber: usize): usize {
  const attachments = fiber ? record(fiber).attachments : 0;
  return attachments ? load<usize>(attachments, offsetof<Attachments>("locals")) : 0;
}

function find(locals: usize, key: usize): Local | null {
  let local = changetype<Local | null>(locals);
  while (local && local.key != key) local = local.next;
  return local;
}

function setLocal(key: usize, bits: u64, isManaged: bool): void {
  const attachments = attachmentsOf(requireFiber());
  const others = without(changetype<Local | null>(attachments.locals), key);
  const local = new Local(key, bits, isManaged, others);
  attachments.locals = changetype<usize>(local);
  link(changetype<usize>(attachments), changetype<usize>(local), false);
  isUsed = true;
}

/** The same list without the value of this one: others may share it, so those before it are copied. */
function without(locals: Local | null, key: usize): Local | null {
  if (!find(changetype<usize>(locals), key)) return locals;
  const first = locals!;
  if (first.key == key) return first.next;
  return new Local(first.key, first.bits, first.isManaged, without(first.next, key));
}
