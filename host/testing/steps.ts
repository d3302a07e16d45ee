/** From the events of one switch to a step that people read: which fiber, at which line, did what. */
import { describeLocation } from "../errors.ts";
import type { TraceEvent } from "./guest-trace.ts";
import type { Program } from "./program.ts";
import type { Step } from "./report.ts";
import type { Stepper } from "./stepper.ts";

/** What is known of the fibers so far. */
export interface StepSource {
  names: Map<number, string>;
  /** Where each stands. */
  places: Map<number, string>;
  program: Program;
}

/** The step that these events tell; null when no fiber has run. */
export function describeStep(
  stepper: Stepper,
  events: readonly TraceEvent[],
  chosen: { choice: number; count: number } | null,
  source: StepSource,
): Step | null {
  const fibers = stepper.fibers();
  for (const [id, { name }] of fibers) source.names.set(id, name);
  const at = events.findIndex(({ kind }) => kind === "run");
  const run = events[at];
  if (!run) return null;
  const { fiber } = run;
  const rest = events.slice(at + 1).filter((event) => event.kind !== "clock" && event.kind !== "collect");
  const pointer = fibers.get(fiber)?.pointer;
  const from = source.places.get(fiber) ?? null;
  const frames = pointer === undefined ? [] : stepper.instance.failures.stackOf(pointer, new Map());
  const location = frames.find((frame) => frame.location)?.location ?? null;
  const place = location ? describeLocation(location) : null;
  if (place) source.places.set(fiber, place);
  const own = rest.filter((event) => event.fiber === fiber);
  const others = rest.filter((event) => event.fiber !== fiber && event.by === fiber);
  const did = [...others, ...own].map((event) => describe(event, source));
  return {
    fiber,
    name: source.names.get(fiber) ?? "",
    from,
    to: place,
    // A trap ends the turn before anything is noted.
    did: own.length ? did : [...did, "fails"],
    chosen: chosen?.choice ?? 0,
    ready: chosen?.count ?? 1,
  };
}

function describe(
  { kind, fiber, reason, state, site, drawn, among }: TraceEvent,
  { names, program }: StepSource,
): string {
  const who = nameFiber(fiber, names);
  const where = program.section.sites[site - 1];
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

export function nameFiber(id: number, names: ReadonlyMap<number, string>): string {
  const name = names.get(id);
  return name ? `fiber ${id} "${name}"` : `fiber ${id}`;
}
