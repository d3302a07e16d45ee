/** What starting and cancelling a timer costs while 100,000 others run. */
import { checkEqual } from "../check.ts";
import { contest } from "../contest.ts";
import { formatNumber, formatOptional } from "../format.ts";
import { Guest } from "../guest.ts";
import type { Part } from "../part.ts";
import { goFigures } from "../peers/go.ts";
import * as promises from "../peers/promises.ts";

const OTHERS = 100_000;
const COUNT = 50_000;

export const part: Part = {
  name: "timer",
  title: "Timers that are cancelled",
  async run() {
    const alone = await Guest.compile("timer");
    const crowded = await Guest.compile("timer");
    checkEqual("sleeping fibers", await crowded.call("fallAsleep", OTHERS), OTHERS);
    const timings = await contest({
      timerAlone: { run: () => alone.call("startAndStop", COUNT) },
      timer: { run: () => crowded.call("startAndStop", COUNT) },
      node: { run: () => promises.startAndClear(OTHERS, COUNT) },
      cancelAlone: { run: () => alone.call("cancelAsleep", COUNT) },
      cancel: { run: () => crowded.call("cancelAsleep", COUNT) },
    });
    alone.close();
    crowded.close();
    const go = goFigures().timer;
    const { timerAlone, timer, node, cancelAlone, cancel } = timings;
    return {
      tables: [
        {
          caption: "ns per start and cancel of one timer of an hour or two",
          headers: ["what", "no others", "100,000 others"],
          rows: [
            ["as-fibers: the timer alone", formatNumber(timerAlone.median, "ns"), formatNumber(timer.median, "ns")],
            [
              "as-fibers: go, sleep, cancel, tryJoin",
              formatNumber(cancelAlone.median, "ns"),
              formatNumber(cancel.median, "ns"),
            ],
            ["Node: setTimeout, clearTimeout", "-", formatNumber(node.median, "ns")],
            ["Go: time.AfterFunc, Stop", "-", formatOptional(go, "ns")],
          ],
        },
      ],
      claims: [],
      data: { ...timings, go },
    };
  },
};
