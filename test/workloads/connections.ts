/** Very many connections at once, over real sockets: each has a request that waits for its answer, all of them at the same time. */
import assert from "node:assert/strict";
import { load } from "as-fibers";
import { Child } from "../../bench/child.ts";
import type { answers } from "../../bench/clients/client.mjs";
import { guest } from "../setup/guests.ts";
import { type RealDriver, realDrivers } from "../setup/real-drivers.ts";
import type { Workload } from "./workload.ts";

/** Milliseconds in which so many requests can be sent and read, many times over. */
const delayOf = (count: number) => Math.max(1500, count);

/** One for each driver, the driver `node` first. */
export const heldConnections: readonly Workload[] = realDrivers.map((driver) => ({
  name: `connections: all wait at the same time, on ${driver.name}`,
  unit: "connections",
  suite: 500,
  soak: 10_000,
  run: (count) => hold(driver, count),
}));

async function hold({ make }: RealDriver, count: number): Promise<void> {
  const app = await load(guest("connections").binary, { driver: await make() });
  const call = (name: string, ...values: number[]) => app.exports[name]?.(...values);
  // A process of its own: one alone may not open so many sockets twice.
  const client = new Child<typeof answers>("bench/clients/client.mjs");
  const delay = delayOf(count);
  try {
    const port = Number(await call("listen", count));
    const asking = client.ask("get", { port, connections: count, count, delay });
    const [ended] = await Promise.all([
      asking,
      (async () => {
        assert.equal(await Promise.race([call("untilFull"), asking]), count);
        const asleep = app.fibers().filter(({ name, reason }) => name === "connection" && reason === "sleep");
        assert.equal(asleep.length, count);
        // Asked after all were seen to wait: so none was answered before.
        assert.equal(await client.ask("answered"), 0);
      })(),
    ]);
    // The client has compared every byte.
    assert.ok(ended.latency.least >= delay, `an answer came after ${ended.latency.least} of ${delay} ms`);
    assert.equal(await call("untilEmpty"), count);
    assert.deepEqual(
      app.fibers().map(({ name, reason }) => ({ name, reason })),
      [{ name: "server", reason: "accept" }],
    );
    assert.deepEqual(app.warnings, []);
  } finally {
    await client.end();
    await app.close();
  }
}
