/**
 * What happens to a connection under chaos, and the peer's part in it. The program's part is test/guests/chaos.ts, where the head is drawn.
 *
 * Both directions carry an endless pattern of which each conversation has another stretch: a byte that is lost, doubled, moved, or another
 * connection's, shows.
 */
import assert from "node:assert/strict";
import type { Random } from "./random.ts";
import type { Peer } from "./world.ts";

const KINDS = {
  whole: "both send all of it, and then end their half; they pause as they like",
  early: "the peer ends its half before it has sent anything",
  late: "the peer ends its half when the program has",
  slow: "the peer reads nothing for long, while the program has more to send than the system takes",
  cancelled: "the program cancels its reader, and closes",
  closed: "the program closes while its reader waits",
  busy: "the program closes while the peer still sends",
  reset: "the peer resets the connection in the midst of it",
  stillborn: "the peer goes away before it has said anything",
} as const;
type Kind = keyof typeof KINDS;

/** How the program is to end. */
const SHUTDOWN = 0;
const CANCEL = 1;
const CLOSE = 2;
const ENDINGS: Partial<Record<Kind, number>> = { cancelled: CANCEL, closed: CLOSE, busy: CLOSE };

const PERIOD = 10_007;
const MOST_ROOM = 8192;
/** More than the system holds between two sockets of this machine. */
const TOO_MUCH = 16 << 20;
const MOST_BYTES = 64 << 10;
/** One in so many is slow: it costs as much as all the others together. */
const SLOW_PERIOD = 100;
/** Bytes of a write that the system takes in parts. */
const MOST_CHUNK = 8 << 20;

const pattern = Buffer.alloc(PERIOD + MOST_ROOM);
for (let i = 0, state = 1; i < PERIOD; i++) {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
  pattern[i] = state >>> 16;
}
pattern.copyWithin(PERIOD, 0, MOST_ROOM);

export interface Plan {
  id: number;
  kind: Kind;
  /** Whether the program makes the connection. */
  isDialled: boolean;
  /** Bytes that the peer has to send, and the program. */
  up: number;
  down: number;
  /** Bytes of the program's reads and writes. */
  room: number;
  chunk: number;
  /** Milliseconds that the program pauses after them, and that it waits for a read before it cancels it; 0: for ever. */
  writePause: number;
  readPause: number;
  limit: number;
  /** Milliseconds that all of it takes, about. */
  span: number;
}

/** @param span milliseconds that a conversation takes, about */
export function planOne(id: number, span: number, random: Random): Plan {
  const kinds = Object.keys(KINDS) as Kind[];
  const kind = id % SLOW_PERIOD === SLOW_PERIOD - 1 ? "slow" : random.pick(kinds.filter((each) => each !== "slow"));
  const isWithout = kind === "early" || kind === "cancelled" || kind === "closed" || kind === "slow";
  const down = kind === "slow" ? TOO_MUCH : random.below(MOST_BYTES);
  const chunk = kind === "slow" ? MOST_CHUNK : 1 + Math.max(random.below(MOST_ROOM), down >> 6);
  return {
    id,
    kind,
    isDialled: random.one(2),
    up: isWithout ? 0 : random.below(MOST_BYTES),
    down,
    chunk,
    room: 512 + random.below(MOST_ROOM - 512),
    writePause: kind === "slow" ? 0 : random.below((span * chunk) / (down + chunk)),
    readPause: random.below(span / 16),
    limit: random.one(2) ? 0 : 1 + random.below(span / 4),
    span,
  };
}

function headOf({ id, down, kind, room, chunk, writePause, readPause, limit }: Plan): Buffer {
  const words = Int32Array.of(id, down, ENDINGS[kind] ?? SHUTDOWN, room, chunk, writePause, readPause, limit);
  return Buffer.from(words.buffer);
}

/** What the peer has seen: bytes of the program, and how they ended. */
interface Seen {
  sent: number;
  received: number;
  end: string;
}

/** The peer's side, from the head to the end of the connection. */
export async function converse(peer: Peer, plan: Plan, random: Random): Promise<Seen> {
  const seen: Seen = { sent: 0, received: 0, end: "" };
  if (plan.kind === "stillborn") {
    if (random.one(2)) peer.reset();
    else peer.close();
    return seen;
  }
  await peer.write(headOf(plan));
  if (plan.kind === "early") peer.end();
  if (plan.kind === "slow") await delay(plan.span);
  if (plan.kind === "reset") await resetInTheMidst(peer, plan, random, seen);
  else if (plan.kind === "whole")
    await Promise.all([sendAll(peer, plan, random, seen), receiveAll(peer, plan, random, seen)]);
  else if (plan.kind === "busy")
    await Promise.allSettled([sendAll(peer, plan, random, seen), receiveAll(peer, plan, random, seen)]);
  else {
    await receiveAll(peer, plan, random, seen);
    if (plan.kind === "late" || plan.kind === "slow") await sendAll(peer, plan, random, seen);
  }
  return seen;
}

async function resetInTheMidst(peer: Peer, plan: Plan, random: Random, seen: Seen): Promise<void> {
  const both = Promise.allSettled([
    sendAll(peer, { ...plan, up: random.below(plan.up) }, random, seen, () => {}),
    receiveAll(peer, plan, random, seen),
  ]);
  await delay(random.below(plan.span));
  peer.reset();
  await both;
}

async function sendAll(peer: Peer, plan: Plan, random: Random, seen: Seen, end = () => peer.end()): Promise<void> {
  const { id, up, span } = plan;
  const start = (id * 61) % PERIOD;
  while (seen.sent < up) {
    const count = Math.min(1 + Math.max(random.below(MOST_ROOM), up >> 6), up - seen.sent);
    const from = (start + seen.sent) % PERIOD;
    seen.sent += count;
    await peer.write(pattern.subarray(from, from + count));
    if (random.one(2)) await delay(random.below((span * count) / up));
  }
  end();
}

/** Up to the end; compares every byte. */
async function receiveAll(peer: Peer, plan: Plan, random: Random, seen: Seen): Promise<void> {
  const { id, down, kind, span } = plan;
  const start = (id * 61 + 4999) % PERIOD;
  try {
    for (;;) {
      const wanted = kind === "slow" ? MOST_ROOM : 1 + Math.max(random.below(MOST_ROOM), down >> 6);
      const bytes = await peer.read(wanted);
      const from = (start + seen.received) % PERIOD;
      assert.ok(bytes.equals(pattern.subarray(from, from + bytes.length)), `wrong bytes behind ${seen.received}`);
      seen.received += bytes.length;
      if (bytes.length < wanted) break;
      if (kind !== "slow" && random.one(2)) await delay(random.below((span * wanted) / down));
    }
    seen.end = "end";
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    seen.end = (error as { code: string }).code;
    if (kind !== "busy" && kind !== "reset") throw error;
  }
}

/** Random delays are what this is about: nothing is waited for by them. */
function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/**
 * What arrived, against what had to.
 * @param report the program's: bytes received, bytes sent, how reading and writing ended
 * @param resets how reading may end when the peer has reset the connection
 */
export function check({ kind, up, down }: Plan, seen: Seen, report: string, resets: RegExp): void {
  if (kind === "stillborn") return;
  const [received = NaN, sent = NaN] = report.split(" ").map(Number);
  const [, , readEnd = "", writeEnd = ""] = report.split(" ");
  if (kind === "reset") {
    assert.ok(received <= seen.sent, `${received} of ${seen.sent} bytes`);
    assert.ok(seen.received <= down && sent <= down);
    assert.match(readEnd, resets);
    assert.match(writeEnd, /^(all|ECONNRESET|EPIPE)$/);
  } else if (kind === "busy") {
    assert.ok(received <= seen.sent, `${received} of ${seen.sent} bytes`);
    assert.ok(seen.received <= down, `${seen.received} of ${down} bytes`);
    assert.match(`${sent} ${readEnd} ${writeEnd}`, new RegExp(`^${down} (end|E_CLOSED) all$`));
  } else {
    const ends: Partial<Record<Kind, string>> = { cancelled: "cancelled", closed: "E_CLOSED" };
    assert.equal(report, `${up} ${down} ${ends[kind] ?? "end"} all`);
    assert.deepEqual(seen, { sent: up, received: down, end: "end" });
  }
}
