/** `Channel` with a policy for what does not fit: what is kept, what is dropped. Scripts: see test/setup/select-scripts.ts. */
import { describe, expect, test } from "vitest";
import { play } from "../setup/select-scripts.ts";

const SEND_ON_CLOSED =
  "E_CLOSED: cannot send: the channel is closed, and its values go to nobody new; close it when all senders have ended";

describe("overflow: a send that finds the buffer full does not wait, but drops", () => {
  test.each([
    ["the oldest", "2o", ["1.2", "1.4"]],
    ["its own", "2n", ["1.0", "1.1"]],
    ["all but the latest", "0k", ["1.4"]],
    ["all but the latest", "1k", ["1.4"]],
  ])("%s: %s", async (_what, channel, kept) => {
    const dropped = 4 - kept.length;
    const [first, ...others] = kept;
    const said = await play(
      channel,
      "send 0, trySend 0, biased s0 r-, trySend 0, look 0",
      `next 0${", tryNext 0".repeat(kept.length)}, look 0`,
    );
    expect(said).toEqual([
      "1 send: 1.0",
      "1 trySend: 1.1 true",
      "1 wait: 0 s0 1.2",
      "1 trySend: 1.4 true",
      `1 look: ${kept.length} of ${kept.length}, ${dropped} dropped`,
      `2 next: ${first}`,
      ...others.map((value) => `2 tryNext: ${value}`),
      "2 tryNext: nothing",
      `2 look: 0 of ${kept.length}, ${dropped} dropped`,
    ]);
  });

  test.each([
    ["1o", "3.3"],
    ["1n", "3.2"],
    ["k", "3.3"],
  ])("nothing while a fiber waits to receive, directly or in a select: %s", async (channel, kept) => {
    expect(
      await play(
        channel,
        "receive 0",
        "wait r- r0",
        `${"yield, trySend 0".concat(", trySend 0".repeat(3))}, look 0, receive 0`,
      ),
    ).toEqual([
      ...[0, 1, 2, 3].map((n) => `3 trySend: 3.${n} true`),
      "3 look: 1 of 1, 1 dropped",
      `3 receive: ${kept}`,
      "1 receive: 3.0",
      "2 wait: 1 r0 3.1",
    ]);
  });

  test.each(["1o", "1n", "k"])("what is kept outlives close; then sends fail: %s", async (channel) => {
    expect(
      await play(
        channel,
        "trySend 0, close 0, next 0, next 0, poll r0, look 0, trySend 0",
        "yield, wait s0",
        "yield, send 0",
      ),
    ).toEqual([
      "1 trySend: 1.0 true",
      "1 next: 1.0",
      "1 next: end",
      "1 poll: 0 r0 end",
      "1 look: 0 of 1, 0 dropped",
      ...[1, 2, 3].map((fiber) => `${fiber} ended: ${SEND_ON_CLOSED}`),
    ]);
  });
});
