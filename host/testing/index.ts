/** `as-fibers/testing`: simulated worlds, schedules that are repeated, and the search through all of them. */
export { type GuestTrace, type TraceEvent } from "./guest-trace.ts";
export { BEGINNING, lasting, pure } from "./imports.ts";
export { type Chooser, fifo, pct, type PctOptions, type Policy, random, type ReadyFibers, replay } from "./policies.ts";
export { simulate, type SimulateOptions, type Simulation } from "./simulate.ts";
export { explore, type Exploration, type ExploreOptions, type Finding, type Step } from "./explore.ts";
export { type RunSize, type Shrunk, type ShrinkOptions, shrinkRun } from "./shrink-run.ts";
export type { Check, Returned, TrialOptions } from "./trial.ts";
export { assertEverySchedule, matchers } from "./matchers.ts";
export { type ChromeEvent, type ChromeTrace, chromeTrace, type ChromeTraceSource } from "./chrome-trace.ts";
export type { Fault, FaultChances, FaultKind } from "../drivers/virtual/faults.ts";
export type { Latency } from "../drivers/virtual/link.ts";
export type { NetworkOptions } from "../drivers/virtual/network.ts";
