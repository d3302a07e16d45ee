// @ts-check
/** Calls that must fail: what is in the list, and where the addresses point. None may crash, trap or hang. */
import { AT, clock, errnoName, MILLISECOND, read } from "../probe-guest.mjs";
import { group, never } from "./case.mjs";

/** @typedef {import("./case.mjs").Guest} Guest */
/** @typedef {import("./case.mjs").Case} Case */

/**
 * poll_oneoff with one zero clock and these addresses.
 *
 * @param {{ list?: number, events?: number, subscriptions?: number, count?: number }} where
 * @returns {Case["probe"]}
 */
function call({ list = AT.list, events = AT.events, subscriptions = 1, count = AT.count }) {
  return (guest) => {
    guest.writeList([clock(1, 0n)]);
    const errno = guest.call.poll_oneoff(list, events, subscriptions, count);
    return errno === 0 ? guest.tell() : errnoName(errno);
  };
}

/** @param {number} tag @returns {import("../probe-guest.mjs").Subscription} */
const tagged = (tag) => ({ tag, userdata: 1n, subject: 0 });

const lists = group("Errors: the list", {
  "no subscriptions": { probe: call({ subscriptions: 0 }), want: "EINVAL" },
  "no subscriptions, addresses outside memory": {
    probe: call({ list: -16, events: -16, subscriptions: 0 }),
    want: ["EINVAL", "EFAULT"],
  },
  "tag 3": { probe: (guest) => guest.poll([tagged(3)]), want: "EINVAL" },
  "tag 255": { probe: (guest) => guest.poll([tagged(255)]), want: "EINVAL" },
  "a bad tag after a good one": { probe: (guest) => guest.poll([clock(1, 0n), tagged(3)]), want: "EINVAL" },
  "a bad tag before one that waits": { probe: (guest) => guest.poll([tagged(3), never(2)]), want: "EINVAL" },
  "no such clock": {
    probe: (guest) => guest.poll([clock(1, 0n, { id: 4 })]),
    want: ["EINVAL", "clock#1 EINVAL"],
  },
  "no such clock, the largest id": {
    probe: (guest) => guest.poll([clock(1, 0n, { id: 0xffff_ffff })]),
    want: ["EINVAL", "clock#1 EINVAL"],
  },
  "no such clock, beside one that waits": {
    probe: (guest) => guest.poll([never(1), clock(2, 0n, { id: 4 })]),
    want: ["EINVAL", "clock#2 EINVAL"],
  },
});

const addresses = group("Errors: addresses", {
  "the list outside memory": { probe: call({ list: AT.end }), want: "EFAULT" },
  "the list at the last address": { probe: call({ list: -1 }), want: "EFAULT" },
  "the list over the end": { probe: call({ list: AT.end - 40 }), want: "EFAULT" },
  "the list over the end by its second": { probe: call({ list: AT.end - 48, subscriptions: 2 }), want: "EFAULT" },
  "the events outside memory": { probe: call({ events: AT.end }), want: "EFAULT" },
  "the events at the last address": { probe: call({ events: -1 }), want: "EFAULT" },
  "the events over the end": { probe: call({ events: AT.end - 24 }), want: "EFAULT" },
  "the count outside memory": { probe: call({ count: AT.end }), want: "EFAULT" },
  "the count at the last address": { probe: call({ count: -1 }), want: "EFAULT" },
  "the count over the end": { probe: call({ count: AT.end - 2 }), want: "EFAULT" },
  "the count outside memory, a wait of 20 s": {
    probe(guest) {
      guest.writeList([never(1)]);
      return errnoName(guest.call.poll_oneoff(AT.list, AT.events, 1, AT.end));
    },
    want: "EFAULT",
  },
  "the last addresses that fit": {
    probe(guest) {
      const at = AT.end - 48;
      const events = at - 32;
      return guest.poll([clock(1, 0n)], { at, events });
    },
    want: "clock#1",
  },
  "more subscriptions than memory": {
    probe: call({ subscriptions: 100_000 }),
    want: ["EFAULT", "EINVAL", "ENOMEM", "EOVERFLOW"],
  },
  "the largest number of subscriptions": {
    probe: call({ subscriptions: -1 }),
    want: ["EFAULT", "EINVAL", "ENOMEM", "EOVERFLOW"],
  },
  "a number whose bytes overflow 32 bits": {
    probe: call({ subscriptions: 0x0555_5556 }), // × 48 = 2³² + 32
    want: ["EFAULT", "EINVAL", "ENOMEM", "EOVERFLOW"],
  },
  "events over their own list": {
    probe: (guest) => guest.poll([clock(1, 0n), clock(2, 0n), clock(3, 0n)], { events: AT.list }),
    want: "clock#1, clock#2, clock#3",
  },
  "events over the end of their list": {
    probe: (guest) => guest.poll([clock(1, 0n), clock(2, 0n)], { events: AT.list + 48 }),
    want: "clock#1, clock#2",
  },
  "odd addresses": {
    probe: (guest) => guest.poll([clock(1, 0n)], { at: AT.list + 1, events: AT.events + 3 }),
    want: ["clock#1", "EINVAL", "EFAULT"],
  },
  "memory that has just grown": {
    probe(guest) {
      guest.poll([clock(1, 0n)]);
      guest.memory.grow(1);
      return guest.poll([clock(1, 0n)], { at: AT.end + 0x100, events: AT.end + 0x200 });
    },
    want: "clock#1",
  },
  "a good call after a bad one": {
    probe(guest) {
      const bad = errnoName(guest.call.poll_oneoff(AT.end, AT.events, 1, AT.count));
      return `${bad}; ${guest.poll([read(1, 100), clock(2, MILLISECOND)])}`;
    },
    want: "EFAULT; read#1 EBADF",
  },
});

export const errorCases = [...lists, ...addresses];
