/** The clocks of a WASI host. */
import { CLOCKID_MONOTONIC, CLOCKID_REALTIME, clock_time_get } from "./preview1";

const time: usize = memory.data(8, 8);

/** The moment that `now` counts from: so that nanoseconds are exact in an f64 for 104 days, however long the machine has run. */
let origin: u64 = 0;

/** The driver's clock: monotonic, in nanoseconds, 0 when it is first read. */
export function now(): f64 {
  const reading = read(CLOCKID_MONOTONIC);
  if (!origin) origin = reading;
  return <f64>(reading - origin);
}

/** `performance.now` of AssemblyScript: milliseconds of the same clock. */
export function performanceNow(): f64 {
  return now() / 1e6;
}

/** `Date.now` of AssemblyScript: milliseconds since 1970. */
export function dateNow(): f64 {
  return <f64>(read(CLOCKID_REALTIME) / 1_000_000);
}

function read(clock: u32): u64 {
  clock_time_get(clock, 1, time);
  return load<u64>(time);
}
