/** `StepRecorder`: from the events of each switch to steps that people read: which fiber, at which line, did what. */
import { describeLocation, type Frame } from "../errors.ts";
import type { TraceEvent } from "./guest-trace.ts";
import type { Step } from "./report.ts";

/** Where the fibers of a run are read. */
export interface StepView {
  /** Addresses and names of those that have not ended, by id. */
  fibers(): Map<number, { pointer: number; name: string }>;
  /** Innermost frame first. */
  stackOf(pointer: number): Frame[];
}

export class StepRecorder {
  readonly steps: Step[] = [];
  readonly #view: StepView;
  readonly #sites: readonly string[];
  readonly #names = new Map<number, string>();
  /** Where each fiber stands. */
  readonly #places = new Map<number, string>();
  #chosen = 0;
  #ready = 1;

  /** @param sites the module's table of them */
  constructor(view: StepView, sites: readonly string[]) {
    this.#view = view;
    this.#sites = sites;
  }

  /** One of several fibers was chosen to run next. */
  choose(choice: number, count: number): void {
    this.#chosen = choice;
    this.#ready = count;
  }

  /** Adds the step that these events tell; none when no fiber has run. */
  add(events: readonly TraceEvent[]): void {
    const fibers = this.#view.fibers();
    for (const [id, { name }] of fibers) this.#names.set(id, name);
    const at = events.findIndex(({ kind }) => kind === "run");
    const run = events[at];
    if (!run) return;
    const { fiber } = run;
    const rest = events.slice(at + 1).filter((event) => event.kind !== "clock" && event.kind !== "collect");
    const pointer = fibers.get(fiber)?.pointer;
    const from = this.#places.get(fiber) ?? null;
    const frames = pointer === undefined ? [] : this.#view.stackOf(pointer);
    const location = frames.find((frame) => frame.location)?.location ?? null;
    const place = location ? describeLocation(location) : null;
    if (place) this.#places.set(fiber, place);
    // Time may have woken it already.
    const own = rest.filter((event) => event.fiber === fiber && event.kind !== "wake");
    const others = rest.filter((event) => event.fiber !== fiber && event.by === fiber);
    const did = [...others, ...own].map((event) => describe(event, this.#names, this.#sites));
    this.steps.push({
      fiber,
      name: this.#names.get(fiber) ?? "",
      from,
      to: place,
      // A trap ends the turn before anything is noted.
      did: own.length ? did : [...did, "fails"],
      chosen: this.#chosen,
      ready: this.#ready,
    });
    this.choose(0, 1);
  }
}

function describe(
  { kind, fiber, reason, state, site, drawn, among }: TraceEvent,
  names: ReadonlyMap<number, string>,
  sites: readonly string[],
): string {
  const who = nameFiber(fiber, names);
  const where = sites[site - 1];
  switch (kind) {
    case "start":
      return `starts ${who}`;
    case "wake":
      return `wakes ${who}`;
    case "park":
      return `waits (${reason}${where ? `, made at ${where}` : ""})`;
    case "yield":
      return "yields";
    case "clean":
      return "cleans up";
    case "draw":
      return `draws ${drawn + 1} of ${among}`;
    default:
      return state === "done" ? "returns" : `ends: ${state}`;
  }
}

function nameFiber(id: number, names: ReadonlyMap<number, string>): string {
  const name = names.get(id);
  return name ? `fiber ${id} "${name}"` : `fiber ${id}`;
}
