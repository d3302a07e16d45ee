/**
 * Many connections at once that pause, end a half, are reset, read slowly, or are closed under their readers, on every driver with real sockets.
 * Every byte that has to arrive arrives, once and in order; afterwards nothing is left: no descriptor, timer, operation, fiber or memory.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { type App, type Driver, load } from "as-fibers";
import { Opcode, type Operation, PENDING } from "../../host/abi.ts";
import { check, converse, planOne } from "../setup/chaos-peer.ts";
import { guest } from "../setup/guests.ts";
import { Loopback } from "../setup/loopback.ts";
import { Random } from "../setup/random.ts";
import { type RealDriver, realDrivers } from "../setup/real-drivers.ts";
import type { Peer } from "../setup/world.ts";
import type { Workload } from "./workload.ts";

/** Conversations at the same time, at most. */
const AT_ONCE = 2_000;
/** Conversations of which each one is short. */
const FEW = 1_000;
/** Milliseconds that a conversation takes, about. */
const SPAN = { short: 1_000, long: 10_000 };
/** Milliseconds in which what was closed is closed. */
const PATIENCE = 10_000;
/** Bytes of the program's tables for as many fibers and operations as there were at once. */
const LEFT_PER_CONVERSATION = 600;

/** One entry for each, on Linux. */
const DESCRIPTORS = "/proc/self/fd";
/** How reading may end when the peer has reset the connection. libuv takes a reset that comes together with bytes for an end. */
const RESETS = { node: /^(ECONNRESET|end)$/, epoll: /^ECONNRESET$/, poll: /^ECONNRESET$/ };

/** In the order of `realDrivers`. */
export const chaos: readonly Workload[] = realDrivers.map((driver) => ({
  name: `chaos: connections on ${driver.name}`,
  unit: "conversations",
  suite: 150,
  soak: 12_000,
  async run(count, seed) {
    // What is made once and kept, by Node or by the system, is made here.
    await hold(driver, Math.min(count, 10), seed);
    const before = openNow();
    await hold(driver, count, seed);
    await untilSo(() => isNoMore(openNow(), before));
    const after = openNow();
    assert.ok(isNoMore(after, before), `left open: ${JSON.stringify(after)}, before: ${JSON.stringify(before)}`);
  },
}));

/** All conversations, and what is left of them in the program. */
async function hold(real: RealDriver, count: number, seed: number): Promise<void> {
  const driver = await real.make();
  const ledger = keepLedger(driver);
  const network = new Loopback();
  const app = await load(guest("chaos").binary, { driver });
  try {
    const port = Number(await app.exports["begin"]?.());
    app.collect();
    const bytes = app.liveBytes;
    const span = count > FEW ? SPAN.long : SPAN.short;
    let next = 0;
    const conversations = async () => {
      for (let id = next++; id < count; id = next++) {
        // Each its own: what one does must not depend on how fast the others are.
        const random = new Random(seed * 31 + id);
        const plan = planOne(id, span, random);
        try {
          await pauseBefore(random, span);
          const peer = await (plan.isDialled ? dialled(app, network) : network.connect(port));
          const [seen, report] = await Promise.all([
            converse(peer, plan, random),
            plan.kind === "stillborn" ? "" : app.exports["ended"]?.(id),
          ]);
          check(plan, seen, String(report), RESETS[real.name]);
          peer.close();
        } catch (cause) {
          throw new Error(`seed ${seed}, conversation ${JSON.stringify(plan)}`, { cause });
        }
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, conversations));
    await untilSo(() => app.fibers().length === 1 && ledger.pending.size === 1);
    assert.deepEqual(
      app.fibers().map(({ name, reason }) => ({ name, reason })),
      [{ name: "server", reason: "accept" }],
    );
    assert.deepEqual(
      [...ledger.pending].map(({ opcode }) => opcode),
      [Opcode.ACCEPT],
    );
    assert.equal(ledger.deadline, Infinity);
    assert.deepEqual(app.warnings, []);
    app.collect();
    const left = app.liveBytes - bytes;
    assert.ok(left < LEFT_PER_CONVERSATION * Math.min(AT_ONCE, count), `seed ${seed}: ${left} bytes are left`);
  } finally {
    await app.close();
    await network.close();
  }
  assert.equal(ledger.pending.size, 0);
}

/** A connection that the program makes: to a listener of its own, so that it is known which one it is. */
async function dialled(app: App, network: Loopback): Promise<Peer> {
  const outside = await network.listen();
  const [peer, error] = await Promise.all([outside.accept(), app.exports["dial"]?.(outside.port)]);
  assert.equal(error, "");
  await outside.close();
  return peer;
}

function pauseBefore(random: Random, span: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, random.below(span / 4)));
}

/** What a driver has in its hands. */
interface Ledger {
  pending: ReadonlySet<Operation>;
  deadline: number;
}

/** Notes what goes in and out of a driver. */
function keepLedger(driver: Driver): Ledger {
  const pending = new Set<Operation>();
  const ledger = { pending, deadline: Infinity };
  const { open, submit, cancel, arm } = driver;
  driver.open = (sink) => {
    open.call(driver, {
      turn: () => sink.turn(),
      complete(operation, outcome, detail) {
        assert.ok(pending.delete(operation), `operation ${operation.opcode} has ended twice, or was never pending`);
        if (typeof outcome === "number") return sink.complete(operation, outcome, detail);
        const take = (into: Uint8Array) => {
          const result = outcome.take(into);
          if (result === PENDING) pending.add(operation);
          return result;
        };
        sink.complete(operation, { take }, detail);
      },
    });
  };
  driver.submit = (operation, bytes) => {
    const result = submit.call(driver, operation, bytes);
    if (result === PENDING) pending.add(operation);
    return result;
  };
  driver.cancel = (operation) => {
    pending.delete(operation);
    cancel.call(driver, operation);
  };
  driver.arm = (deadline) => {
    ledger.deadline = deadline;
    arm.call(driver, deadline);
  };
  return ledger;
}

/** Descriptors, and what Node's event loop waits for, by kind. */
function openNow(): Record<string, number> {
  const counts: Record<string, number> = {};
  if (existsSync(DESCRIPTORS)) counts["descriptors"] = readdirSync(DESCRIPTORS).length;
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function isNoMore(now: Record<string, number>, before: Record<string, number>): boolean {
  return Object.keys(now).every((kind) => (now[kind] ?? 0) <= (before[kind] ?? 0));
}

/** Waits until the event loop has brought it about, or for long enough. */
async function untilSo(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!condition() && performance.now() < deadline) await new Promise(setImmediate);
}
