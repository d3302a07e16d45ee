/** What fibers say to each other: a select among ready channels, a mutex, an event for a million, and there and back over two channels. */
import { atMost, atMostTimes } from "../claim.ts";
import { contest, type Timing } from "../contest.ts";
import { formatCount, formatNumber, formatOptional } from "../format.ts";
import { Guest } from "../guest.ts";
import type { Part } from "../part.ts";
import * as effects from "../peers/effects.ts";
import { goFigures } from "../peers/go.ts";
import * as queues from "../peers/queues.ts";

const COUNT = 200_000;
const WAITERS = 1_000_000;
const NS_PER_MS = 1e6;

export const part: Part = {
  name: "vocabulary",
  title: "Select, mutex, event, two channels",
  async run() {
    const guest = await Guest.compile("vocabulary");
    const switches = await Guest.compile("switch");
    const timings = await contest(
      {
        switch: { run: () => switches.call("switching", 2, COUNT / 2) },
        select: { run: () => guest.call("selecting", COUNT / 2) },
        lock: { run: () => guest.call("locking", COUNT * 10) },
        switchHolding: { run: () => guest.call("switching", COUNT / 2) },
        handOff: { run: () => guest.call("handingOff", COUNT / 2) },
        pingPong: { run: () => guest.call("pingPong", COUNT / 2) },
        queuePingPong: { run: () => queues.pingPong(COUNT / 10) },
        effectPingPong: { run: () => effects.pingPong(COUNT / 20) },
        effectLock: { run: () => effects.locking(COUNT / 10) },
        effectHandOff: { run: () => effects.handingOff(COUNT / 20) },
      },
      { rounds: 10 },
    );
    const { event } = await contest(
      { event: { run: () => guest.call("waking", WAITERS) } },
      { rounds: 5, samplesPerRound: 1, warmUp: 0 },
    );
    guest.close();
    switches.close();
    const go = goFigures();
    const ns = (timing: Timing | number | undefined) =>
      formatOptional(typeof timing === "object" ? timing.median : timing, "ns");
    return {
      tables: [
        {
          caption: "ns, by one fiber, or from one to the other",
          headers: ["what", "as-fibers", "promises", "Effect", "Go"],
          rows: [
            ["select of 3 channels that are ready", ns(timings.select), "", "", ns(go["select"])],
            ["lock and unlock, uncontended", ns(timings.lock), "", ns(timings.effectLock), ns(go["lock"])],
            ["hand-off of a mutex", ns(timings.handOff), "", ns(timings.effectHandOff), ""],
            [
              "there and back over two channels",
              ns(timings.pingPong),
              ns(timings.queuePingPong),
              ns(timings.effectPingPong),
              ns(go["ping-pong"]),
            ],
            ["for comparing: a switch", ns(timings.switch), "", "", ""],
            ["a switch of fibers that hold a reference", ns(timings.switchHolding), "", "", ""],
          ],
          notes: [
            "A fiber that waits for a mutex holds a reference to it, which its switch saves and tells the collector of. Effect has no mutex: its semaphore of one permit stands there. Nor has it a queue without a buffer: one of 1. A permit of Effect's is handed off by a fiber that yields while it holds it, so that the other one waits.",
          ],
        },
        {
          caption: `${formatCount(WAITERS)} fibers that wait for one event`,
          headers: ["what", "ms"],
          rows: [["set, until all have run to their end", formatNumber(event.median / NS_PER_MS, "ms")]],
        },
      ],
      claims: [
        atMost("select of 3 ready", timings.select.median, 90, "ns"),
        atMost("lock and unlock", timings.lock.median, 8, "ns"),
        atMostTimes(
          "hand-off of a mutex",
          timings.handOff.median,
          1.5,
          { name: "switch", measured: timings.switch.median },
          "ns",
        ),
        atMost(`event for ${formatCount(WAITERS)}`, event.median / NS_PER_MS, 60, "ms"),
        atMost("ping-pong over two channels", timings.pingPong.median, 150, "ns"),
      ],
      data: { ...timings, event },
    };
  },
};
