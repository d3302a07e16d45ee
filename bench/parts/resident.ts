/**
 * How much memory a fiber needs that only waits: the growth of a process's resident memory by a million of them, divided by their number.
 *
 * Each kind is measured in a process of its own, `bench.js --resident <kind>`, after collections before and after.
 */
import { spawnSync } from "node:child_process";
import { CheckError, checkEqual } from "../check.ts";
import { atMost } from "../claim.ts";
import { formatNumber, formatOptional } from "../format.ts";
import { compileModule, Guest, guestSource } from "../guest.ts";
import type { Part } from "../part.ts";
import { goFigures } from "../peers/go.ts";
import * as promises from "../peers/promises.ts";

/** The argument that makes the bundled benchmark such a process. */
export const RESIDENT_ARGUMENT = "--resident";

const COUNT = 1_000_000;
const WARM_UP = 1_000;

const kinds = ["fibers parked", "fibers sleeping", "await parked", "await sleeping"] as const;
type Kind = (typeof kinds)[number];

/** What such a process prints. */
interface Growth {
  /** Resident bytes of the process, each. */
  resident: number;
  /** Bytes of WebAssembly memory, each; 0 for JavaScript. */
  wasmMemory: number;
}

export const part: Part = {
  name: "resident",
  title: "Memory of a fiber that waits",
  async run() {
    const { file } = await compileModule(guestSource("resident"));
    const growth = Object.fromEntries(kinds.map((kind) => [kind, measureInChild(kind, file)])) as Record<Kind, Growth>;
    const go = goFigures();
    const bytes = (kind: Kind) => formatNumber(growth[kind].resident, "bytes");
    const memory = (kind: Kind) => formatNumber(growth[kind].wasmMemory, "bytes");
    return {
      tables: [
        {
          caption: "Resident bytes each, of 1,000,000",
          headers: ["waits", "as-fibers", "(Wasm memory)", "await", "Go"],
          rows: [
            [
              "parked (join)",
              bytes("fibers parked"),
              memory("fibers parked"),
              bytes("await parked"),
              formatOptional(go["parked bytes"], "bytes"),
            ],
            [
              "sleeping",
              bytes("fibers sleeping"),
              memory("fibers sleeping"),
              bytes("await sleeping"),
              formatOptional(go["sleeping bytes"], "bytes"),
            ],
          ],
          notes: [
            "Two live i32 each, one name for all. Wasm memory is what the module has reserved: AssemblyScript doubles it, and untouched pages are not resident.",
          ],
        },
      ],
      claims: [
        atMost("resident, parked fiber", growth["fibers parked"].resident, 176, "bytes"),
        atMost("resident, sleeping fiber", growth["fibers sleeping"].resident, 208, "bytes"),
      ],
      data: { ...growth, go: { parked: go["parked bytes"], sleeping: go["sleeping bytes"] } },
    };
  },
};

function measureInChild(kind: Kind, file: string): Growth {
  const script = process.argv[1] as string;
  const child = spawnSync(process.execPath, ["--expose-gc", script, RESIDENT_ARGUMENT, kind, file], {
    encoding: "utf8",
  });
  if (child.error || child.status !== 0)
    throw new CheckError(`the process that measures "${kind}" failed:\n${child.stderr}`);
  return JSON.parse(child.stdout) as Growth;
}

/** Runs in such a process: prints the growth as JSON. The timers of its sleepers would keep the process: the caller must exit. */
export async function runResidentChild([kind, file]: string[]): Promise<void> {
  const guest = await Guest.load(file as string);
  const start: Record<Kind, (count: number) => Promise<number> | number> = {
    "fibers parked": (count) => guest.call("park", count),
    "fibers sleeping": (count) => guest.call("fallAsleep", count),
    "await parked": promises.park,
    "await sleeping": promises.fallAsleep,
  };
  const collect = () => {
    guest.app.collect();
    globalThis.gc?.();
  };
  checkEqual("waiting", await start[kind as Kind](WARM_UP), WARM_UP);
  collect();
  const before = { resident: process.memoryUsage.rss(), wasmMemory: guest.app.memory.buffer.byteLength };
  checkEqual("waiting", await start[kind as Kind](COUNT), COUNT);
  collect();
  const growth: Growth = {
    resident: (process.memoryUsage.rss() - before.resident) / COUNT,
    wasmMemory: (guest.app.memory.buffer.byteLength - before.wasmMemory) / COUNT,
  };
  process.stdout.write(JSON.stringify(growth));
}
