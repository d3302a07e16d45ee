// @ts-check
/** Pipes on standard input and output: data there and later, hangups, full pipes, several subscriptions. */
import { clock, FOREVER, read, write } from "../probe-guest.mjs";
import { group, never, soon } from "./case.mjs";

/** @typedef {import("./case.mjs").Case} Case */

const input = /** @type {const} */ ({ stdin: "pipe" });
const output = /** @type {const} */ ({ stdout: "pipe" });
const both = /** @type {const} */ ({ stdin: "pipe", stdout: "pipe" });

/**
 * "hello" is there, or comes while the guest waits.
 *
 * @param {"peer" | "later"} when
 * @param {(guest: import("./case.mjs").Guest) => string} ask
 * @returns {Case["probe"]}
 */
function hello(when, ask) {
  return async (guest, world) => {
    await world[when]("write", "stdin", "hello");
    return ask(guest);
  };
}

const reading = group("Pipe on stdin", {
  "data is there": { setup: input, probe: hello("peer", (guest) => guest.poll([read(1, 0)])), want: "read#1" },
  "data is there: nbytes": {
    setup: input,
    probe: hello("peer", (guest) => guest.poll([read(1, 0)], { nbytes: true })),
    want: "read#1 5 bytes",
  },
  "nbytes after a part was read": {
    setup: input,
    probe: hello("peer", (guest) => `${guest.receive("fd_read", 0, 2)}; ${guest.poll([read(1, 0)], { nbytes: true })}`),
    want: "he; read#1 3 bytes",
  },
  "a poll takes nothing away": {
    setup: input,
    probe: hello("peer", (guest) => {
      const answers = [guest.poll([read(1, 0)]), guest.poll([read(1, 0)]), guest.receive("fd_read", 0)];
      return answers.join("; ");
    }),
    want: "read#1; read#1; hello",
  },
  "data comes later": {
    setup: input,
    probe: hello("later", (guest) => guest.poll([read(1, 0)], { nbytes: true })),
    want: "read#1 5 bytes",
  },
  "data comes later, before the clock": {
    setup: input,
    probe: hello("later", (guest) => guest.poll([never(1), read(2, 0)])),
    want: "read#2",
  },
  "data comes later, the largest timeout": {
    setup: input,
    probe: hello("later", (guest) => guest.poll([clock(1, FOREVER), read(2, 0)])),
    want: "read#2",
  },
  "data comes later, the largest absolute time": {
    setup: input,
    probe: hello("later", (guest) => guest.poll([clock(1, FOREVER, { flags: 1 }), read(2, 0)])),
    want: "read#2",
  },
  "nothing there: the clock": { setup: input, probe: (guest) => guest.poll([read(1, 0), soon(2)]), want: "clock#2" },
  "nothing there: a zero timeout": {
    setup: input,
    probe: (guest) => guest.poll([read(1, 0), clock(2, 0n)]),
    want: "clock#2",
  },
  "data is there, a zero timeout": {
    setup: input,
    probe: hello("peer", (guest) => guest.poll([read(1, 0), clock(2, 0n)])),
    want: ["read#1, clock#2", "read#1"],
  },
  "data is there, a past time": {
    setup: input,
    probe: hello("peer", (guest) => guest.poll([clock(1, 1n, { flags: 1 }), read(2, 0)])),
    want: ["clock#1, read#2", "read#2"],
  },
  "two subscriptions on it": {
    setup: input,
    probe: hello("peer", (guest) => guest.poll([read(1, 0), read(2, 0), never(3)])),
    want: "read#1, read#2",
  },
  "two subscriptions on it, data comes later": {
    setup: input,
    probe: hello("later", (guest) => guest.poll([read(1, 0), never(2), read(3, 0)])),
    want: "read#1, read#3",
  },
  "closed by the writer": {
    setup: input,
    async probe(guest, world) {
      await world.peer("close", "stdin");
      return guest.poll([read(1, 0), never(2)], { nbytes: true });
    },
    want: "read#1 0 bytes hangup",
  },
  "closed by the writer later": {
    setup: input,
    probe(guest, world) {
      world.later("close", "stdin");
      return guest.poll([read(1, 0), never(2)], { nbytes: true });
    },
    want: "read#1 0 bytes hangup",
  },
  "closed by the writer, data left": {
    setup: input,
    async probe(guest, world) {
      await world.peer("write", "stdin", "hello");
      await world.peer("close", "stdin");
      return guest.poll([read(1, 0), never(2)], { nbytes: true });
    },
    want: ["read#1 5 bytes", "read#1 5 bytes hangup"],
  },
  "closed by the writer: end of file follows": {
    setup: input,
    async probe(guest, world) {
      await world.peer("write", "stdin", "hello");
      await world.peer("close", "stdin");
      const first = guest.receive("fd_read", 0);
      return `${first}; ${guest.poll([read(1, 0), never(2)])}; ${guest.receive("fd_read", 0)}`;
    },
    want: "hello; read#1 hangup; ",
  },
  "beside a descriptor that is none": {
    setup: input,
    probe: (guest) => guest.poll([read(1, 0), read(2, 100), never(3)]),
    want: "read#2 EBADF",
  },
});

const writing = group("Pipe on stdout", {
  writable: { setup: output, probe: (guest) => guest.poll([write(1, 1), never(2)]), want: "write#1" },
  "full: the clock": {
    setup: output,
    probe(guest, world) {
      world.fill();
      return guest.poll([write(1, 1), soon(2)]);
    },
    want: "clock#2",
  },
  "full, read later": {
    setup: output,
    probe(guest, world) {
      world.fill();
      world.later("read", "stdout", 65_536);
      return guest.poll([write(1, 1), never(2)]);
    },
    want: "write#1",
  },
  "closed by the reader": {
    setup: output,
    async probe(guest, world) {
      await world.peer("close", "stdout");
      return guest.poll([write(1, 1), never(2)]);
    },
    want: ["write#1 hangup", "write#1 EPIPE hangup", "write#1 EPIPE", "write#1 EIO"],
  },
  "full, closed by the reader later": {
    setup: output,
    probe(guest, world) {
      world.fill();
      world.later("close", "stdout");
      return guest.poll([write(1, 1), never(2)]);
    },
    want: ["write#1 hangup", "write#1 EPIPE hangup", "write#1 EPIPE", "write#1 EIO"],
  },
  "what is written arrives": {
    setup: output,
    async probe(guest, world) {
      const answer = guest.poll([write(1, 1), never(2)]);
      guest.send("fd_write", 1, "hello");
      return `${answer}; ${await world.peer("read", "stdout", 5)}`;
    },
    want: "write#1; hello",
  },
  "stdin and stdout ready, in order": {
    setup: both,
    probe: hello("peer", (guest) => guest.poll([write(1, 1), never(2), read(3, 0)])),
    want: "write#1, read#3",
  },
  "stdin has nothing, stdout is writable": {
    setup: both,
    probe: (guest) => guest.poll([read(1, 0), write(2, 1)]),
    want: "write#2",
  },
  "stdin has nothing, stdout is full": {
    setup: both,
    probe(guest, world) {
      world.fill();
      return guest.poll([read(1, 0), write(2, 1), soon(3)]);
    },
    want: "clock#3",
  },
});

export const pipeCases = [...reading, ...writing];
