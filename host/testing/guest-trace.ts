/** Reads what a watched program notes. The mirror of `assembly/trace.ts`, where the layouts are drawn. */
import { type Choosing, type GuestExports, GuestMemory, readString } from "../abi.ts";
import { REASONS, type Reason, type State, STATES } from "../fiber-records.ts";

const KINDS = ["", "clock", "start", "wake", "run", "yield", "park", "clean", "end", "draw", "collect"] as const;
const EVENT_BYTES = 16;
const HEADER_BYTES = 32;

/** What can happen to a fiber; `clock`: simulated time was read. */
export type EventKind = Exclude<(typeof KINDS)[number], "">;

/** Something that the scheduler did. */
export interface TraceEvent {
  /** What happened. */
  kind: EventKind;
  /** The fiber that it is about; 0 for a reading of the clock, and for the collector. */
  fiber: number;
  /** Of `start` and `wake`: the fiber that did it; 0: time, or the world outside. */
  by: number;
  /** Of `park`, and of the wait that a `wake` has ended. */
  reason: Reason;
  /** Of `end`. */
  state: State | "";
  /** Number of the line where the fiber was started, or the object was made that it waits for; 0: not known. */
  site: number;
  /** Of `park`: the object, or an operation's slot; of `start`: where the name is, as long as the fiber lives. */
  object: number;
  /** Of `clock` and `collect`: nanoseconds, when it began. */
  time: number;
  /** Of `collect`: nanoseconds. */
  duration: number;
  /** Of `collect`: a whole collection, not one of its steps. */
  isFull: boolean;
  /** Of `draw`: which one, 0 being the first. */
  drawn: number;
  /** Of `draw`: of how many. */
  among: number;
}

const NOTHING: Omit<TraceEvent, "kind" | "site"> = {
  fiber: 0,
  by: 0,
  reason: "",
  state: "",
  object: 0,
  time: 0,
  duration: 0,
  isFull: false,
  drawn: 0,
  among: 0,
};

/** Reads what a watched program notes. `simulate` and the command make them. */
export class GuestTrace {
  readonly #guest: GuestExports;
  readonly #memory: GuestMemory;
  readonly #address: number;

  /** Begins it. @param capacity how many events are kept, a power of two; 0: only their hash */
  constructor(guest: GuestExports, capacity: number, choosing: Choosing) {
    this.#guest = guest;
    this.#memory = new GuestMemory(guest.memory);
    this.#address = guest.__fibers_watch(capacity, choosing) >>> 0;
  }

  #header(): DataView {
    const { buffer, byteOffset } = this.#memory.bytes(this.#address, HEADER_BYTES);
    return new DataView(buffer, byteOffset, HEADER_BYTES);
  }

  /** Sixteen hexadecimal digits: the same for the same program and schedule. */
  get hash(): string {
    return this.#header().getBigUint64(0, true).toString(16).padStart(16, "0");
  }

  /** Where it lies in the guest's memory. */
  get range(): [begin: number, end: number] {
    return [this.#address, this.#address + HEADER_BYTES];
  }

  /** The name of a fiber that was started: also of one that has ended, when it stands in the program's static data. */
  nameOf({ kind, object }: TraceEvent): string {
    const isStatic = object < Number(this.#guest.__fibers_stack_pointer?.value ?? 0);
    return kind === "start" && isStatic ? readString(this.#guest.memory, object) : "";
  }

  /** How many events there have been. */
  get count(): number {
    return this.#header().getUint32(16, true);
  }

  /** The events from this one on, as far as they are still kept. */
  read(from = 0): TraceEvent[] {
    const header = this.#header();
    const count = header.getUint32(16, true);
    const capacity = header.getUint32(20, true);
    const ring = header.getUint32(24, true);
    if (!ring) return [];
    const events: TraceEvent[] = [];
    const { buffer, byteOffset } = this.#memory.bytes(ring, capacity * EVENT_BYTES);
    const view = new DataView(buffer, byteOffset, capacity * EVENT_BYTES);
    for (let i = Math.max(from, count - capacity); i < count; i++) {
      events.push(readEvent(view, (i & (capacity - 1)) * EVENT_BYTES));
    }
    return events;
  }
}

function readEvent(view: DataView, at: number): TraceEvent {
  const kind = (KINDS[view.getUint8(at)] || "clock") as EventKind;
  const reason = view.getUint8(at + 1);
  const [one, two, three] = [4, 8, 12].map((offset) => view.getUint32(at + offset, true)) as [number, number, number];
  const event: TraceEvent = { ...NOTHING, kind, site: view.getUint16(at + 2, true) };
  switch (kind) {
    case "clock":
      return { ...event, time: view.getFloat64(at + 8, true) };
    case "collect":
      return { ...event, time: view.getFloat64(at + 8, true), duration: one, isFull: reason !== 0 };
    case "draw":
      return { ...event, fiber: one, drawn: two, among: three };
    case "end":
      return { ...event, fiber: one, state: STATES[reason] ?? "" };
    case "park":
    case "wake":
      return { ...event, fiber: one, by: two, object: three, reason: REASONS[reason] ?? "" };
    default:
      return { ...event, fiber: one, by: two, object: three };
  }
}
