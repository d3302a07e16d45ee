/** Skynet: a tree of a million leaves, each a fiber that sends its number up through an unbuffered channel. */
import { atMost } from "../claim.ts";
import { contest, type ContestOptions } from "../contest.ts";
import { formatCount, formatNumber, formatOptional } from "../format.ts";
import { compileModule, Guest, guestSource } from "../guest.ts";
import type { Part } from "../part.ts";
import { goFigures } from "../peers/go.ts";
import * as queues from "../peers/queues.ts";

const LEAVES = 1_000_000;
const NS_PER_MS = 1e6;

const ONE_BY_ONE: ContestOptions = { samplesPerRound: 1, warmUp: 0 };

export const part: Part = {
  name: "skynet",
  title: "A tree of a million fibers",
  async run() {
    const { file } = await compileModule(guestSource("skynet"));
    const timings = {
      ...(await contest({ fibers: { run: () => growInNewInstance(file) } }, { rounds: 9, ...ONE_BY_ONE })),
      // Not in turn with the fibers: what these leave to JavaScript's collector disturbs whoever comes next.
      ...(await contest(
        { queues: { run: () => queues.skynet(LEAVES) }, promises: { run: () => queues.skynetByReturn(LEAVES) } },
        { rounds: 3, ...ONE_BY_ONE },
      )),
    };
    const go = goFigures().skynet;
    const { fibers, queues: channels, promises } = timings;
    const row = (name: string, { median }: { median: number }) => [name, formatNumber(median / NS_PER_MS, "ms")];
    return {
      tables: [
        {
          caption: `ms for ${formatCount(LEAVES)} leaves, ten children each`,
          headers: ["what", "ms"],
          rows: [
            row("as-fibers: go and Channel, a new instance each time", fibers),
            row("async functions and a queue", channels),
            row("async functions that return their sum", promises),
            ["Go: go and chan", formatOptional(go === undefined ? undefined : go / NS_PER_MS, "ms")],
          ],
          notes: [
            "A new instance starts with a few pages: the time includes growing its memory, and collections, the first of which begins when half of the initial memory is in use. An async function that returns its sum needs no channel, so only the one with a queue does the same work.",
          ],
        },
      ],
      claims: [atMost(`skynet, ${formatCount(LEAVES)} leaves`, fibers.median / NS_PER_MS, 350, "ms")],
      data: { ...timings, go },
    };
  },
};

/** Memory that one tree has needed stays with its instance: each has one of its own. */
async function growInNewInstance(file: string): Promise<number> {
  const guest = await Guest.load(file);
  const time = await guest.call("skynet", LEAVES);
  guest.close();
  return time;
}
