/** What `explore` has found, as text. */
import type { RunSize, Shrunk } from "./shrink-run.ts";
import type { Fault } from "./stepper.ts";

/** One switch of a run. */
export interface Step {
  /** Its id. */
  fiber: number;
  /** Its name; may be empty. */
  name: string;
  /** Where it went on, and where it has stopped, as `file:line:column`; null: at its beginning, at its end, or not known. */
  from: string | null;
  /** Where it has stopped. */
  to: string | null;
  /** What it did to others and itself. */
  did: string[];
  /** Which of the ready fibers it was, 0 being the first; another one is a preemption. */
  chosen: number;
  /** How many were ready. */
  ready: number;
}

/** A fault, and the schedule in which it happens. */
export interface Finding {
  /** What is wrong. */
  fault: Fault;
  /** Repeats it: `simulate(module, { schedule })`, `as-fibers run --driver virtual --replay`. */
  schedule: string;
  /** How often another fiber was chosen than the one that had been ready longest. */
  preemptions: number;
  /** How many times a fiber was resumed. */
  switches: number;
  /** The run, switch by switch. */
  steps: Step[];
  /** What the program had printed. */
  stdout: string;
  /** Of a failure: with its stack. */
  error: Error | undefined;
  /** All fibers that were left, what each waits for, and where. */
  fibers: string;
}

interface Explored {
  schedules: number;
  pruned: number;
  complete: boolean;
  coverage: number;
  cut: number;
  milliseconds: number;
  failure?: Finding;
}

/** Steps that are shown at the beginning and the end of a long run. */
const SHOWN = 40;

export function report(explored: Explored): string {
  const { failure } = explored;
  return failure
    ? [describeFinding(failure), "", summary(explored)].join("\n")
    : `no fault found: ${summary(explored)}`;
}

function summary({ schedules, pruned, complete, coverage, cut, milliseconds }: Explored): string {
  const share = complete ? "all there are" : `${percent(coverage)} of what a walk at random would meet`;
  const given = cut ? `, ${format(cut)} cut off` : "";
  return `${format(schedules)} schedules run, ${format(pruned)} pruned${given}, ${share}, in ${Math.round(milliseconds)} ms`;
}

function percent(share: number): string {
  const value = 100 * share;
  return `${value >= 10 ? value.toFixed(0) : value.toPrecision(2)} %`;
}

function format(value: number): string {
  return value.toLocaleString("en");
}

function describeFinding({ fault, schedule, preemptions, switches, steps, stdout, error, fibers }: Finding): string {
  const times = preemptions === 1 ? "1 preemption" : `${preemptions} preemptions`;
  const lines = [
    `${fault.code}: ${fault.message}`,
    `in the schedule ${schedule}, of ${times} and ${switches} switches:`,
    "",
    ...describeSteps(steps),
  ];
  if (error?.stack) lines.push("", error.stack);
  if (fault.kind === "deadlock" || fault.kind === "leak") lines.push("", fibers);
  return [...lines, ...describeOutput(stdout)].join("\n");
}

function describeOutput(stdout: string): string[] {
  if (!stdout) return [];
  const lines = stdout.trimEnd().split("\n");
  return ["", "it had printed:", ...lines.map((line) => `  ${line}`)];
}

/** A run that was made smaller, as text. */
export function describeShrunk(shrunk: Omit<Shrunk, "report">): string {
  const { fault, args, faults, schedule, size, before, runs, steps, stdout, error } = shrunk;
  const less = (name: keyof RunSize & ("fibers" | "preemptions" | "draws" | "switches")) =>
    `${format(size[name])} ${name}${size[name] === before[name] ? "" : ` (of ${format(before[name])})`}`;
  const lines = [
    `${fault.code}: ${fault.message}`,
    `in the schedule ${schedule}`,
    `of ${less("fibers")}, ${less("preemptions")}, ${less("draws")}, ${less("switches")}; after ${format(runs)} runs`,
  ];
  if (args.length)
    lines.push(
      `with the arguments ${JSON.stringify(args)}${isSame(args, before.args) ? "" : ` (before: ${JSON.stringify(before.args)})`}`,
    );
  if (before.faults) lines.push(`of ${before.faults} faults of the network, these: ${JSON.stringify(faults)}`);
  lines.push("", ...describeSteps(steps));
  if (error?.stack) lines.push("", error.stack);
  return [...lines, ...describeOutput(stdout)].join("\n");
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.every((value, i) => value === other[i]);
}

export function describeSteps(steps: readonly Step[]): string[] {
  const lines = steps.map(describe);
  if (lines.length <= 2 * SHOWN) return lines;
  const left = lines.length - 2 * SHOWN;
  return [...lines.slice(0, SHOWN), `  … ${format(left)} steps`, ...lines.slice(-SHOWN)];
}

function describe({ fiber, name, from, to, did, chosen, ready }: Step, index: number): string {
  const who = name ? `fiber ${fiber} "${name}"` : `fiber ${fiber}`;
  const place = to ?? (from ? `after ${from}` : "");
  const preemption = chosen ? ` [chosen before ${chosen} of ${ready} ready]` : "";
  return `${String(index + 1).padStart(4)}${chosen ? " *" : "  "} ${who}: ${did.join(", ")}${place ? `, ${place}` : ""}${preemption}`;
}
