/** What a fiber costs from its start to its join. */
import { atMost, atMostTimes } from "../claim.ts";
import { contest } from "../contest.ts";
import { formatNumber, formatOptional } from "../format.ts";
import { Guest } from "../guest.ts";
import type { Part } from "../part.ts";
import * as effects from "../peers/effects.ts";
import { goFigures } from "../peers/go.ts";
import * as promises from "../peers/promises.ts";

const COUNT = 50_000;

export const part: Part = {
  name: "spawn",
  title: "Start, run and join",
  async run() {
    const guest = await Guest.compile("spawn");
    const timings = await contest(
      {
        fiber: { run: () => guest.call("returning", COUNT) },
        yielding: { run: () => guest.call("yielding", COUNT) },
        call: { run: () => promises.calling(COUNT) },
        waiting: { run: () => promises.callingWaiting(COUNT) },
        effect: { run: () => effects.forkJoin(COUNT / 10) },
      },
      { rounds: 10 },
    );
    guest.close();
    const go = goFigures().spawn;
    const { fiber, yielding, call, waiting, effect } = timings;
    const row = (name: string, timing: { median: number }) => [name, formatNumber(timing.median, "ns")];
    return {
      tables: [
        {
          caption: "ns from start to join, one after the other",
          headers: ["what", "ns"],
          rows: [
            row("as-fibers: spawn(f, i).join()", fiber),
            row("as-fibers: the same, f yields once", yielding),
            row("await f(i), f awaits nothing", call),
            row("await f(i), f awaits once", waiting),
            row("Effect: forkChild, join", effect),
            ["Go: go, receive from a channel", formatOptional(go, "ns")],
          ],
          notes: [
            'An async function that awaits nothing runs inside the call: no second thread of control ever exists. The one that awaits once is the closer peer. The claim is judged against both: "await" is the first, "waiting" the second.',
          ],
        },
      ],
      claims: [
        atMost("spawn, run and join", fiber.median, 150, "ns"),
        atMostTimes("spawn, run and join", fiber.median, 0.6, { name: "await", measured: call.median }, "ns"),
        atMostTimes("spawn, run and join", fiber.median, 0.6, { name: "waiting", measured: waiting.median }, "ns"),
      ],
      data: { ...timings, go },
    };
  },
};
