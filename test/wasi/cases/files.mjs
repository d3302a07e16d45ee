// @ts-check
/** Files, directories and descriptors that are none. */
import { clock, read, RIGHTS_TO_READ, write } from "../probe-guest.mjs";
import { group, never } from "./case.mjs";

const setup = { files: true };

/**
 * @param {string} text what the file holds
 * @param {(guest: import("./case.mjs").Guest, descriptor: number) => string} ask
 * @param {number} [position]
 * @returns {import("./case.mjs").Case["probe"]}
 */
function withFile(text, ask, position = 0) {
  return (guest, world) => ask(guest, guest.openFile(world.files, text, { position }));
}

const files = group("Files", {
  "readable at once": { setup, probe: withFile("hello", (guest, file) => guest.poll([read(1, file)])), want: "read#1" },
  "writable at once": {
    setup,
    probe: withFile("hello", (guest, file) => guest.poll([write(1, file)])),
    want: "write#1",
  },
  "both, in order": {
    setup,
    probe: withFile("hello", (guest, file) => guest.poll([write(1, file), read(2, file)])),
    want: "write#1, read#2",
  },
  "readable at its end": {
    setup,
    probe: withFile("hello", (guest, file) => guest.poll([read(1, file)]), 5),
    want: "read#1",
  },
  "an empty one is readable": {
    setup,
    probe: withFile("", (guest, file) => guest.poll([read(1, file)])),
    want: "read#1",
  },
  "nbytes is what is left": {
    setup,
    probe: withFile("hello", (guest, file) => guest.poll([read(1, file)], { nbytes: true }), 2),
    want: "read#1 3 bytes",
  },
  "nbytes is 0 at the end": {
    setup,
    probe: withFile("hello", (guest, file) => guest.poll([read(1, file)], { nbytes: true }), 5),
    want: "read#1 0 bytes",
  },
  "it is ready, the clock beside it is not due": {
    setup,
    probe: withFile("hello", (guest, file) => guest.poll([never(1), read(2, file)])),
    want: "read#2",
  },
  "reading still works after a poll": {
    setup,
    probe: withFile("hello", (guest, file) => `${guest.poll([read(1, file)])}; ${guest.receive("fd_read", file)}`),
    want: "read#1; hello",
  },
  "opened for reading, asked for writing": {
    setup,
    probe: (guest, world) => guest.poll([write(1, guest.openFile(world.files, "hello", { rights: RIGHTS_TO_READ }))]),
    want: ["write#1", "write#1 EBADF", "write#1 ENOTCAPABLE"],
  },
  "a directory answers at once": {
    setup,
    probe: (guest, world) => guest.poll([read(1, world.files), never(2)]),
    want: ["read#1", "read#1 EBADF", "read#1 EISDIR", "read#1 EINVAL", "read#1 ENOTCAPABLE"],
  },
  "a closed descriptor": {
    setup,
    probe: withFile("hello", (guest, file) => {
      guest.call.fd_close(file);
      return guest.poll([read(1, file), never(2)]);
    }),
    want: "read#1 EBADF",
  },
});

const none = group("Descriptors that are none", {
  "one, for reading": { probe: (guest) => guest.poll([read(1, 100)]), want: "read#1 EBADF" },
  "one, for writing": { probe: (guest) => guest.poll([write(1, 100)]), want: "write#1 EBADF" },
  two: { probe: (guest) => guest.poll([read(1, 100), read(2, 101)]), want: "read#1 EBADF, read#2 EBADF" },
  "one, asked for twice": {
    probe: (guest) => guest.poll([read(1, 100), write(2, 100)]),
    want: "read#1 EBADF, write#2 EBADF",
  },
  "the largest": { probe: (guest) => guest.poll([read(1, 0xffff_ffff)]), want: "read#1 EBADF" },
  "the largest that is positive": { probe: (guest) => guest.poll([read(1, 0x7fff_ffff)]), want: "read#1 EBADF" },
  "beside a clock that is not due": { probe: (guest) => guest.poll([never(1), read(2, 100)]), want: "read#2 EBADF" },
  "beside a clock that is due": {
    probe: (guest) => guest.poll([clock(1, 0n), read(2, 100)]),
    want: ["clock#1, read#2 EBADF", "read#2 EBADF"],
  },
  "beside a file": {
    setup,
    probe: withFile("hello", (guest, file) => guest.poll([read(1, 100), read(2, file), write(3, 101)])),
    want: "read#1 EBADF, read#2, write#3 EBADF",
  },
});

export const fileCases = [...files, ...none];
