/** `Watcher`: stands beside an instance that `load` has made: chooses who runs next, and keeps what happens. */
import { Choosing, type GuestExports } from "../abi.ts";
import type { Driver, DriverSink } from "../driver.ts";
import { FiberRecords } from "../fiber-records.ts";
import type { WasiHost } from "../load.ts";
import type { Drawer } from "./draws.ts";
import { GuestTrace, type TraceEvent } from "./guest-trace.ts";
import type { Chooser } from "./policies.ts";
import type { StepRecorder } from "./steps.ts";

/** Events that are kept, all in all; what comes later is counted. */
const MAX_EVENTS = 1 << 20;

export class Watcher {
  /** What was decided. */
  readonly choices: number[] = [];
  readonly draws: number[] = [];
  /** What has happened. */
  readonly events: TraceEvent[] = [];
  /** Names of fibers, of those that have one, by id. */
  readonly names = new Map<number, string>();
  /** Events that were not kept, because there were too many at once, or all in all. */
  lost = 0;
  readonly #chooser: Chooser | null;
  readonly #drawer: Drawer | null;
  readonly #capacity: number;
  readonly #asksEach: boolean;
  /** Is told of each switch. */
  recorder: StepRecorder | undefined;
  #recorded = 0;
  #asked = 0;
  #guest!: GuestExports;
  #trace!: GuestTrace;
  #seen = 0;

  /**
   * @param chooser null: production's order
   * @param drawer null: the program draws by its own random numbers
   * @param capacity how many events one turn may make, a power of two; 0: none are kept
   * @param asksEach whether it looks at each switch, for a recorder
   */
  constructor(chooser: Chooser | null, drawer: Drawer | null, capacity: number, asksEach = false) {
    this.#chooser = chooser;
    this.#drawer = drawer;
    this.#capacity = capacity;
    this.#asksEach = asksEach;
  }

  /** For the driver. */
  readonly choose = (count: number, first: number): number => {
    this.#record();
    if (count === 1) return 0;
    const ids = () => new FiberRecords(this.#guest.memory).readyIds(first);
    const choice = this.#chooser?.({ count, ids, ran: () => this.#ran() }) ?? 0;
    this.choices.push(choice);
    this.recorder?.choose(choice, count);
    return choice;
  };

  #ran(): number[] {
    const events = this.#trace.read(this.#asked);
    this.#asked = this.#trace.count;
    return events.flatMap(({ kind, fiber }) => (kind === "run" ? fiber : []));
  }

  /** For the driver. */
  readonly draw = (count: number): number => {
    const drawn = this.#drawer?.(count) ?? 0;
    this.draws.push(drawn);
    return drawn;
  };

  get #choosing(): Choosing {
    if (this.#asksEach) return Choosing.EACH;
    if (this.#chooser) return Choosing.ALL;
    return this.#drawer ? Choosing.DRAWS : Choosing.NOTHING;
  }

  /** For the option `wasi` of `load`: how to meet the instance before it runs. It serves no calls, but those of this one. */
  meet(other?: WasiHost): WasiHost {
    return {
      getImportObject: () => other?.getImportObject() ?? {},
      initialize: (instance) => {
        this.#guest = instance.exports as unknown as GuestExports;
        this.#trace = new GuestTrace(this.#guest, this.#capacity, this.#choosing);
        other?.initialize(instance);
      },
    };
  }

  /** Addresses and names of the fibers that have not ended, by id. */
  fibers(): Map<number, { pointer: number; name: string }> {
    return new FiberRecords(this.#guest.memory).namesFrom(this.#guest.__fibers_list() >>> 0);
  }

  get guest(): GuestExports {
    return this.#guest;
  }

  /** Of all that has happened; see `GuestTrace`. */
  get hash(): string {
    return this.#trace.hash;
  }

  /** Has a driver, which is not open yet, collect events after each turn. */
  follow(driver: Driver): void {
    const open = driver.open.bind(driver);
    driver.open = (sink: DriverSink) => {
      open({
        complete: (operation, outcome, detail) => sink.complete(operation, outcome, detail),
        turn: () => {
          sink.turn();
          this.collect();
        },
      });
    };
  }

  /** Between two switches: tells what was done in the one before. */
  #record(): void {
    if (!this.recorder) return;
    this.recorder.add(this.#trace.read(this.#recorded));
    this.#recorded = this.#trace.count;
  }

  /** Takes what has happened since the last time. */
  collect(): void {
    if (!this.#capacity || !this.#trace) return;
    this.#record();
    const found = this.#trace.read(this.#seen);
    const { count } = this.#trace;
    const kept = found.slice(0, MAX_EVENTS - this.events.length);
    this.lost += count - this.#seen - kept.length;
    this.#seen = count;
    for (const event of kept) this.events.push(event);
    const started = kept.filter(({ kind }) => kind === "start");
    if (!started.length) return;
    for (const event of started) {
      const name = this.#trace.nameOf(event);
      if (name) this.names.set(event.fiber, name);
    }
    const records = new FiberRecords(this.#guest.memory);
    for (const { id, name } of records.readAll(this.#guest.__fibers_list() >>> 0)) if (name) this.names.set(id, name);
  }
}
