/**
 * What the host reads of fibers, and of what they wait for, in the guest's memory. The mirror of `assembly/record.ts`, and of the first
 * fields of what fibers wait for, where the layouts are drawn; beside `abi.ts`, the only file of the host that knows them.
 */
import { readString, SITE_TAG } from "./abi.ts";

/** The states and reasons of `assembly/record.ts`, in its order. */
export const STATES = ["ready", "running", "parked", "done", "failed", "cancelled"] as const;
export const REASONS = [
  "",
  "sleep",
  "join",
  "output",
  "send",
  "receive",
  "listen",
  "accept",
  "connect",
  "read",
  "write",
  "lookup",
  "select",
  "lock",
  "read lock",
  "write lock",
  "acquire",
  "condition",
  "wait group",
  "barrier",
  "event",
  "once",
  "future",
  "broadcast",
  "watch",
  "timer",
  "ticker",
  "scope",
  "start",
  "import",
  "demand",
] as const;

export type State = (typeof STATES)[number];
export type Reason = (typeof REASONS)[number];

/** Reasons whose object is an operation's slot. */
const OPERATIONS: ReadonlySet<Reason> = new Set([
  "listen",
  "accept",
  "connect",
  "read",
  "write",
  "lookup",
  "import",
  "demand",
]);
/** Reasons whose object is none of the program's. */
const WITHOUT_OBJECT: ReadonlySet<Reason> = new Set(["", "sleep", "join", "output", ...OPERATIONS]);

/** A fiber, read out of its record. */
export interface FiberFields {
  pointer: number;
  id: number;
  name: string;
  state: State;
  /** What it waits for; empty unless it is parked. */
  reason: Reason;
  /** Id of the fiber that it joins; 0 otherwise. */
  joins: number;
  /** Bytes of saved frames and slice. */
  savedBytes: number;
  next: number;
  /** What `reason` is about: an address, an operation's slot, or 0. */
  object: number;
  /** Number of the place where it was started; 0: not known. */
  site: number;
  /** The scope that it was started in; 0 for none. */
  scope: number;
  /** Whether the heap of timers knows it. */
  hasTimer: boolean;
}

export const RECORD_SIZE = 92;

/** Reads what the host wants to know of fibers. Valid until the guest next runs. */
export class FiberRecords {
  readonly #memory: WebAssembly.Memory;
  readonly #view: DataView;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.#view = new DataView(memory.buffer);
  }

  /** The fiber at this address. */
  read(pointer: number): FiberFields {
    const state = STATES[this.#view.getUint8(pointer + 44)] ?? "ready";
    const reason = state === "parked" ? (REASONS[this.#view.getUint8(pointer + 45)] ?? "") : "";
    const object = reason ? this.#word(pointer + 48) : 0;
    return {
      pointer,
      id: this.#id(pointer),
      name: readString(this.#memory, this.#word(pointer + 80)),
      state,
      reason,
      joins: reason === "join" ? this.#id(object) : 0,
      savedBytes: this.#word(pointer + 36) + this.#word(pointer + 40),
      next: this.#word(pointer + 72),
      object,
      site: this.#view.getUint16(pointer + 46, true),
      scope: this.#scopeOf(pointer),
      hasTimer: this.#word(pointer + 68) !== 0,
    };
  }

  /** Its owner, unless that is a call from JavaScript. */
  #scopeOf(pointer: number): number {
    const owner = this.#word(pointer + 64);
    return owner & 1 ? 0 : owner;
  }

  /** The ids of the fibers in the run queue that begins here. */
  readyIds(first: number): number[] {
    const ids: number[] = [];
    for (let at = first; at; at = this.#word(at + 16)) ids.push(this.#id(at));
    return ids;
  }

  /** All fibers of the list that begins here, and have not ended. */
  readAll(first: number): FiberFields[] {
    const found: FiberFields[] = [];
    for (let at = first; at;) {
      const fiber = this.read(at);
      if (fiber.state === "ready" || fiber.state === "running" || fiber.state === "parked") found.push(fiber);
      at = fiber.next;
    }
    return found;
  }

  /** Addresses and names of the same, by id. */
  namesFrom(first: number): Map<number, { pointer: number; name: string }> {
    return new Map(this.readAll(first).map(({ id, pointer, name }) => [id, { pointer, name }]));
  }

  /** Number of the place where such an object was made, which its last field tells; 0: not known. */
  siteOf(reason: Reason, object: number): number {
    if (!object || WITHOUT_OBJECT.has(reason)) return 0;
    const site = this.#word(object + this.#word(object - 4) - 4);
    return (site & 0xffff_0000) === SITE_TAG ? site & 0xffff : 0;
  }

  /** The cases of a select. */
  casesOf(select: number): { reason: Reason; object: number }[] {
    const cases = [];
    const first = this.#word(select);
    for (let i = 0; i < this.#word(select + 4); i++) {
      const at = first + i * 48;
      const reason = REASONS[this.#view.getUint16(at + 24, true) >>> 10] ?? "";
      cases.push({ reason, object: this.#word(at) });
    }
    return cases;
  }

  /** The fiber that has made a scope. */
  ownerOfScope(scope: number): number {
    return this.#word(scope + 44);
  }

  /** Whether the fibers of a scope compete, and none has won yet: its owner waits for one of them, not for all. */
  isContest(scope: number): boolean {
    return this.#view.getUint8(scope + 49) !== 0 && this.#word(scope + 52) === 0;
  }

  /** The fiber that owns a mutex, writes under a read-write lock, or runs the function of a once; 0: nobody. */
  ownerOfLock(lock: number): number {
    return this.#word(lock);
  }

  /** The read-write locks under which a fiber reads. */
  *readLocksOf(fiber: number): Generator<number> {
    const attachments = this.#word(fiber + 88);
    if (!attachments) return;
    for (let holding = this.#word(attachments + 8); holding; holding = this.#word(holding + 4)) {
      // Only a holding for reading is of this size: see `rwlock-core.ts`.
      if (this.#word(holding - 4) === 20) yield this.#word(holding + 16);
    }
  }

  #word(address: number): number {
    return this.#view.getUint32(address, true);
  }

  #id(fiber: number): number {
    return Number(this.#view.getBigInt64(fiber + 56, true));
  }
}

/** Whether a fiber that waits for this waits for an operation of the driver. */
export function isOperation(reason: Reason): boolean {
  return OPERATIONS.has(reason);
}
