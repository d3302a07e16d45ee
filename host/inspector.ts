/** `Inspector`: looks at all fibers of an instance at one moment, without changing anything. */
import type { GuestExports } from "./abi.ts";
import type { Frame } from "./errors.ts";
import type { FailureReader } from "./failure-reader.ts";
import { type FiberFields, FiberRecords, isOperation, type Reason } from "./fiber-records.ts";
import { WaitGraph } from "./wait-graph.ts";

/** One thing that a fiber waits for. */
export interface Wait {
  reason: Reason;
  /** The same for all who wait for the same thing; 0 when it is no object. */
  object: number;
  /** The handle that an operation is about; undefined when it is about none. */
  handle: number | undefined;
  /** Where the object was made, as `file:line:column`. */
  madeAt: string | null;
  /** The fibers that hold it. */
  holders: FiberFields[];
}

/** A fiber at that moment. */
export interface InspectedFiber {
  fields: FiberFields;
  /** Its stack, innermost frame first; empty when it has not begun, and during a turn. */
  frames: Frame[];
  /** Where it was started; null when JavaScript has called it, or the module was built without lines. */
  startedAt: string | null;
  /** What it waits for: several things when it is a select. */
  waits: Wait[];
  /** Milliseconds until its wait ends by itself; infinite: it does not. */
  remaining: number;
}

/** What was seen at one moment. */
export interface Inspection {
  /** All that have not ended, the oldest first. */
  fibers: InspectedFiber[];
  graph: WaitGraph;
  /** Valid until the guest next runs. */
  records: FiberRecords;
}

/** The same for some of the fibers only. */
export function only(some: readonly FiberFields[], inspection: Inspection): Inspection {
  const wanted = new Set(some.map(({ pointer }) => pointer));
  return { ...inspection, fibers: inspection.fibers.filter(({ fields }) => wanted.has(fields.pointer)) };
}

/** What an inspector asks of others. */
export interface Surroundings {
  /** The driver's clock. */
  now(): number;
  /** The handle that the operation of this slot is about. */
  handleOf(slot: number): number | undefined;
}

export class Inspector {
  readonly #guest: GuestExports;
  readonly #failures: FailureReader;
  readonly #sites: readonly string[];
  readonly #surroundings: Surroundings;

  /** @param sites the module's table of them */
  constructor(guest: GuestExports, failures: FailureReader, sites: readonly string[], surroundings: Surroundings) {
    this.#guest = guest;
    this.#failures = failures;
    this.#sites = sites;
    this.#surroundings = surroundings;
  }

  /** The records of all fibers that have not ended, the oldest first. */
  fibers(): FiberFields[] {
    return new FiberRecords(this.#guest.memory).readAll(this.#guest.__fibers_list() >>> 0);
  }

  /** Where a site is. */
  placeOf(site: number): string | null {
    return this.#sites[site - 1] ?? null;
  }

  /** The fibers that wait for each other in circles. */
  findCircles(): FiberFields[][] {
    return new WaitGraph(new FiberRecords(this.#guest.memory), this.fibers()).findCircles();
  }

  /** Everything that reports tell. @param hasStacks only between turns */
  inspect(hasStacks: boolean): Inspection {
    const fields = this.fibers();
    const stacks = new Map<string, Frame[]>();
    const frames = fields.map(({ pointer }) => (hasStacks ? this.#failures.stackOf(pointer, stacks) : []));
    // After the stacks: to read them, the guest has run.
    const records = new FiberRecords(this.#guest.memory);
    const graph = new WaitGraph(records, fields);
    const now = this.#surroundings.now();
    const fibers = fields.map((fiber, i) => ({
      fields: fiber,
      frames: frames[i] ?? [],
      startedAt: this.placeOf(fiber.site),
      waits: this.#waitsOf(fiber, records, graph),
      remaining: fiber.hasTimer ? Math.max(0, this.#guest.__fibers_deadline_of(fiber.pointer) - now) / 1e6 : Infinity,
    }));
    return { fibers, graph, records };
  }

  #waitsOf(fiber: FiberFields, records: FiberRecords, graph: WaitGraph): Wait[] {
    if (!fiber.reason) return [];
    const all = fiber.reason === "select" ? records.casesOf(fiber.object) : [fiber];
    return all.map(({ reason, object }) => ({
      reason,
      object: isOperation(reason) ? 0 : object,
      handle: isOperation(reason) ? this.#surroundings.handleOf(object) : undefined,
      madeAt: this.placeOf(records.siteOf(reason, object)),
      holders: graph.holdersOf({ ...fiber, reason, object }),
    }));
  }
}
