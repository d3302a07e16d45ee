// @ts-check
/** Bytes: every field where it belongs, nothing else written. */
import { AT, clock, errnoName, EVENT_BYTES, FOREVER, read, SUBSCRIPTION_BYTES, write } from "../probe-guest.mjs";
import { group, never } from "./case.mjs";

/** @typedef {import("./case.mjs").Guest} Guest */

const FILLER = 0xaa;

/**
 * Fills memory, calls poll_oneoff and gives back what it returned.
 *
 * @param {Guest} guest
 * @param {import("../probe-guest.mjs").Subscription[]} list
 */
function pollOverFiller(guest, list) {
  guest.bytes.fill(FILLER);
  guest.writeList(list);
  return guest.call.poll_oneoff(AT.list, AT.events, list.length, AT.count);
}

/** @param {Guest} guest @param {number} from @param {number} to */
function untouched(guest, from, to) {
  return guest.bytes.subarray(from, to).every((byte) => byte === FILLER);
}

/** @param {(userdata: bigint) => import("../probe-guest.mjs").Subscription} make */
function userdata(make) {
  const values = [0n, 1n, 0xfedc_ba98_7654_3210n, 1n << 63n, FOREVER];
  return (/** @type {Guest} */ guest) => {
    const answer = guest.poll(values.map((value) => make(value)));
    const told = values.map((_, index) => guest.view.getBigUint64(AT.events + index * EVENT_BYTES, true));
    return told.every((value, index) => value === values[index]) ? "as they were" : answer;
  };
}

export const layoutCases = group("Layouts", {
  "userdata of clocks, all bits": { probe: userdata((value) => clock(value, 0n)), want: "as they were" },
  "userdata of errors, all bits": { probe: userdata((value) => read(value, 100)), want: "as they were" },
  "userdata of files, all bits": {
    setup: { stdout: "file" },
    probe: userdata((value) => write(value, 1)),
    want: "as they were",
  },
  "a clock's event": {
    probe(guest) {
      const errno = pollOverFiller(guest, [clock(7, 0n)]);
      const { view } = guest;
      const at = AT.events;
      return `${errnoName(errno)}; ${view.getBigUint64(at, true)} ${view.getUint16(at + 8, true)} ${view.getUint8(at + 10)}`;
    },
    want: "ok; 7 0 0",
  },
  "an error's event": {
    probe(guest) {
      const errno = pollOverFiller(guest, [write(7, 100)]);
      const { view } = guest;
      const at = AT.events;
      return `${errnoName(errno)}; ${view.getBigUint64(at, true)} ${view.getUint16(at + 8, true)} ${view.getUint8(at + 10)}`;
    },
    want: "ok; 7 8 2",
  },
  "a read's event": {
    setup: { stdin: "pipe" },
    async probe(guest, world) {
      await world.peer("write", "stdin", "hello");
      const errno = pollOverFiller(guest, [read(7, 0)]);
      const { view } = guest;
      const at = AT.events;
      const head = `${view.getBigUint64(at, true)} ${view.getUint16(at + 8, true)} ${view.getUint8(at + 10)}`;
      return `${errnoName(errno)}; ${head} ${view.getBigUint64(at + 16, true)} ${view.getUint16(at + 24, true)}`;
    },
    want: "ok; 7 0 1 5 0",
  },
  "a hangup's event": {
    setup: { stdin: "pipe" },
    async probe(guest, world) {
      await world.peer("close", "stdin");
      const errno = pollOverFiller(guest, [read(7, 0)]);
      const { view } = guest;
      const at = AT.events;
      const head = `${view.getBigUint64(at, true)} ${view.getUint16(at + 8, true)} ${view.getUint8(at + 10)}`;
      return `${errnoName(errno)}; ${head} ${view.getBigUint64(at + 16, true)} ${view.getUint16(at + 24, true)}`;
    },
    want: "ok; 7 0 1 0 1",
  },
  "the count is 32 bits": {
    probe(guest) {
      pollOverFiller(guest, [clock(1, 0n)]);
      const before = untouched(guest, AT.count - 8, AT.count);
      const after = untouched(guest, AT.count + 4, AT.count + 12);
      return `${guest.view.getUint32(AT.count, true)}${before && after ? "" : ", and more is written"}`;
    },
    want: "1",
  },
  "nothing is written around the events": {
    probe(guest) {
      const errno = pollOverFiller(guest, [clock(1, 0n), clock(2, 0n)]);
      const before = untouched(guest, AT.events - 64, AT.events);
      const after = untouched(guest, AT.events + 2 * EVENT_BYTES, AT.events + 4 * EVENT_BYTES);
      return before && after ? errnoName(errno) : "more is written";
    },
    want: "ok",
  },
  "the list stays as it was": {
    probe(guest) {
      const list = [never(1), clock(2, 0n), read(3, 100)];
      guest.bytes.fill(FILLER);
      guest.writeList(list);
      const end = AT.list + list.length * SUBSCRIPTION_BYTES;
      const before = guest.bytes.slice(AT.list, end);
      const errno = guest.call.poll_oneoff(AT.list, AT.events, list.length, AT.count);
      const isSame = guest.bytes.subarray(AT.list, end).every((byte, index) => byte === before[index]);
      return isSame ? errnoName(errno) : "it is changed";
    },
    want: "ok",
  },
  "unused bytes of a clock's subscription": {
    probe(guest) {
      const errno = pollOverFiller(guest, [never(1), clock(2, 0n)]);
      return errno === 0 ? guest.tell() : errnoName(errno);
    },
    want: "clock#2",
  },
  "unused bytes of a descriptor's subscription": {
    setup: { stdout: "file" },
    probe(guest) {
      const errno = pollOverFiller(guest, [write(1, 1), read(2, 100)]);
      return errno === 0 ? guest.tell() : errnoName(errno);
    },
    want: "write#1, read#2 EBADF",
  },
  "events are in the order of the list": {
    setup: { stdout: "file" },
    probe: (guest) => guest.poll([write(5, 1), read(4, 100), never(3), write(2, 1), read(1, 101)]),
    want: "write#5, read#4 EBADF, write#2, read#1 EBADF",
  },
  "the same userdata twice": { probe: (guest) => guest.poll([clock(1, 0n), clock(1, 0n)]), want: "clock#1, clock#1" },
  "600 subscriptions, all ready": {
    probe(guest) {
      const list = Array.from({ length: 600 }, (_, index) => clock(index, 0n));
      const answer = guest.poll(list);
      return answer === list.map((_, index) => `clock#${index}`).join(", ") ? "all, in order" : answer.slice(0, 60);
    },
    want: "all, in order",
  },
  "600 descriptors that are none": {
    probe(guest) {
      const list = Array.from({ length: 600 }, (_, index) => read(index, 1000 + index));
      const answer = guest.poll(list);
      return answer === list.map((_, index) => `read#${index} EBADF`).join(", ")
        ? "all, in order"
        : answer.slice(0, 60);
    },
    want: "all, in order",
  },
});
