/** Skynet: a tree of a million leaves, each a fiber that sends its number up through an unbuffered channel. */
import { spawnSync } from "node:child_process";
import { CheckError } from "../check.ts";
import { atMost } from "../claim.ts";
import { contest, type Timing } from "../contest.ts";
import { formatCount, formatNumber, formatOptional } from "../format.ts";
import { compileModule, Guest, guestSource } from "../guest.ts";
import type { Part } from "../part.ts";
import { goFigures } from "../peers/go.ts";
import * as queues from "../peers/queues.ts";

/** The argument that makes the bundled benchmark a process that grows one kind of tree. */
export const SKYNET_ARGUMENT = "--skynet";

const LEAVES = 1_000_000;
const NS_PER_MS = 1e6;

const kinds = ["fibers", "queues", "promises"] as const;
type Kind = (typeof kinds)[number];

export const part: Part = {
  name: "skynet",
  title: "A tree of a million fibers",
  async run() {
    const { file } = await compileModule(guestSource("skynet"));
    const contestant = (kind: Kind) => ({ [kind]: { run: () => growInChild(kind, file) } });
    const options = { samplesPerRound: 1, warmUp: 0 };
    const timings = {
      ...(await contest(contestant("fibers"), { ...options, rounds: 9 })),
      ...(await contest({ ...contestant("queues"), ...contestant("promises") }, { ...options, rounds: 2 })),
    } as Record<Kind, Timing>;
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
            "Each tree is grown in a process of its own, as its second one. A new instance starts with a few pages: the time includes growing its memory, and collections, the first of which begins when half of the initial memory is in use. An async function that returns its sum needs no channel, so only the one with a queue does the same work.",
          ],
        },
      ],
      claims: [atMost(`skynet, ${formatCount(LEAVES)} leaves`, fibers.median / NS_PER_MS, 350, "ms")],
      data: { ...timings, go },
    };
  },
};

/** Grows one tree in a process of its own: what a program has used before, memory and compilers, disturbs the next one in it. */
function growInChild(kind: Kind, file: string): number {
  const script = process.argv[1] as string;
  const child = spawnSync(process.execPath, [script, SKYNET_ARGUMENT, kind, file], { encoding: "utf8" });
  if (child.error || child.status !== 0)
    throw new CheckError(`the process that grows a tree of ${kind} failed:\n${child.stderr}`);
  return Number(child.stdout);
}

/** Runs in such a process: prints the nanoseconds of the second tree; the first has the code optimized. */
export async function runSkynetChild([kind, file]: string[]): Promise<void> {
  const grow: Record<Kind, () => Promise<number>> = {
    fibers: () => growInNewInstance(file as string),
    queues: () => queues.skynet(LEAVES),
    promises: () => queues.skynetByReturn(LEAVES),
  };
  await grow[kind as Kind]();
  process.stdout.write(String(await grow[kind as Kind]()));
}

/** Memory that one tree has needed stays with its instance: each has one of its own. */
async function growInNewInstance(file: string): Promise<number> {
  const guest = await Guest.load(file);
  const time = await guest.call("skynet", LEAVES);
  guest.close();
  return time;
}
