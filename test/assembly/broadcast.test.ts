/** `Broadcast`: every value to every receiver, and exact numbers for those who are slow. */
import { describe, expect, test } from "vitest";
import { guest } from "../setup/guests.ts";
import { loadWatched } from "../setup/watched.ts";

async function call(name: string, ...values: (string | number)[]): Promise<unknown> {
  const app = await loadWatched(guest("news").binary);
  await app.exports["outside"]?.();
  return app.exports[name]?.(...values);
}

const lines = (...list: string[]) => list.join("\n");

test("receivers get what is sent after they were made, in its order, the end last; who waits misses nothing of what wakes it", async () => {
  expect(await call("broadcastToAll")).toBe(
    lines(
      "a 0 missed 0",
      "a 2 missed 1",
      "a 3 missed 0",
      "b 0 missed 0",
      "b 2 missed 1",
      "b 3 missed 0",
      "slow 2 missed 2",
      "slow 3 missed 0",
      "slow nothing missed 0",
      "a last missed 0",
      "a end false 0",
      "b last missed 0",
      "b end false 0",
      "slow last missed 0",
      "slow nothing missed 0",
      "late false true 2",
    ),
  );
});

test.each([
  // Capacity, values, one look after so many: received, missed.
  [4, 40, 10, 16, 24],
  [16, 40, 10, 40, 0],
  [10, 40, 10, 40, 0],
  [9, 40, 10, 36, 4],
  [1, 1000, 3, 333, 666],
  [3, 1000, 7, 426, 568],
  [1000, 5000, 2500, 2000, 3000],
])(
  "of capacity %d: after %d values, with a look after every %d, a receiver has %d, and knows of %d that it has missed",
  async (capacity, count, every, received, missed) => {
    expect(await call("sendToSlow", capacity, count, every)).toBe(`${received} ${missed} 0`);
  },
);

test("a select is told what its receiver has missed before this value", async () => {
  expect(await call("selectSlow")).toBe(
    lines("3 missed 3", "4 missed 0", "5 missed 0", "6 missed 0", "7 missed 0", "8 missed 0", "end missed 0"),
  );
});

test("a receiver that fibers share gives each value to the one that has waited longest; closing it ends their waits only", async () => {
  expect(await call("shareReceiver")).toBe(
    lines("a 1", "c case 1 1; the other true", "e 1", "d 2", "false false done E_CANCELLED: cancelled done done done"),
  );
});

describe("misuse", () => {
  const NO_VALUE =
    "E_NO_VALUE: the receiver has no value for this fiber: value gives what its own last next(), tryNext() or select took, until it waits";
  test.each([
    ["capacity", "E_INVALID_CAPACITY: a broadcast cannot keep 0 values: its capacity is 1 or more"],
    [
      "send",
      "E_CLOSED: cannot send: the broadcast is closed, and its receivers were told the end; close it when all senders have ended",
    ],
    ["receiver", NO_VALUE],
    ["foreign", NO_VALUE],
  ])("%s", async (what, message) => {
    expect(await call("misuse", what)).toBe(message);
  });
});
