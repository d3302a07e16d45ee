/** What frames between a fiber's entry and its yield cost: each is saved and restored by a switch. */
import { contest } from "../contest.ts";
import { formatNumber } from "../format.ts";
import { Guest } from "../guest.ts";
import type { Part } from "../part.ts";
import * as generators from "../peers/generators.ts";
import * as promises from "../peers/promises.ts";

const DEPTHS = [1, 4, 16, 64];

export const part: Part = {
  name: "depth",
  title: "A switch from below some frames",
  async run() {
    const guest = await Guest.compile("depth");
    const rows: string[][] = [];
    const data: Record<string, unknown> = {};
    for (const depth of DEPTHS) {
      const rounds = Math.round(100_000 / (depth + 3));
      const timings = await contest(
        {
          plain: { run: () => guest.call("plain", depth, rounds) },
          holding: { run: () => guest.call("holding", depth, rounds) },
          generator: { run: () => generators.deep(depth, rounds) },
          await: { run: () => promises.deep(depth, rounds) },
        },
        { warmUp: 100 },
      );
      const { plain, holding, generator, await: awaited } = timings;
      rows.push([
        String(depth),
        ...[plain, holding, generator, awaited].map(({ median }) => formatNumber(median, "ns")),
      ]);
      data[depth] = timings;
    }
    guest.close();
    return {
      tables: [
        {
          caption: "ns per switch of 2 fibers, by frames between entry and yield",
          headers: ["frames", "0 managed", "6 managed", "yield*", "await"],
          rows,
          notes: [
            "Managed: references to objects that the collector must find, held by every frame; their contents are checked afterwards. An await leaves only the innermost function, whatever called it.",
          ],
        },
      ],
      claims: [],
      data,
    };
  },
};
