/** What a fiber costs that fails, and whose failure is looked at. */
import { atMost } from "../claim.ts";
import { contest } from "../contest.ts";
import { formatNumber, formatOptional } from "../format.ts";
import { Guest } from "../guest.ts";
import type { Part } from "../part.ts";
import { goFigures } from "../peers/go.ts";
import * as promises from "../peers/promises.ts";

const COUNT = 10_000;

export const part: Part = {
  name: "failure",
  title: "A fiber that fails",
  async run() {
    const guest = await Guest.compile("failure");
    const timings = await contest({
      fiber: { run: () => guest.call("failing", COUNT) },
      rejection: { run: () => promises.rejecting(COUNT) },
    });
    guest.close();
    const go = goFigures().panic;
    const { fiber, rejection } = timings;
    return {
      tables: [
        {
          caption: "ns per failure that somebody looks at",
          headers: ["what", "ns"],
          rows: [
            ["as-fibers: go, fail, tryJoin, error", formatNumber(fiber.median, "ns")],
            ["await of a rejected async function, catch", formatNumber(rejection.median, "ns")],
            ["Go: go, panic, recover", formatOptional(go, "ns")],
          ],
          notes: ["Both of the first two keep a stack: as saved frames, and as the Error's stack."],
        },
      ],
      claims: [atMost("failing fiber, with tryJoin", fiber.median, 1500, "ns")],
      data: { ...timings, go },
    };
  },
};
