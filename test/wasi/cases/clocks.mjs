// @ts-check
/** Clocks: how long a wait takes, which of several is told, and the clocks themselves. */
import { AT, clock, errnoName, FOREVER, MILLISECOND, MONOTONIC, REALTIME } from "../probe-guest.mjs";
import { group, never } from "./case.mjs";

const ABSOLUTE = 1;
const SHORT = 5n * MILLISECOND;
const FAR = 20_000n * MILLISECOND;
const realtime = { id: REALTIME };

/** @param {number} id @param {bigint} offset in nanoseconds @returns {import("./case.mjs").Case["probe"]} */
function absolute(id, offset) {
  return (guest) => guest.poll([clock(1, guest.time(id) + offset, { id, flags: ABSOLUTE })]);
}

/** The same wait several times; tells how many came before their time. @param {bigint} timeout @param {number} times @param {number} id */
function neverEarly(timeout, times, id = MONOTONIC) {
  return (/** @type {import("./case.mjs").Guest} */ guest) => {
    const answers = Array.from({ length: times }, () => guest.poll([clock(1, timeout, { id })]));
    const other = answers.find((answer) => !answer.startsWith("clock#1"));
    return other ?? `${answers.filter((answer) => answer.endsWith("early")).length} early of ${times}`;
  };
}

/** A clock of CPU time, which hardly passes while the guest waits. @param {number} id */
function cpuClock(id) {
  return {
    probe: (/** @type {import("./case.mjs").Guest} */ guest) =>
      guest.poll([clock(1, SHORT, { id }), clock(2, 10n * SHORT)]),
    want: ["clock#1", "clock#1 ENOTSUP", "clock#1 EINVAL", "clock#2", "ENOTSUP", "EINVAL"],
  };
}

const waits = group("Clocks: one", {
  "monotonic, relative": { probe: (guest) => guest.poll([clock(1, SHORT)]), want: "clock#1" },
  "realtime, relative": { probe: (guest) => guest.poll([clock(1, SHORT, realtime)]), want: "clock#1" },
  "monotonic, absolute": { probe: absolute(MONOTONIC, SHORT), want: "clock#1" },
  "realtime, absolute": { probe: absolute(REALTIME, SHORT), want: "clock#1" },
  "monotonic, a past time": { probe: absolute(MONOTONIC, -1n * MILLISECOND), want: "clock#1" },
  "realtime, a past time": { probe: absolute(REALTIME, -1000n * MILLISECOND), want: "clock#1" },
  "monotonic, absolute zero": { probe: (guest) => guest.poll([clock(1, 0n, { flags: ABSOLUTE })]), want: "clock#1" },
  "realtime, absolute zero": {
    probe: (guest) => guest.poll([clock(1, 0n, { ...realtime, flags: ABSOLUTE })]),
    want: "clock#1",
  },
  "zero timeout": { probe: (guest) => guest.poll([clock(1, 0n)]), want: "clock#1" },
  "zero timeout, realtime": { probe: (guest) => guest.poll([clock(1, 0n, realtime)]), want: "clock#1" },
  "one nanosecond": { probe: (guest) => guest.poll([clock(1, 1n)]), want: "clock#1" },
  "a precision of one second": {
    probe: (guest) => guest.poll([clock(1, SHORT, { precision: 1000n * MILLISECOND })]),
    want: "clock#1",
  },
  "the largest precision": { probe: (guest) => guest.poll([clock(1, SHORT, { precision: FOREVER })]), want: "clock#1" },
  "1.5 ms, never early": { probe: neverEarly(1_500_000n, 30), want: "0 early of 30" },
  "1 ms, never early": { probe: neverEarly(MILLISECOND, 30), want: "0 early of 30" },
  "0.1 ms, never early": { probe: neverEarly(100_000n, 50), want: "0 early of 50" },
  "1.5 ms of realtime, never early": { probe: neverEarly(1_500_000n, 30, REALTIME), want: "0 early of 30" },
  "process CPU time": cpuClock(2),
  "thread CPU time": cpuClock(3),
});

const several = group("Clocks: several", {
  "the nearest only, first": {
    probe: (guest) => guest.poll([clock(1, SHORT), clock(2, FAR)]),
    want: "clock#1",
  },
  "the nearest only, last": {
    probe: (guest) => guest.poll([clock(1, FAR), clock(2, FAR / 2n), clock(3, SHORT)]),
    want: "clock#3",
  },
  "two equal timeouts": { probe: (guest) => guest.poll([clock(1, SHORT), clock(2, SHORT)]), want: "clock#1, clock#2" },
  "two equal absolute times": {
    probe(guest) {
      const timeout = guest.time(MONOTONIC) + SHORT;
      return guest.poll([clock(1, timeout, { flags: ABSOLUTE }), clock(2, timeout, { flags: ABSOLUTE })]);
    },
    want: "clock#1, clock#2",
  },
  "two zero timeouts": { probe: (guest) => guest.poll([clock(1, 0n), clock(2, 0n)]), want: "clock#1, clock#2" },
  "both clocks, monotonic nearer": {
    probe: (guest) => guest.poll([clock(1, FAR, realtime), clock(2, SHORT)]),
    want: "clock#2",
  },
  "both clocks, realtime nearer": {
    probe: (guest) => guest.poll([clock(1, SHORT, realtime), clock(2, FAR)]),
    want: "clock#1",
  },
  "absolute far, relative near": {
    probe: (guest) => guest.poll([clock(1, guest.time(MONOTONIC) + FAR, { flags: ABSOLUTE }), clock(2, SHORT)]),
    want: "clock#2",
  },
  "absolute on both clocks": {
    probe(guest) {
      const far = guest.time(MONOTONIC) + FAR;
      const near = guest.time(REALTIME) + SHORT;
      return guest.poll([clock(1, far, { flags: ABSOLUTE }), clock(2, near, { ...realtime, flags: ABSOLUTE })]);
    },
    want: "clock#2",
  },
  "past and future": {
    probe: (guest) => guest.poll([clock(1, FAR), clock(2, 1n, { flags: ABSOLUTE })]),
    want: "clock#2",
  },
  "the largest relative timeout beside a near one": {
    probe: (guest) => guest.poll([clock(1, FOREVER), clock(2, SHORT)]),
    want: "clock#2",
  },
  "the largest absolute time beside a near one": {
    probe: (guest) => guest.poll([clock(1, FOREVER, { flags: ABSOLUTE }), clock(2, SHORT)]),
    want: "clock#2",
  },
  "the largest realtime timeouts beside a near one": {
    probe: (guest) =>
      guest.poll([
        clock(1, FOREVER, realtime),
        clock(2, FOREVER, { ...realtime, flags: ABSOLUTE }),
        clock(3, SHORT, realtime),
      ]),
    want: "clock#3",
  },
  "a hundred clocks, one near": {
    probe: (guest) => guest.poll([...Array.from({ length: 99 }, (_, index) => never(index)), clock(99, SHORT)]),
    want: "clock#99",
  },
});

const neighbours = group("Clocks: neighbours of poll_oneoff", {
  "clock_time_get: monotonic passes during a wait": {
    probe(guest) {
      const before = guest.time(MONOTONIC);
      guest.poll([clock(1, SHORT)]);
      return guest.time(MONOTONIC) - before >= SHORT ? "it passes" : "less than the wait";
    },
    want: "it passes",
  },
  "clock_time_get: monotonic never goes back": {
    probe(guest) {
      let last = 0n;
      for (let count = 0; count < 1000; count++) {
        const time = guest.time(MONOTONIC);
        if (time < last) return `back by ${last - time} ns`;
        last = time;
      }
      return "never";
    },
    want: "never",
  },
  "clock_time_get: monotonic is finer than a millisecond": {
    probe(guest) {
      for (let count = 0; count < 1000; count++) if (guest.time(MONOTONIC) % MILLISECOND !== 0n) return "finer";
      return "whole milliseconds";
    },
    want: "finer",
  },
  "clock_time_get: realtime is the wall clock": {
    probe(guest) {
      const distance = Number(guest.time(REALTIME) / MILLISECOND) - Date.now();
      return Math.abs(distance) < 1000 ? "it is" : `${distance} ms away`;
    },
    want: "it is",
  },
  "clock_time_get: no such clock": {
    probe: (guest) => errnoName(guest.call.clock_time_get(9, 1n, AT.scratch)),
    want: "EINVAL",
  },
  "clock_time_get: address outside memory": {
    probe: (guest) => errnoName(guest.call.clock_time_get(MONOTONIC, 1n, AT.end - 4)),
    want: "EFAULT",
  },
  "clock_res_get: both clocks, at most a millisecond": {
    probe(guest) {
      return [REALTIME, MONOTONIC]
        .map((id) => {
          const errno = guest.call.clock_res_get(id, AT.scratch);
          if (errno !== 0) return errnoName(errno);
          const resolution = guest.view.getBigUint64(AT.scratch, true);
          return resolution > 0n && resolution <= MILLISECOND ? "ok" : `${resolution} ns`;
        })
        .join(", ");
    },
    want: "ok, ok",
  },
  "clock_res_get: no such clock": {
    probe: (guest) => errnoName(guest.call.clock_res_get(9, AT.scratch)),
    want: "EINVAL",
  },
  "clock_res_get: address outside memory": {
    probe: (guest) => errnoName(guest.call.clock_res_get(MONOTONIC, AT.end - 4)),
    want: "EFAULT",
  },
  sched_yield: { probe: (guest) => errnoName(guest.call.sched_yield()), want: "ok" },
});

export const clockCases = [...waits, ...several, ...neighbours];
