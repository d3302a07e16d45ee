/**
 * A trace in the format that chrome://tracing and ui.perfetto.dev open: a lane for each fiber, with slices in which it runs, waits and is
 * ready, and arrows from who has started or woken it; and a lane for the collector, with its pauses.
 *
 * The format: "Trace Event Format", https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 *
 * Time is known where the clock was read: after at most 512 switches, and in a simulated world, where it stands still while fibers run,
 * after each. In between, events are spread evenly; where no time has passed, they are a nanosecond apart.
 */
import type { TraceEvent } from "./guest-trace.ts";

/** One entry, as the format names its fields. Times are in microseconds. */
export interface ChromeEvent {
  /** What the viewer shows on it. */
  name: string;
  /** X: a slice; s and f: the ends of an arrow; i: a moment; M: about the process or a lane. */
  ph: "X" | "s" | "f" | "i" | "M";
  /** Always the same: one process. */
  pid: number;
  /** The lane: the fiber's id. */
  tid: number;
  /** When it begins, in microseconds. */
  ts: number;
  /** Its category. */
  cat?: string;
  /** Of a slice: microseconds. */
  dur?: number;
  /** Of an arrow: what its two ends have in common. */
  id?: number;
  /** Of an arrow's end: it points to the slice around it. */
  bp?: "e";
  /** Of a moment: it is about its lane. */
  s?: "t";
  /** What the viewer shows beside it. */
  args?: Record<string, string | number>;
}

/** What a file for ui.perfetto.dev holds, as JSON. */
export interface ChromeTrace {
  /** All entries. */
  traceEvents: ChromeEvent[];
  /** The unit that the viewer shows. */
  displayTimeUnit: "ns";
  /** `lost`: how many events were not kept. */
  otherData: Record<string, string | number>;
}

/** Of a `Simulation`, what a trace is made of. */
export interface ChromeTraceSource {
  /** With `traceEvents`. */
  events: readonly TraceEvent[];
  /** Names of fibers, by id. */
  names: ReadonlyMap<number, string>;
  /** Where numbers of sites are. */
  sites: readonly string[];
  /** Of the process. */
  title?: string;
  /** Events that were not kept. */
  lost?: number;
}

const PROCESS = 1;
/** Its lane; fibers have their ids. */
const COLLECTOR = 0;

/** What a fiber has been doing since. */
interface Doing {
  what: "ready" | "run" | "wait";
  since: number;
  name: string;
  args?: Record<string, string | number>;
}

/** Makes a trace for ui.perfetto.dev or chrome://tracing of what `simulate` has noted: a lane for each fiber, arrows for starts and wakes. */
export function chromeTrace({ events, names, sites, title = "as-fibers", lost = 0 }: ChromeTraceSource): ChromeTrace {
  const lanes = new Lanes(sites);
  const times = timesOf(events);
  events.forEach((event, i) => lanes.add(event, times[i] as number));
  lanes.end(times.at(-1) ?? 0);
  const about: ChromeEvent[] = [describe("process_name", 0, title)];
  for (const id of lanes.ids) {
    const name = names.get(id);
    const lane = id === COLLECTOR ? "collector" : `fiber ${id}`;
    about.push(describe("thread_name", id, name ? `${id} ${name}` : lane));
  }
  return { traceEvents: [...about, ...lanes.entries], displayTimeUnit: "ns", otherData: { lost } };
}

function describe(name: "process_name" | "thread_name", tid: number, value: string): ChromeEvent {
  return { name, ph: "M", pid: PROCESS, tid, ts: 0, args: { name: value } };
}

/** When each event was, in microseconds. */
function timesOf(events: readonly TraceEvent[]): number[] {
  const times: number[] = [];
  let from = 0;
  let begin = 0;
  const spread = (to: number, end: number) => {
    const count = to - from;
    const step = Math.max((end - begin) / Math.max(count, 1), 0.001);
    for (let i = from; i < to; i++) times.push(begin + (i - from) * step);
    from = to;
    // A clock that has stood still goes on from where the events are.
    begin = Math.max(end, begin + count * step);
  };
  events.forEach(({ kind, time, duration }, i) => {
    if (kind !== "clock" && kind !== "collect") return;
    spread(i, i ? Math.max(begin, time / 1000) : time / 1000);
    // What comes next comes after the pause.
    if (duration) spread(i + 1, begin + duration / 1000);
  });
  spread(events.length, begin);
  return times;
}

class Lanes {
  readonly entries: ChromeEvent[] = [];
  readonly ids = new Set<number>();
  readonly #sites: readonly string[];
  readonly #doing = new Map<number, Doing>();
  /** Arrows that have no end yet, by the fiber that they lead to. */
  readonly #arrows = new Map<number, number>();
  #arrow = 0;

  constructor(sites: readonly string[]) {
    this.#sites = sites;
  }

  add(event: TraceEvent, ts: number): void {
    const { kind, fiber, by, reason, state, site, drawn, among } = event;
    // Top-level statements have no lane.
    if (kind === "clock" || (kind === "draw" && !fiber)) return;
    this.ids.add(fiber);
    const place = this.#sites[site - 1];
    const at: Record<string, string> = place ? { at: place } : {};
    switch (kind) {
      case "start":
      case "wake":
        if (by) this.#point(by, fiber, kind, ts);
        this.#begin(fiber, { what: "ready", since: ts, name: "ready", args: { ...at, by } });
        break;
      case "run":
        this.#begin(fiber, { what: "run", since: ts, name: "running" });
        this.#land(fiber, ts);
        break;
      case "park":
        this.#begin(fiber, { what: "wait", since: ts, name: reason, args: at });
        break;
      case "end":
        this.#close(fiber, ts);
        this.#mark(state, "end", fiber, ts);
        break;
      case "collect":
        this.#collect(event, ts);
        break;
      case "draw":
        this.#mark(`draws ${drawn + 1} of ${among}`, "draw", fiber, ts);
        break;
      default:
        this.#begin(fiber, { what: "ready", since: ts, name: kind === "clean" ? "ready to clean up" : "ready" });
    }
  }

  /** What still goes on ends here. */
  end(ts: number): void {
    for (const fiber of this.#doing.keys()) this.#close(fiber, ts);
  }

  #begin(fiber: number, doing: Doing): void {
    this.#close(fiber, doing.since);
    this.#doing.set(fiber, doing);
  }

  #close(fiber: number, ts: number): void {
    const doing = this.#doing.get(fiber);
    if (!doing) return;
    this.#doing.delete(fiber);
    const { what, since, name, args } = doing;
    const slice: ChromeEvent = { name, cat: what, ph: "X", pid: PROCESS, tid: fiber, ts: since, dur: ts - since };
    this.entries.push(args && Object.keys(args).length ? { ...slice, args } : slice);
  }

  #collect({ duration, isFull }: TraceEvent, ts: number): void {
    const name = isFull ? "whole collection" : "collects";
    this.entries.push({ name, cat: "collect", ph: "X", pid: PROCESS, tid: COLLECTOR, ts, dur: duration / 1000 });
  }

  #mark(name: string, cat: string, tid: number, ts: number): void {
    this.entries.push({ name, cat, ph: "i", s: "t", pid: PROCESS, tid, ts });
  }

  #point(from: number, to: number, name: string, ts: number): void {
    const id = ++this.#arrow;
    this.#arrows.set(to, id);
    this.entries.push({ name, cat: "wake", ph: "s", id, pid: PROCESS, tid: from, ts });
  }

  #land(fiber: number, ts: number): void {
    const id = this.#arrows.get(fiber);
    if (id === undefined) return;
    this.#arrows.delete(fiber);
    this.entries.push({ name: "wake", cat: "wake", ph: "f", bp: "e", id, pid: PROCESS, tid: fiber, ts });
  }
}
