// @ts-check
/** Standard input and output as files, `/dev/null`, sockets and terminals, and closed. Pipes have their own file. */
import { clock, read, write } from "../probe-guest.mjs";
import { group, never, soon } from "./case.mjs";

/** @typedef {import("./case.mjs").Case} Case */
/** @typedef {import("./case.mjs").Guest} Guest */

/** @param {import("../probe-world.mjs").Kind} kind */
const stdin = (kind) => ({ stdin: kind });
/** @param {import("../probe-world.mjs").Kind} kind */
const stdout = (kind) => ({ stdout: kind });

/**
 * The other side does something first, then the guest asks.
 *
 * @param {[action: string, id: string, value?: string][]} actions
 * @param {(guest: Guest) => string} ask
 * @returns {Case["probe"]}
 */
function after(actions, ask) {
  return async (guest, world) => {
    for (const action of actions) await world.peer(...action);
    return ask(guest);
  };
}

/**
 * The other side does something while the guest waits.
 *
 * @param {[action: string, id: string, value?: string]} action
 * @param {(guest: Guest) => string} ask
 * @returns {Case["probe"]}
 */
function during(action, ask) {
  return (guest, world) => {
    world.later(...action);
    return ask(guest);
  };
}

const readNbytes = (/** @type {Guest} */ guest) => guest.poll([read(1, 0), never(2)], { nbytes: true });
const readOnly = (/** @type {Guest} */ guest) => guest.poll([read(1, 0), never(2)]);
const readOrClock = (/** @type {Guest} */ guest) => guest.poll([read(1, 0), soon(2)]);
const writeOnly = (/** @type {Guest} */ guest) => guest.poll([write(1, 1), never(2)]);

const plain = group("Files, /dev/null and nothing on stdin and stdout", {
  "stdin a file": { setup: stdin("file"), probe: readOnly, want: "read#1" },
  "stdin a file: nbytes": { setup: stdin("file"), probe: readNbytes, want: "read#1 5 bytes" },
  "stdin a file, at its end": {
    setup: stdin("file"),
    probe: (guest) => `${guest.receive("fd_read", 0)}; ${readNbytes(guest)}`,
    want: "hello; read#1 0 bytes",
  },
  "stdin /dev/null": { setup: stdin("/dev/null"), probe: readOnly, want: "read#1" },
  "stdin /dev/null: a read gives nothing": {
    setup: stdin("/dev/null"),
    probe: (guest) => `${readOnly(guest)}; ${guest.receive("fd_read", 0)}`,
    want: "read#1; ",
  },
  "stdin not open": { setup: stdin("closed"), probe: readOnly, want: "read#1 EBADF" },
  "stdin closed by the guest": {
    probe(guest) {
      guest.call.fd_close(0);
      return readOnly(guest);
    },
    want: "read#1 EBADF",
  },
  "stdout a file": { setup: stdout("file"), probe: writeOnly, want: "write#1" },
  "stdout /dev/null": { setup: stdout("/dev/null"), probe: writeOnly, want: "write#1" },
  "stdout not open": { setup: stdout("closed"), probe: writeOnly, want: "write#1 EBADF" },
  "stdout closed by the guest": {
    probe(guest) {
      guest.call.fd_close(1);
      return writeOnly(guest);
    },
    want: "write#1 EBADF",
  },
  "stdin and stdout /dev/null": {
    setup: { stdin: "/dev/null", stdout: "/dev/null" },
    probe: (guest) => guest.poll([read(1, 0), write(2, 1), never(3)]),
    want: "read#1, write#2",
  },
  "stdin a file, stdout not open": {
    setup: { stdin: "file", stdout: "closed" },
    probe: (guest) => guest.poll([read(1, 0), write(2, 1), never(3)]),
    want: "read#1, write#2 EBADF",
  },
  "stdin a pipe with nothing, stdout a file": {
    setup: { stdin: "pipe", stdout: "file" },
    probe: (guest) => guest.poll([read(1, 0), write(2, 1), never(3)]),
    want: "write#2",
  },
  "stdin a file, stdout a full pipe": {
    setup: { stdin: "file", stdout: "pipe" },
    probe(guest, world) {
      world.fill();
      return guest.poll([write(1, 1), read(2, 0), never(3)]);
    },
    want: "read#2",
  },
});

const sockets = group("Sockets on stdin and stdout", {
  "stdin: data is there": {
    setup: stdin("socket"),
    probe: after([["write", "stdin", "hello"]], readNbytes),
    want: "read#1 5 bytes",
  },
  "stdin: data comes later": {
    setup: stdin("socket"),
    probe: during(["write", "stdin", "hello"], readNbytes),
    want: "read#1 5 bytes",
  },
  "stdin: nothing there": { setup: stdin("socket"), probe: readOrClock, want: "clock#2" },
  "stdin: nothing there, a zero timeout": {
    setup: stdin("socket"),
    probe: (guest) => guest.poll([read(1, 0), clock(2, 0n)]),
    want: "clock#2",
  },
  "stdin: the other side sends no more": {
    setup: stdin("socket"),
    probe: after([["end", "stdin"]], readNbytes),
    want: ["read#1 0 bytes", "read#1 0 bytes hangup"],
  },
  "stdout: writable": { setup: stdout("socket"), probe: writeOnly, want: "write#1" },
  "stdout: what is written arrives": {
    setup: stdout("socket"),
    async probe(guest, world) {
      const answer = writeOnly(guest);
      guest.send("fd_write", 1, "hello");
      return `${answer}; ${await world.peer("read", "stdout", 5)}`;
    },
    want: "write#1; hello",
  },
});

const terminals = group("Terminals on stdin and stdout", {
  "stdin: a line is there": {
    setup: stdin("terminal"),
    probe: during(["write", "stdin", "hello\n"], (guest) => {
      const first = readOnly(guest); // the line is there when it has come once
      return `${first}; ${readNbytes(guest)}`;
    }),
    want: "read#1; read#1 6 bytes",
  },
  "stdin: a line comes later": {
    setup: stdin("terminal"),
    probe: during(["write", "stdin", "hello\n"], (guest) => `${readOnly(guest)}; ${guest.receive("fd_read", 0)}`),
    want: "read#1; hello\n",
  },
  "stdin: nothing typed": { setup: stdin("terminal"), probe: readOrClock, want: "clock#2" },
  "stdin: half a line is not readable": {
    setup: stdin("terminal"),
    probe: after([["write", "stdin", "hel"]], (guest) => guest.poll([read(1, 0), clock(2, 100_000_000n)])),
    want: "clock#2",
  },
  "stdin: end of file typed": {
    setup: stdin("terminal"),
    probe: during(["end", "stdin"], (guest) => `${readOnly(guest)}; ${guest.receive("fd_read", 0)}`),
    want: "read#1; ",
  },
  "stdin: the terminal is closed": {
    setup: stdin("terminal"),
    probe: during(["close", "stdin"], readOnly),
    want: ["read#1 hangup", "read#1 EIO"],
  },
  "stdout: writable": { setup: stdout("terminal"), probe: writeOnly, want: "write#1" },
  "stdin has nothing, stdout is writable": {
    setup: { stdin: "terminal", stdout: "terminal" },
    probe: (guest) => guest.poll([read(1, 0), write(2, 1)]),
    want: "write#2",
  },
});

export const stdioCases = [...plain, ...sockets, ...terminals];
