/** What a message through a channel costs: one fiber sends, one receives. */
import { atMost } from "../claim.ts";
import { contest } from "../contest.ts";
import { formatNumber, formatOptional } from "../format.ts";
import { Guest } from "../guest.ts";
import type { Part } from "../part.ts";
import * as effects from "../peers/effects.ts";
import { goFigures } from "../peers/go.ts";
import * as queues from "../peers/queues.ts";

const COUNT = 200_000;
const CAPACITY = 128;

export const part: Part = {
  name: "channel",
  title: "A message through a channel",
  async run() {
    const guest = await Guest.compile("channel");
    const timings = await contest(
      {
        next: { run: () => guest.call("next", 0, COUNT) },
        receive: { run: () => guest.call("receive", 0, COUNT) },
        nextBuffered: { run: () => guest.call("next", CAPACITY, COUNT) },
        receiveBuffered: { run: () => guest.call("receive", CAPACITY, COUNT) },
        queue: { run: () => queues.passing(0, COUNT / 4) },
        queueBuffered: { run: () => queues.passing(CAPACITY, COUNT / 4) },
        effectBuffered: { run: () => effects.passing(CAPACITY, COUNT / 10) },
      },
      { rounds: 10 },
    );
    guest.close();
    const go = goFigures();
    const row = (name: string, unbuffered: string, buffered: string) => [name, unbuffered, buffered];
    const ns = (timing: { median: number }) => formatNumber(timing.median, "ns");
    return {
      tables: [
        {
          caption: "ns per message from one fiber to another, each checked by the receiver",
          headers: ["what", "unbuffered", `buffer of ${CAPACITY}`],
          rows: [
            row("as-fibers: Channel, receive", ns(timings.receive), ns(timings.receiveBuffered)),
            row("as-fibers: Channel, next and value", ns(timings.next), ns(timings.nextBuffered)),
            row("async functions and a queue", ns(timings.queue), ns(timings.queueBuffered)),
            row("Effect: Queue.bounded", formatOptional(undefined, "ns"), ns(timings.effectBuffered)),
            row(
              "Go: chan",
              formatOptional(go["channel unbuffered"], "ns"),
              formatOptional(go["channel buffered"], "ns"),
            ),
          ],
          notes: [
            "The queue awaits only when it must: through a buffer that is not full, a message costs no promise. The claims are judged against the slower of receive and next.",
          ],
        },
      ],
      claims: [
        atMost("message, unbuffered", Math.max(timings.next.median, timings.receive.median), 75, "ns"),
        atMost(
          `message, buffer of ${CAPACITY}`,
          Math.max(timings.nextBuffered.median, timings.receiveBuffered.median),
          20,
          "ns",
        ),
      ],
      data: { ...timings, go: { unbuffered: go["channel unbuffered"], buffered: go["channel buffered"] } },
    };
  },
};
